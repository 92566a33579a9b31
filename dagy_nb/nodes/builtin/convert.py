"""A value of one type in, the same as a value of another type out, or an error that says why not."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from dagy_nb.errors import ContractError
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.nodes.builtin.conversions import convert_value
from dagy_nb.nodes.config import NodeConfig
from dagy_nb.nodes.values import check_value


class Convert(FlowNode, register=False):
    """Turns a value into one of another type.

    | to | from |
    | --- | --- |
    | TEXT | anything: numbers, dates, JSON as JSON text, tables as CSV, files and bytes by their content |
    | INTEGER, NUMBER | each other, text, truth values; a fraction is refused unless `rounding` allows it |
    | BOOLEAN | 0 and 1, `true`/`false`, `yes`/`no`, `on`/`off` |
    | DATETIME | ISO text, seconds since the epoch |
    | JSON, LIST | tables as records, arrays, JSON text, files by their JSON content |
    | TABLE | records, a mapping of columns, arrays, files (CSV, Parquet, JSON) |
    | ARRAY | lists, tables |
    | FILE | text as a path |
    | BINARY | text, files |
    """

    category = "Control"
    passes_values = True
    icon = "convert"
    tags = ("cast", "coerce", "type", "parse", "round", "records")

    value = Input(DataType.ANY, description="What is to be turned into another type.")
    converted = Output(DataType.ANY, description="The value as `to` says.")
    error = Output(DataType.ERROR, description="Why the value cannot become that.")

    class Config(NodeConfig):
        """What it becomes."""

        to: Literal[
            "TEXT", "INTEGER", "NUMBER", "BOOLEAN", "DATETIME", "JSON", "LIST", "TABLE", "ARRAY", "FILE",
            "BINARY", "OBJECT", "ANY",
        ] = Field(title="To", description="The data type of the result.")  # fmt: skip
        rounding: Literal["strict", "nearest", "down", "up"] = Field(
            "strict",
            title="Fractions",
            description="Where a number with a fraction becomes INTEGER: refuse it (`strict`), or round.",
        )
        encoding: str = Field("utf-8", title="Encoding", description="Of texts in files and bytes.")
        column: str = Field(
            "",
            title="Column",
            description="Where a table becomes LIST or ARRAY: only this column. Where a list of plain values "
            "becomes TABLE: its name.",
        )
        package: Literal["installed", "pandas", "polars", "pyarrow"] = Field(
            "installed",
            title="Package",
            description="Of what becomes TABLE and is none yet; `installed`: the first of them that is.",
        )

    def execute(self, value: Any) -> dict[str, Any]:
        """Convert, and check that the result is what was asked for."""
        config, to = self.config, DataType(self.config.to)
        made = convert_value(
            value,
            to,
            rounding=config.rounding,
            encoding=config.encoding,
            column=config.column,
            package=config.package if config.package != "installed" else "",
        )
        why_not = check_value(made, [to])
        if why_not is not None:
            raise ContractError(
                f"The value did not become {to}: {why_not}",
                code="contract.wrong_type",
                connector="converted",
                expected=to,
                got=type(made).__name__,
            )
        return {"converted": made}

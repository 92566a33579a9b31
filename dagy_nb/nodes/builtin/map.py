"""A list or the parts of a table in, what another node makes of each of them out, in the same order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from dagy_nb.errors import RunFailed
from dagy_nb.model.connector import Cardinality, Name
from dagy_nb.model.datatype import DataType
from dagy_nb.model.event import ErrorFact
from dagy_nb.model.flow import FlowSpec, NodeEntry
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.model.spec import NodeSpec
from dagy_nb.model.state import NodeState
from dagy_nb.nodes.base import Input, Output
from dagy_nb.nodes.builtin.catch import describe_error
from dagy_nb.nodes.builtin.containers import make_table
from dagy_nb.nodes.builtin.elements import (
    ITEM,
    choose_inputs,
    list_elements,
    name_elements,
    read_value,
    refuse_missing,
)
from dagy_nb.nodes.composite import (
    CompositeNode,
    Expansion,
    GivenInputs,
    InnerNode,
    InnerResult,
    find_inside,
)
from dagy_nb.nodes.config import NodeConfig
from dagy_nb.nodes.context import ExecutionContext
from dagy_nb.nodes.tables import join_tables

OPTIONS = ("timeout", "runner", "retries", "retry", "memory_mb")


class Map(CompositeNode, register=False):
    """Runs another node once for each item of a list, or for each part of a table, several at a time.

    The results keep the order of the items, whatever ends first. Each item is a node run of its own
    (`item_0001` …) in a run inside this node, with the limit, retries and runner of its node type.
    """

    category = "Control"
    icon = "map"
    tags = ("for each", "loop", "fan out", "parallel", "partition", "reduce")
    nests_in_itself: ClassVar[bool] = True

    items = Input(
        DataType.ANY,
        description="A list, an array, or a table with `partition_by` or `partition_size`.",
    )
    shared = Input(
        DataType.ANY,
        cardinality=Cardinality.OPTIONAL,
        description="A value that every item gets beside its own.",
    )
    results = Output(
        DataType.LIST,
        DataType.OBJECT,
        DataType.TABLE,
        description="One result for each item, in order; one table where `combine` is `table`.",
    )
    errors = Output(
        DataType.LIST,
        description="Of each item that failed: index, type, code, message, node, attempt, traceback.",
    )
    error = Output(DataType.ERROR, description="Why the Map as a whole failed.")

    class Config(NodeConfig):
        """What runs for each item."""

        node: Name = Field(
            title="Node type",
            description="Name of the node type to run for each item.",
            json_schema_extra={"format": "node_type"},
        )
        node_config: FrozenMap = Field(
            FrozenMap(),
            title="Its config",
            description="Config values of that node type.",
            json_schema_extra={"x-config-of": "node"},
        )
        node_options: FrozenMap = Field(
            FrozenMap(),
            title="Its options",
            description=f"Options over those of the node type: {', '.join(OPTIONS)}.",
        )
        input: str = Field(
            "",
            title="Input of the item",
            description="Which input takes the item; empty: the only required one.",
        )
        shared_input: str = Field(
            "",
            title="Input of the shared value",
            description="Which input takes `shared`; empty: the only other one.",
        )
        parallel: int = Field(
            8, ge=1, le=1_000, title="At a time", description="How many items run at a time."
        )
        on_error: Literal["raise", "drop", "include"] = Field(
            "raise",
            title="If items fail",
            description="`raise`: this node fails, once all items have ended; `drop`: they are left out of "
            "`results`; `include`: their error stands in their place. `errors` tells them either way.",
        )
        combine: Literal["list", "table"] = Field(
            "list",
            title="Combine to",
            description="A list of the results, or one table of their rows.",
        )
        partition_by: str = Field(
            "",
            title="Partition by column",
            description="For a table: the rows with the same value in this column are one item.",
        )
        partition_size: int | None = Field(
            None,
            ge=1,
            title="Partition by rows",
            description="For a table: so many rows are one item; for a list: so many of its items.",
        )

        @field_validator("node_options")
        @classmethod
        def _check_options(cls, options: FrozenMap) -> FrozenMap:
            unknown = sorted(set(options) - set(OPTIONS))
            if unknown:
                raise ValueError(
                    f"there is no option {unknown[0]!r}; there are {', '.join(OPTIONS)}"
                )
            try:
                NodeEntry(id=ITEM, type=ITEM, **options)
            except ValidationError as error:
                problem = error.errors(include_input=False, include_url=False)[0]
                raise ValueError(f"{problem['loc'][0]}: {problem['msg']}") from None
            return options

        @model_validator(mode="after")
        def _check_partition(self) -> Map.Config:
            if self.partition_by and self.partition_size is not None:
                raise ValueError("give partition_by or partition_size, not both")
            if self.combine == "table" and self.on_error == "include":
                raise ValueError("errors cannot stand in a table: choose on_error drop or raise")
            return self

    @classmethod
    def inner_flow(cls, config: Mapping[str, Any]) -> FlowSpec:
        """Return the flow of one node of which each item runs a copy."""
        item = NodeEntry(
            id=ITEM,
            type=config["node"],
            config=FrozenMap(config.get("node_config", {})),
            **dict(config.get("node_options", {})),
        )
        return FlowSpec.model_validate({"name": f"map_{config['node']}"[:100], "nodes": (item,)})

    @classmethod
    def given_inputs(cls, config: Mapping[str, Any], specs: Mapping[str, NodeSpec]) -> GivenInputs:
        """Return the input of the item and that of the shared value."""
        if ITEM not in specs:
            return {}
        names = choose_inputs(specs[ITEM], config.get("input", ""), config.get("shared_input", ""))
        return {(ITEM, name): (DataType.ANY,) for name in names if name}

    def execute(self, context: ExecutionContext, items: Any, shared: Any) -> dict[str, Any]:
        """Run all items and put together what they gave."""
        config = self.config
        elements = list_elements(
            items, by=config.partition_by, size=config.partition_size, combine=config.combine
        )
        if not elements:
            return {"results": self._combine([]), "errors": []}
        inside = find_inside("Map")
        spec = inside.specs[ITEM]
        own, common = choose_inputs(spec, config.input, config.shared_input)
        if shared is None:
            refuse_missing(spec, common)
        given = [_give(spec, own, each, common, shared) for each in elements]
        ids = name_elements(len(elements))
        result = inside.run(
            Expansion(
                given=dict(zip(ids, given, strict=True)),
                copies=dict.fromkeys(ids, ITEM),
                parallel=config.parallel,
                catches=config.on_error != "raise",
            )
        )
        return self._reduce(spec, ids, result)

    def _reduce(self, spec: NodeSpec, ids: list[str], result: InnerResult) -> dict[str, Any]:
        errors = {
            index: _find_error(node_id, result.nodes[node_id])
            for index, node_id in enumerate(ids)
            if result.nodes[node_id].state is not NodeState.COMPLETED
        }
        if errors and self.config.on_error == "raise":
            raise _tell_failed(ids, errors, result)
        told = {index: {"index": index, **describe_error(each)} for index, each in errors.items()}
        results = [
            told[index] if index in told else read_value(spec, result.nodes[node_id].outputs)
            for index, node_id in enumerate(ids)
            if index not in told or self.config.on_error == "include"
        ]
        return {"results": self._combine(results), "errors": list(told.values())}

    def _combine(self, results: list[Any]) -> Any:
        if self.config.combine == "list":
            return results
        return join_tables(results) if results else make_table(results, "")


def _give(spec: NodeSpec, own: str, element: Any, common: str, shared: Any) -> dict[str, Any]:
    values = {own: element, common: shared} if common else {own: element}
    many = {each.name for each in spec.inputs if each.cardinality is Cardinality.MANY}
    return {name: [value] if name in many else value for name, value in values.items()}


def _find_error(node_id: str, ended: InnerNode) -> ErrorFact:
    return ended.error or ErrorFact(
        type="NodeCancelled",
        code="node.cancelled",
        message=f"{node_id} ended {ended.state}.",
        node_id=node_id,
    )


def _tell_failed(ids: list[str], errors: Mapping[int, ErrorFact], result: InnerResult) -> RunFailed:
    first = next(iter(errors))
    fact = errors[first]
    error = RunFailed(
        f"{len(errors)} of {len(ids)} items failed; the first is {ids[first]} (index {first}): "
        f"{fact.type}: {fact.message}",
        run_id=result.run_id,
        code="run.items_failed",
        suggestion="Mend the node or the item, or set on_error to `drop` or `include`.",
    )
    error.__cause__ = result.exceptions.get(ids[first])
    return error

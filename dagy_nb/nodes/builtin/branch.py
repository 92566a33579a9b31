"""One value in, the way that a condition chooses for it out; and several ways back into one."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from dagy_nb.errors import FlowError
from dagy_nb.model.connector import Cardinality
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.nodes.condition import MAX_LENGTH, Condition
from dagy_nb.nodes.config import NodeConfig
from dagy_nb.nodes.context import ExecutionContext
from dagy_nb.nodes.glimpse import see_plain, see_value

NAMES = frozenset({"value", "params", "rows", "columns"})


class Branch(FlowNode, register=False):
    """Passes a value on through `then` where a condition holds, else through `otherwise`.

    What is connected to the other output is skipped (`branch_not_taken`). For more than two ways, lead
    `otherwise` into the next Branch. A Merge brings the ways together again.
    """

    category = "Control"
    passes_values = True
    icon = "branch"
    tags = ("if", "else", "condition", "switch", "route")

    value = Input(DataType.ANY, description="What is decided on and passed on.")
    then = Output(
        DataType.ANY,
        cardinality=Cardinality.OPTIONAL,
        description="The value, where the condition holds.",
    )
    otherwise = Output(
        DataType.ANY,
        cardinality=Cardinality.OPTIONAL,
        description="The value, where it does not hold.",
    )

    class Config(NodeConfig):
        """What decides."""

        when: str = Field(
            title="Condition",
            min_length=1,
            max_length=MAX_LENGTH,
            description="Which values go through `then`, in CEL: `value > 3`, `rows > 0` (tables, lists), "
            '`"delay" in columns`, `params.month == 1`, `has(value.error)`.',
            examples=["value > 3", "rows > 0", "params.month in [1, 2]"],
        )

        @field_validator("when")
        @classmethod
        def _check(cls, text: str) -> str:
            return check_condition(text, NAMES)

    def execute(self, context: ExecutionContext, value: Any) -> dict[str, Any]:
        """Decide."""
        condition = Condition(self.config.when, names=NAMES)
        holds = condition.decide(gather_seen(condition, context, value))
        return {"then" if holds else "otherwise": value}


class Merge(FlowNode, register=False):
    """Brings several ways together: runs with whichever values came.

    A way that was not taken is no matter; one that failed still blocks.
    """

    category = "Control"
    passes_values = True
    icon = "merge"
    tags = ("join", "union", "branch", "first")

    values = Input(
        DataType.ANY,
        cardinality=Cardinality.MANY,
        description="The ways that come together, in the order of their edges.",
    )
    value = Output(DataType.ANY, description="The first value that came, or the list of all.")

    class Config(NodeConfig):
        """What is passed on."""

        take: Literal["first", "all"] = Field(
            "first",
            title="Take",
            description="`first`: the value of the first way that was taken; `all`: a list of the values "
            "of all ways that were taken.",
        )

    def execute(self, values: list[Any]) -> dict[str, Any]:
        """Choose."""
        return {"value": values[0] if self.config.take == "first" else list(values)}


def gather_seen(condition: Condition, context: ExecutionContext, value: Any) -> dict[str, Any]:
    """Return the variables of a condition; a value that it does not name may be of any size.

    Raises:
        FlowError: `expression.too_large`.
    """
    seen = see_value(value, only_outline=not condition.asks_for("value"))
    return {**seen, "params": see_plain(dict(context.parameters))}


def check_condition(text: str, names: frozenset[str], **functions: Any) -> str:
    """Return the text of a condition that can be read.

    Raises:
        ValueError: With the place and the code of what is wrong, as a config's check tells it.
    """
    try:
        Condition(text, names=names, functions=functions)
    except FlowError as error:
        raise ValueError(f"{error.reason} {error.suggestion} ({error.code})") from None
    return text

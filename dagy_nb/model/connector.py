"""What a connector is: a typed, named end of a node."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from dagy_nb.model.datatype import DataType
from dagy_nb.model.frozen import FrozenMap, FrozenModel

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def check_identifier(value: str) -> str:
    """Return `value` if it can name a node, connector or parameter; else raise ValueError."""
    if len(value) > 100 or not IDENTIFIER.match(value):
        msg = f"{value!r} is no name: use letters from A to z, digits and _, not starting with a digit"
        raise ValueError(msg)
    return value


Name = Annotated[str, AfterValidator(check_identifier)]


class Direction(StrEnum):
    """Which way values go through a connector."""

    INPUT = "input"
    OUTPUT = "output"


class Cardinality(StrEnum):
    """How many edges a connector takes.

    | | input | output |
    | --- | --- | --- |
    | ONE | exactly one edge | exactly one edge at most |
    | OPTIONAL | at most one edge; without it the value is None | any number; the value may be left out |
    | MANY | one or more edges; the value is a list in the order of edges | any number of edges |
    """

    ONE = "one"
    MANY = "many"
    OPTIONAL = "optional"


class Side(StrEnum):
    """Where the editor draws a connector."""

    LEFT = "left"
    TOP = "top"
    RIGHT = "right"
    BOTTOM = "bottom"


class ConnectorSpec(FrozenModel):
    """A typed, named end of a node, frozen at every depth.

    Attributes:
        name: Unique among the node's connectors of all directions.
        direction: Input or output.
        data_types: Accepted (input) or possible (output) types, at least one, without repeats.
        cardinality: How many edges it takes.
        side: Where the editor draws it.
        description: One line.
        secret: Values of it are never previewed or recorded.
        metadata: Anything else, immutable.
    """

    name: Name
    direction: Direction
    data_types: tuple[DataType, ...] = Field(min_length=1)
    cardinality: Cardinality
    side: Side
    description: str = Field("", max_length=2_000)
    secret: bool = False
    metadata: FrozenMap = FrozenMap()

    @field_validator("data_types")
    @classmethod
    def _drop_repeats(cls, value: tuple[DataType, ...]) -> tuple[DataType, ...]:
        return tuple(dict.fromkeys(value))

    @property
    def type_key(self) -> str:
        """The accepted types as one text, the key of the browser's compatibility table."""
        return "|".join(self.data_types)

    @property
    def is_required(self) -> bool:
        """Whether a node cannot run without an edge into this input."""
        return self.direction is Direction.INPUT and self.cardinality is not Cardinality.OPTIONAL

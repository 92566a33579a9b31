"""Declarations in a class body in, connector specs out: `flights = Input(DataType.TABLE)`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from pydantic import ValidationError

from dagy_nb.errors import DefinitionError
from dagy_nb.model.connector import Cardinality, ConnectorSpec, Direction, Side
from dagy_nb.model.datatype import DataType
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.model.nearest import suggest_names

_Word = TypeVar("_Word", bound=StrEnum)


class Connector:
    """What `Input` and `Output` have in common; a declaration does not change once it is made.

    Args:
        data_types: Accepted (input) or possible (output) types; none means `ANY`.
        cardinality: `one`, `many` or `optional`.
        side: Where the editor draws it: `left`, `top`, `right` or `bottom`.
        description: One line.
        secret: Values of it are never previewed or recorded.
        metadata: Anything else.
        name: The connector's name where it differs from the attribute's.

    Raises:
        DefinitionError: `node.connector` for an unknown type, cardinality or side.
    """

    direction: ClassVar[Direction]

    def __init__(
        self,
        *data_types: DataType | str,
        cardinality: Cardinality | str | None = None,
        side: Side | str | None = None,
        description: str = "",
        secret: bool = False,
        metadata: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> None:
        self.name = name
        self.data_types = tuple(_choose(DataType, each, "data type") for each in data_types)
        self.cardinality = _choose(Cardinality, cardinality, "cardinality") if cardinality else None
        self.side = _choose(Side, side, "side") if side else None
        self.description = description
        self.secret = bool(secret)
        self.metadata = FrozenMap(metadata or {})
        self.is_complete = True

    def __setattr__(self, attribute: str, value: object) -> None:
        if "is_complete" in self.__dict__:
            raise AttributeError(f"{type(self).__name__} cannot be changed; declare a new one.")
        super().__setattr__(attribute, value)

    def __repr__(self) -> str:
        types = ", ".join(self.data_types) or "ANY"
        return f"{type(self).__name__}({types})"

    def describe(self, attribute: str) -> ConnectorSpec:
        """Return the spec of this declaration under its own name, else under `attribute`.

        Raises:
            DefinitionError: `node.connector`.
        """
        name = self.name or attribute
        try:
            return ConnectorSpec(
                name=name,
                direction=self.direction,
                data_types=self.data_types or (DataType.ANY,),
                cardinality=self.cardinality or self._default_cardinality(),
                side=self.side or self._default_side(),
                description=self.description,
                secret=self.secret,
                metadata=self.metadata,
            )
        except ValidationError as error:
            told = error.errors()[0]["msg"]
            raise DefinitionError(
                f"The connector {name!r} is declared wrongly: {told}.", code="node.connector"
            ) from None

    def _default_cardinality(self) -> Cardinality:
        raise NotImplementedError

    def _default_side(self) -> Side:
        raise NotImplementedError


class Input(Connector):
    """An inbound connector: takes exactly one edge unless its cardinality says otherwise.

    Example:
        >>> flights = Input(DataType.TABLE, description="One row for each flight.")
    """

    direction = Direction.INPUT

    def _default_cardinality(self) -> Cardinality:
        return Cardinality.ONE

    def _default_side(self) -> Side:
        return Side.LEFT


class Output(Connector):
    """An outbound connector: takes any number of edges; `Output(DataType.ERROR)` is the error channel.

    Example:
        >>> report = Output(DataType.TABLE)
        >>> error = Output(DataType.ERROR)
    """

    direction = Direction.OUTPUT

    def _default_cardinality(self) -> Cardinality:
        only_errors = self.data_types == (DataType.ERROR,)
        return Cardinality.OPTIONAL if only_errors else Cardinality.MANY

    def _default_side(self) -> Side:
        return Side.RIGHT


def _choose(words: type[_Word], value: _Word | str, what: str) -> _Word:
    """Return the member of `words` for `value`, whatever its letter case."""
    if isinstance(value, words):
        return value
    if isinstance(value, str):
        for each in words:
            if each.lower() == value.lower():
                return each
    raise DefinitionError(
        f"{value!r} is no {what}.",
        code="node.connector",
        suggestion=suggest_names(str(value), list(words), what=f"{what}s"),
    )

"""Nested containers in, deeply immutable twins out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class FrozenMap(Mapping[str, Any]):
    """An immutable mapping, immutable at every depth, that pickles and serialises as a plain dict.

    Example:
        >>> FrozenMap({"a": [1, 2]})["a"]
        (1, 2)
    """

    __slots__ = ("_data", "_hash")
    _data: dict[str, Any]
    _hash: int | None

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        object.__setattr__(self, "_data", {k: freeze(v) for k, v in (data or {}).items()})
        object.__setattr__(self, "_hash", None)

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __setattr__(self, name: str, value: object) -> None:
        msg = "FrozenMap cannot be changed; build a new one."
        raise TypeError(msg)

    def __hash__(self) -> int:
        known = self._hash
        if known is None:
            known = hash(tuple(sorted(self._data.items(), key=repr)))
            object.__setattr__(self, "_hash", known)
        return known

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FrozenMap):
            return bool(self._data == other._data)
        if isinstance(other, Mapping):
            return bool(self._data == FrozenMap(other)._data)
        return NotImplemented

    def __repr__(self) -> str:
        return repr(thaw(self))

    def __reduce__(self) -> tuple[object, ...]:
        return (FrozenMap, (self._data,))

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> FrozenMap:
        """Return the map of values that are immutable themselves, without a look at each."""
        made = cls.__new__(cls)
        object.__setattr__(made, "_data", dict(data))
        object.__setattr__(made, "_hash", None)
        return made

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            lambda value: value if isinstance(value, FrozenMap) else FrozenMap(value),
            core_schema.union_schema(
                [
                    core_schema.is_instance_schema(FrozenMap),
                    core_schema.dict_schema(core_schema.str_schema(), core_schema.any_schema()),
                ]
            ),
            serialization=core_schema.plain_serializer_function_ser_schema(
                thaw, return_schema=core_schema.dict_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": True}


def freeze(value: Any) -> Any:
    """Return `value` with every mapping, list and set inside it made immutable."""
    if isinstance(value, FrozenMap | str | bytes):
        return value
    if isinstance(value, Mapping):
        return FrozenMap(value)
    if isinstance(value, Set):
        return frozenset(freeze(v) for v in value)
    if isinstance(value, Sequence):
        return tuple(freeze(v) for v in value)
    return value


def thaw(value: Any) -> Any:
    """Return `value` with frozen containers turned into plain dicts and lists."""
    if isinstance(value, Mapping):
        return {k: thaw(v) for k, v in value.items()}
    if isinstance(value, tuple | frozenset | list):
        return [thaw(v) for v in value]
    return value


def is_plain(value: Any) -> bool:
    """Say whether a value holds nothing but plain data that cannot be changed, at every depth."""
    kind = type(value)
    if kind is FrozenMap:
        return all(map(is_plain, value.values()))
    if kind is tuple:
        return all(map(is_plain, value))
    return kind in _PLAIN


_PLAIN = frozenset({str, int, float, bool, bytes, type(None)})


class FrozenModel(BaseModel):
    """Base of the values that cross a border: frozen, and without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

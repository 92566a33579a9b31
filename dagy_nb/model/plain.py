"""Frozen dataclasses in, plain JSON values out, and back.

How a class is read and written is worked out once from its annotations, since the journal does this
for every fact. Fields at their default are left out; fields a class does not know are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from operator import attrgetter
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

_T = TypeVar("_T")
_Change = Callable[[Any], Any]
_REQUIRED = object()


def to_plain(value: Any) -> dict[str, Any]:
    """Return a dataclass as plain JSON values, without the fields that are at their default.

    Example:
        >>> to_plain(PlannedNode(node_id="a", node_type="A", node_version="1", runner="inline"))
        {'node_id': 'a', 'node_type': 'A', 'node_version': '1', 'runner': 'inline'}
    """
    out = {}
    for name, default, change in _writers(type(value)):
        item = getattr(value, name)
        if item is not default and item != default:
            out[name] = item if change is None else change(item)
    return out


def from_plain(cls: type[_T], data: Mapping[str, Any]) -> _T:
    """Return the dataclass that `to_plain` wrote.

    Raises:
        TypeError: A field without default is missing, or a value has the wrong shape.
        ValueError: A value is none of its enumeration's.
    """
    readers = _readers(cls)
    return cls(
        **{
            name: value if readers[name] is None else readers[name](value)
            for name, value in data.items()
            if name in readers
        }
    )


_WRITERS: dict[type, tuple[tuple[str, Any, _Change | None], ...]] = {}
_READERS: dict[type, dict[str, Any]] = {}


def _writers(cls: type) -> tuple[tuple[str, Any, _Change | None], ...]:
    found = _WRITERS.get(cls)
    if found is None:
        hints = get_type_hints(cls)
        found = _WRITERS[cls] = tuple(
            (each.name, _default(each), _choose_writer(hints[each.name])) for each in fields(cls)
        )
    return found


def _readers(cls: type) -> dict[str, Any]:
    found = _READERS.get(cls)
    if found is None:
        hints = get_type_hints(cls)
        found = {each.name: _choose_reader(hints[each.name]) for each in fields(cls)}
        _READERS[cls] = found
    return found


def _default(each: Any) -> Any:
    if each.default_factory is not MISSING:
        return each.default_factory()
    return _REQUIRED if each.default is MISSING else each.default


def _choose_writer(hint: Any) -> _Change | None:
    """Return how to turn a value of this type into a plain one; None where it is that already."""
    inner = _strip_none(hint)
    if inner is not hint:
        return _pass_none(_choose_writer(inner))
    if hint is Any:
        return _write_any
    origin, args = get_origin(hint), get_args(hint)
    if origin is tuple:
        writers = [_choose_writer(each) for each in args if each is not Ellipsis]
        return _write_any if any(writers) else None
    if origin is not None and issubclass(origin, Mapping):
        write = _choose_writer(args[1])
        return dict if write is None else _change_items(write)
    if isinstance(hint, type) and is_dataclass(hint):
        return to_plain
    return attrgetter("value") if issubclass(hint, Enum) else None


def _write_any(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_write_any(item) for item in value]
    if is_dataclass(value):
        return to_plain(value)
    if isinstance(value, Mapping):
        return {str(key): _write_any(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return [_write_any(item) for item in value]
    return value


def _choose_reader(hint: Any) -> _Change | None:
    """Return how to turn a plain value into one of this type; None where it is that already."""
    inner = _strip_none(hint)
    if inner is not hint:
        return _pass_none(_choose_reader(inner))
    origin, args = get_origin(hint), get_args(hint)
    if origin is tuple:
        return _choose_tuple_reader(args)
    if origin is not None and issubclass(origin, Mapping):
        read = _choose_reader(args[1])
        return None if read is None else _change_items(read)
    if isinstance(hint, type) and is_dataclass(hint):
        cls: type[Any] = hint
        return lambda value: from_plain(cls, value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    return None


def _pass_none(change: _Change | None) -> _Change | None:
    if change is None:
        return None
    return lambda value: None if value is None else change(value)


def _change_items(change: _Change) -> _Change:
    return lambda value: {key: change(item) for key, item in value.items()}


def _choose_tuple_reader(args: tuple[Any, ...]) -> _Change:
    if len(args) != 2 or args[1] is not Ellipsis:
        return tuple
    read = _choose_reader(args[0])
    if read is None:
        return tuple
    return lambda value: tuple([read(item) for item in value])


def _strip_none(hint: Any) -> Any:
    if get_origin(hint) in {Union, UnionType}:
        kept = [each for each in get_args(hint) if each is not type(None)]
        return kept[0] if len(kept) == 1 else Any
    return hint

"""A node class in, what was set on it after its text had made it out: no text tells of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary, ref

from dagy_nb.nodes.closure import encode_data, list_attributes

_CONTAINERS = (list, dict, set)
_Held = tuple[Callable[[], Any], str]
"""A value, and the text of one that can be changed in place."""
_MADE: WeakKeyDictionary[type, dict[str, _Held]] = WeakKeyDictionary()


def note_made(cls: type) -> None:
    """Note what a class holds now, which its text says."""
    _MADE[cls] = {name: (_hold(value), _read(value)) for name, value in vars(cls).items()}


def list_afterwards(cls: type) -> Iterator[str]:
    """Yield what a class, and each that it is made from, holds beside what it was made with."""
    for each in cls.__mro__:
        made, now = _MADE.get(each), vars(each)
        if made is None:
            continue
        changed = {name for name in now if not _is_same(made.get(name), now[name])}
        if changed:
            texts = (text for text in list_attributes(each) if text.partition("=")[0] in changed)
            yield from (f"{each.__qualname__}.{text}" for text in texts)
        yield from (f"no {each.__qualname__}.{name}" for name in sorted(made.keys() - now.keys()))


def _is_same(made: _Held | None, value: Any) -> bool:
    return made is not None and made[0]() is value and (not made[1] or made[1] == _read(value))


def _hold(value: Any) -> Callable[[], Any]:
    """Return what gives the value; a method refers to its class, which must not live for that."""
    try:
        return ref(value)
    except TypeError:
        return lambda: value


def _read(value: Any) -> str:
    return encode_data(value) if type(value) in _CONTAINERS else ""

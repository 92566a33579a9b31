"""A loaded module's name in, what it holds out: to see that something changed it in place.

`importlib.reload` gives a module a new spec; IPython's `%autoreload` often puts new code into the functions
that are there, and new values under their names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

_KEPT = (str, bytes, int, float, complex, tuple, frozenset, type(None), FunctionType, type)


def list_state(name: str) -> dict[str, object]:
    """Return what a module's names stand for, and the code of its functions and methods.

    Data that may be large stands there by its `id`, so that it is not kept alive.
    """
    return dict(_walk(name, vars(sys.modules[name]))) if name in sys.modules else {}


def is_same_state(known: Mapping[str, object] | None, name: str) -> bool:
    """Say whether a module holds the very things that it held before."""
    now = list_state(name)
    return (
        known is not None
        and known.keys() == now.keys()
        and all(
            known[each] is value or _is_same_id(known[each], value) for each, value in now.items()
        )
    )


def _is_same_id(one: object, other: object) -> bool:
    return type(one) is int and one == other


def _walk(module: str, names: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in list(names.items()):
        if name.startswith("__"):
            continue
        yield f"{above}{name}", value if isinstance(value, _KEPT) else id(value)
        inner = getattr(value, "__func__", getattr(value, "fget", value))
        inner = getattr(inner, "__wrapped__", inner)
        if isinstance(inner, FunctionType):
            yield f"{above}{name}()", inner.__code__
            yield f"{above}{name}(=)", inner.__defaults__
        elif isinstance(value, type) and value.__module__ == module and not above.count("."):
            yield from _walk(module, vars(value), f"{above}{name}.")

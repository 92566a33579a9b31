"""A value in, whether looking at its content takes no time worth speaking of out."""

from __future__ import annotations

import os
from typing import Any

MAX_BYTES = 1 << 20
MAX_ITEMS = 500

_SIMPLE = frozenset({int, float, bool, type(None)})
_TEXTS = (str, bytes, bytearray)


def is_light(value: Any, *, depth: int = 3) -> bool:
    """Say whether a value is small; files, and what cannot be told, count as large."""
    kind = type(value)
    if kind in _SIMPLE:
        return True
    if isinstance(value, _TEXTS):
        return len(value) <= MAX_BYTES
    if isinstance(value, os.PathLike):
        return False
    if kind in {list, tuple, dict}:
        if len(value) > MAX_ITEMS or not depth:
            return False
        items = value.values() if kind is dict else value
        return all(is_light(each, depth=depth - 1) for each in items)
    size = getattr(value, "nbytes", None)
    return isinstance(size, int) and size <= MAX_BYTES and not _holds_objects(value)


def is_fixed(value: Any) -> bool:
    """Say whether a value can never change: it need not be looked at before a node has had it."""
    kind = type(value)
    if kind in _SIMPLE or kind is str or kind is bytes:
        return True
    return kind is tuple and len(value) <= MAX_ITEMS and all(is_fixed(each) for each in value)


def _holds_objects(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    return bool(getattr(dtype, "hasobject", True))

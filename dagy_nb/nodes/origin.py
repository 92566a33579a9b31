"""A class in, where it was defined out: its origin, its text, the fingerprint of its code."""

from __future__ import annotations

import hashlib
import inspect
from typing import Any

from dagy_nb.model.spec import Origin, OriginKind


def find_origin(cls: type) -> Origin:
    """Return where a class was defined; a notebook's `__main__` is a cell of an unnamed notebook."""
    module = cls.__module__
    if module == "__main__":
        return Origin(kind=OriginKind.CELL, place=KERNEL)
    return Origin(kind=OriginKind.MODULE, place=module)


KERNEL = "kernel"


def find_source(cls: Any) -> str:
    """Return the text of a class, or nothing where there is none to read."""
    try:
        return inspect.getsource(cls)
    except (OSError, TypeError):
        return ""


def fingerprint_class(cls: Any) -> str:
    """Return a hash of the class's code."""
    return hashlib.sha256(find_source(cls).encode()).hexdigest()[:16]


def is_same_origin(one: Origin, other: Origin) -> bool:
    """Whether two origins are one: equal, or cells of which one does not know its notebook."""
    if one == other:
        return True
    both_cells = one.kind is OriginKind.CELL and other.kind is OriginKind.CELL
    return both_cells and KERNEL in (one.place, other.place)

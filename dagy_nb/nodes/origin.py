"""A class in, where it was defined out."""

from __future__ import annotations

from dagy_nb.model.spec import Origin, OriginKind
from dagy_nb.nodes.bundle import CELLS

KERNEL = "kernel"


def find_origin(cls: type) -> Origin:
    """Return where a class was defined; a notebook's `__main__` is a cell of an unnamed notebook."""
    module = cls.__module__
    if module in {"__main__", "__mp_main__"} or module.partition(".")[0] == CELLS:
        return Origin(kind=OriginKind.CELL, place=KERNEL)
    return Origin(kind=OriginKind.MODULE, place=module)


def is_same_origin(one: Origin, other: Origin) -> bool:
    """Whether two origins are one: equal, or cells of which one does not know its notebook."""
    if one == other:
        return True
    both_cells = one.kind is OriginKind.CELL and other.kind is OriginKind.CELL
    return both_cells and KERNEL in (one.place, other.place)

"""A class of the notebook in, what tells it from every other in any process out.

A pickle of such a class carries its whole cell, with the cell's name and lines, and a number that is another
in each process. Its text and what its attributes hold say as much, and stay the same.
"""

from __future__ import annotations

from typing import Any

from dagy_nb.nodes.bundle import CellBundle
from dagy_nb.nodes.closure import UNREAD, list_attributes, list_closure
from dagy_nb.nodes.source import find_definition


def describe_class(value: Any) -> tuple[str, ...] | None:
    """Return the texts that make a class of the notebook; None where they would not tell all of it."""
    texts = _list_texts(value)
    if not texts:
        return None
    told = (value.__qualname__, *texts, *list_attributes(value))
    return None if any(UNREAD in each for each in told) else told


def _list_texts(value: Any) -> list[str]:
    bundle = getattr(value.__module__, "bundle", None)
    if isinstance(bundle, CellBundle):
        return [bundle.fingerprint]
    if value.__module__ != "__main__" or find_definition(value) is None:
        return []
    return [f"{name}={text}" for name, text in sorted(list_closure(value).items())]

"""A value that a node is about to get in, what it was then out, however the node changes it.

Costs next to nothing, since it is done for every input of every node: what is fixed is held as it is, tables
by a view that no change reaches, and small containers by their digest. Of anything else it is not known
afterwards what it was.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagy_nb.engine.content import Content, NoDigest, digest_value
from dagy_nb.engine.weight import is_fixed, is_light

if TYPE_CHECKING:
    from dagy_nb.engine.wires import Source

MAX_ITEMS = 50
MAX_BYTES = 1 << 14


@dataclass(slots=True)
class Snapshot:
    """A value as it was.

    Attributes:
        value: The value, or a view of what it was.
        content: What it held then, where that was looked at; None where it was not.
        is_sure: `value` is still what it was.
    """

    value: Any
    content: Content | None = None
    is_sure: bool = True


Entered = Mapping[tuple[str, str], Snapshot]
"""Node id and output → what came from there."""


def take_snapshot(value: Any) -> Snapshot:
    """Return what a value is now, for later."""
    if is_fixed(value):
        return Snapshot(value)
    view = _VIEWS.get(type(value).__module__.partition(".")[0])
    if view is not None:
        seen = view(value)
        if seen is not None:
            return Snapshot(seen)
    if _is_small(value):
        try:
            return Snapshot(value, digest_value(value), is_sure=False)
        except NoDigest:
            pass
    return Snapshot(value, is_sure=False)


def take_snapshots(entering: Iterable[tuple[Source, Any]]) -> Entered:
    """Return what is about to enter a node, as it is now."""
    return {(source.node_id, source.output): take_snapshot(value) for source, value in entering}


def was_taken(taken: Entered, source: Source, _: object, content: Content) -> bool:
    """Say whether a value, of which the content now is given, surely is as it was when it entered."""
    known = read_snapshot(taken[source.node_id, source.output])
    return known is not None and known.digest == content.digest


def read_snapshot(taken: Snapshot) -> Content | None:
    """Return what the value held then; None where that is not known any more.

    Raises:
        NoDigest: It cannot be told apart from other values.
    """
    if taken.content is None and taken.is_sure:
        taken.content = digest_value(taken.value)
    return taken.content


def _is_small(value: Any) -> bool:
    if type(value) in {list, dict, tuple}:
        return len(value) <= MAX_ITEMS and is_light(value, depth=2)
    size = getattr(value, "nbytes", None)
    return isinstance(size, int) and size <= MAX_BYTES and is_light(value)


def _view_pandas(value: Any) -> Any:
    pandas = sys.modules["pandas"]
    # From 3.0 on, a shallow copy sees no change of what it was made of.
    if type(value) in {pandas.DataFrame, pandas.Series} and pandas.__version__[0] > "2":
        return value.copy(deep=False)
    return None


def _view_arrow(value: Any) -> Any:
    return value  # nothing of it can be changed


def _view_polars(value: Any) -> Any:
    polars = sys.modules["polars"]
    return value.clone() if type(value) in {polars.DataFrame, polars.Series} else None


_VIEWS: dict[str, Callable[[Any], Any]] = {
    "pandas": _view_pandas,
    "polars": _view_polars,
    "pyarrow": _view_arrow,
}

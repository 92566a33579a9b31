"""Inputs of calls in, packed ones out; a large value goes to the cluster once, however many nodes take it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

from dagy_nb.runners.dask.freight import Freight
from dagy_nb.runners.worker.codec import pack

LARGE = 1 << 20
"""Bytes from which a value is scattered."""
MOST_HELD = 16
"""Values without weak references that are remembered at a time."""

Scatter = Callable[[Freight], Any]


class _Known:
    """One large value on the cluster.

    Attributes:
        lock: Held while it is put there.
        held: The value, where only a strong reference can tell that it is still the same.
        future: What stands for it there; None where it is small.
    """

    def __init__(self, held: object) -> None:
        self.lock = threading.Lock()
        self.held = held
        self.future: Any = None


class InputShelf:
    """Knows which values are on the cluster, by identity.

    A value leaves the cluster when nothing here refers to it any more. Values that cannot be referred to
    weakly (lists, mappings, `bytes`) are kept until `clear`, or until many others came after.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, _Known] = {}

    def put(self, value: Any, scatter: Scatter) -> Any:
        """Return a packed value, or what stands for it on the cluster.

        Args:
            value: The value.
            scatter: Puts packed values onto the cluster.

        Raises:
            Exception: Whatever pickling raises.
        """
        known = self._find(value)
        with known.lock:
            if known.future is not None:
                return known.future
            freight = Freight(pack(value))
            if freight.size < LARGE:
                self._forget(id(value), known)
                return freight
            known.future = scatter(freight)
            return known.future

    def clear(self) -> None:
        """Forget everything; what no call needs leaves the cluster."""
        with self._lock:
            self._known.clear()

    def _find(self, value: Any) -> _Known:
        place = id(value)
        with self._lock:
            known = self._known.get(place)
            if known is None:
                known = self._known[place] = _Known(self._watch(value, place))
                self._bound()
            return known

    def _watch(self, value: Any, place: int) -> object:
        try:
            # Bound to the shelf weakly, so that a long-lived value does not keep it.
            weakref.finalize(value, _drop, weakref.ref(self), place).atexit = False
        except TypeError:
            return value
        return None

    def _bound(self) -> None:
        held = [place for place, known in self._known.items() if known.held is not None]
        for place in held[:-MOST_HELD]:
            del self._known[place]

    def _forget(self, place: int, known: _Known | None = None) -> None:
        with self._lock:
            if known is None or self._known.get(place) is known:
                self._known.pop(place, None)


def _drop(shelf: weakref.ref[InputShelf], place: int) -> None:
    found = shelf()
    if found is not None:
        found._forget(place)  # noqa: SLF001 - its own module

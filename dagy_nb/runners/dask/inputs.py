"""Inputs of calls in, packed ones out; a large value goes to the cluster once, however many nodes take it.

Whoever has it here may change it in place between two of them. So it is packed and hashed each time, at about
a gigabyte in a second, and goes there again where it does not hold what went there before.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

from dagy_nb.runners.dask.freight import Freight
from dagy_nb.runners.worker.codec import pack

LARGE = 1 << 20
"""Bytes from which a value is scattered."""
MOST_HELD = 16
"""Values without weak references that are remembered at a time."""

Scatter = Callable[[Freight], Any]
IsThere = Callable[[Any], bool]


class _Known:
    """One value that is on the cluster, or may go there.

    Attributes:
        find: Returns the value, or None where it is gone.
        lock: Held while it is put there.
        future: What stands for it there; None where nothing does.
        content: The hash of what it held when it was put there.
    """

    __slots__ = ("content", "find", "future", "lock")

    def __init__(self, find: Callable[[], object]) -> None:
        self.find = find
        self.lock = threading.Lock()
        self.future: Any = None
        self.content = b""


class InputShelf:
    """Knows which values are on the cluster, by identity.

    A value leaves the cluster when nothing here refers to it any more. Values that cannot be referred to
    weakly (lists, mappings, `bytes`) are kept until `clear`, or until many others came after.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, _Known] = {}
        self._held: deque[int] = deque()

    def put(self, value: Any, scatter: Scatter, is_there: IsThere) -> Any:
        """Return a packed value, or what stands for it on the cluster.

        Args:
            value: The value.
            scatter: Puts packed values onto the cluster; it may give them back, to travel by themselves.
            is_there: Says whether what stands for a value still does: its worker may have died.

        Raises:
            Exception: Whatever pickling raises, and `scatter`.
        """
        freight = Freight(pack(value))
        if freight.size < LARGE:
            return freight
        content = freight.hash_content()
        known = self._find(value)
        with known.lock:
            if known.future is None or known.content != content or not is_there(known.future):
                found = scatter(freight)
                if found is freight:
                    self._known.pop(id(value), None)
                    return freight
                known.future, known.content = found, content
                self._bound(id(value), known)
            return known.future

    def clear(self) -> None:
        """Forget everything; what no call needs leaves the cluster."""
        with self._lock:
            self._known.clear()
            self._held.clear()

    def _find(self, value: Any) -> _Known:
        place = id(value)
        with self._lock:
            known = self._known.get(place)
            if known is None or known.find() is not value:
                known = self._known[place] = _Known(self._watch(value, place))
            return known

    def _watch(self, value: Any, place: int) -> Callable[[], object]:
        known = self._known
        try:
            # No lock: it may be called at any moment, also while this thread holds it.
            return weakref.ref(value, lambda _: known.pop(place, None))
        except TypeError:
            return lambda: value

    def _bound(self, place: int, known: _Known) -> None:
        """Let go of the oldest value that only a strong reference here keeps, where there are too many."""
        with self._lock:
            if isinstance(known.find, weakref.ref) or place in self._held:
                return
            self._held.append(place)
            if len(self._held) > MOST_HELD:
                self._known.pop(self._held.popleft(), None)

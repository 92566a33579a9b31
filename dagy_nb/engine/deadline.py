"""Limits from many places in, one limit out; timers in, those that are due out."""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heappop, heappush
from typing import Generic, TypeVar

HOOK_SECONDS = 2.0
"""How long `on_cancel` may take."""
MAX_WAIT = 86_400.0

Key = TypeVar("Key", bound=Hashable)


def choose_timeout(*levels: float | None) -> float | None:
    """Return the first limit that is named, in order: call, node, class, flow, setting (D8).

    A limit of 0 was asked for and means none.

    Example:
        >>> choose_timeout(None, 5.0, 30.0, None, 300.0)
        5.0
        >>> choose_timeout(None, 0, 30.0, None, 300.0) is None
        True
    """
    for each in levels:
        if each is not None:
            return each or None
    return None


class Timers(Generic[Key]):
    """Timers by key over one monotonic clock; arming and disarming cost next to nothing.

    A disarmed timer stays in the heap until its time comes and is passed over then, or none is armed.

    Attributes:
        armed: The timers that have not fallen due, each with its number.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Key]] = []
        self.armed: dict[Key, int] = {}
        self._count = 0

    def arm(self, key: Key, at: float) -> None:
        """Let `key` fall due at `at`, instead of any time set before."""
        self._count += 1
        self.armed[key] = self._count
        heappush(self._heap, (at, self._count, key))

    def disarm(self, key: Key) -> None:
        """Forget `key`; an unknown one is no error."""
        self.armed.pop(key, None)
        if not self.armed:
            self._heap.clear()

    def next_at(self) -> float | None:
        """Return when the next timer falls due, or None where none is armed."""
        self._drop_disarmed()
        return self._heap[0][0] if self._heap else None

    def patience(self, now: float) -> float | None:
        """Return how long to wait for the next timer, a day at the most; None where none is armed."""
        at = self.next_at()
        # A queue refuses to wait for centuries.
        return None if at is None else min(MAX_WAIT, max(0.0, at - now))

    def pop_due(self, now: float) -> list[Key]:
        """Return the keys which are due, the earliest first, and forget them."""
        due: list[Key] = []
        while (at := self.next_at()) is not None and at <= now:
            key = heappop(self._heap)[2]
            del self.armed[key]
            due.append(key)
        return due

    def __len__(self) -> int:
        return len(self.armed)

    def _drop_disarmed(self) -> None:
        while self._heap and self.armed.get(self._heap[0][2]) != self._heap[0][1]:
            heappop(self._heap)

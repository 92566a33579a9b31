"""A wish to begin and a wish to withdraw in, exactly one of them granted out."""

from __future__ import annotations

import threading


class Turn:
    """Decides between the thread that would begin a call and the one that would take it back."""

    __slots__ = ("_is_taken", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False

    def take(self) -> bool:
        """Return True to whoever comes first, False to everybody after."""
        with self._lock:
            before, self._is_taken = self._is_taken, True
            return not before

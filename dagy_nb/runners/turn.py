"""A wish to begin and a wish to withdraw in, exactly one of them granted out."""

from __future__ import annotations

import threading


class Turn:
    """Decides between the thread that would begin a call and the one that would take it back."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Return True to whoever comes first, False to everybody after."""
        # The lock is never given back, so only the first one gets it.
        return self._lock.acquire(blocking=False)

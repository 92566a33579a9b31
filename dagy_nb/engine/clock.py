"""The operating system's time in, seconds out."""

from __future__ import annotations

import time


class SystemClock:
    """The real clock (`dagy_nb.abc.Clock`)."""

    __slots__ = ()

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

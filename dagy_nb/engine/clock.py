"""The operating system's time in, seconds out."""

from __future__ import annotations

import time


class SystemClock:
    """The real clock (`dagy_nb.abc.Clock`)."""

    __slots__ = ()

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)

"""Many requests to do something in, few calls out: soon, and not more often than every so often."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Pulse:
    """Calls `beat` after it was asked for, in a daemon thread that lives only while there is need.

    Whatever is asked is followed by a call. It is made in the context in which the pulse was made: some
    kernels (ipykernel 7.0) cannot send from a thread that knows nothing of any cell.

    Args:
        beat: What to call.
        every: Seconds between two calls.
        after: Seconds from the first request to the first call, to gather more.
    """

    def __init__(self, beat: Callable[[], None], *, every: float, after: float = 0.0) -> None:
        self._beat = beat
        self._every = every
        self._after = after
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._asked = False
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Ask for a call; returns at once and may be called from any thread."""
        with self._lock:
            if self._closed.is_set():
                return
            self._asked = True
            if self._thread is None:
                # A copy, since two threads cannot be in one context, and the last one may still leave.
                thread = threading.Thread(
                    target=self._context.copy().run,
                    args=(self._run,),
                    name="dagy-pulse",
                    daemon=True,
                )
                thread.start()  # first: an interrupt in between must not silence it for ever
                self._thread = thread

    def close(self) -> None:
        """Call no more; a call that is under way ends by itself."""
        self._closed.set()

    def _run(self) -> None:
        self._closed.wait(self._after)
        while self._take():
            try:
                self._beat()
            except Exception:  # one that fails must not end those that follow
                logger.debug("a beat failed", exc_info=True)
            self._closed.wait(self._every)

    def _take(self) -> bool:
        with self._lock:
            if not self._asked or self._closed.is_set():
                self._thread = None
                return False
            self._asked = False
            return True

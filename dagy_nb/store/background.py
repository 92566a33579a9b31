"""A wish to fold in, a fold a little later out, in a thread that holds up neither runs nor the exit."""

from __future__ import annotations

import atexit
import logging
import threading
import weakref
from typing import TYPE_CHECKING

from dagy_nb.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

DELAY = 2.0


class FoldSoon:
    """Folds a while after it was woken; the thread ends when nothing is left to do.

    Args:
        fold: Folds what is new; returns after how many seconds it wants to be called again, or None.
            It gets a question to ask now and then: whether to stop early.
        delay: Seconds between waking and folding.
    """

    def __init__(
        self, fold: Callable[[Callable[[], bool]], float | None], *, delay: float = DELAY
    ) -> None:
        self._fold = fold
        self._delay = delay
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_woken = False
        _open.add(self)

    def wake(self) -> None:
        """Fold soon."""
        with self._lock:
            self._is_woken = True
            is_there = self._thread is not None and self._thread.is_alive()  # in a fork it is not
            if not (is_there or self._stopped.is_set()):
                self._thread = threading.Thread(target=self._run, name="dagy-fold", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Let a fold that is under way come to its end, and fold no more."""
        self._stopped.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        pause: float | None = self._delay
        while pause is not None and not self._stopped.wait(pause):
            with self._lock:
                self._is_woken = False
            pause = self._try_fold()
            with self._lock:
                if self._is_woken and pause is None:
                    pause = self._delay
                if pause is None:
                    self._thread = None
                    return
        with self._lock:
            self._thread = None

    def _try_fold(self) -> float | None:
        try:
            return self._fold(self._stopped.is_set)
        except StoreError as error:
            _log.warning("%s", error)
            return None


_open: weakref.WeakSet[FoldSoon] = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    """Stop before the interpreter goes away: a thread inside DuckDB must not be cut off there."""
    for each in list(_open):
        each.stop()

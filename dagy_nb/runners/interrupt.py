"""A function and a wish to stop it in, its result or `NodeCancelled` raised inside its thread out.

CPython can raise an exception in another thread, but only between two bytecodes of Python: a loop ends in
milliseconds, one long call into C (`time.sleep`, a regular expression) first comes to its own end. The
exception must never hit that thread after the function is over, when it may be doing something else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from dagy_nb.errors import NodeCancelled
from dagy_nb.runners.raising import let_come, raise_in

Result = TypeVar("Result")


class Interruptible:
    """Runs one function once, in the calling thread; any other thread may interrupt it, once."""

    __slots__ = ("_is_sent", "_lock", "_thread")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._is_sent = False

    def run(self, function: Callable[[], Result]) -> Result:
        """Call `function`.

        Raises:
            NodeCancelled: It was interrupted and did not catch that.
        """
        self._thread = threading.get_ident()
        try:
            return function()
        finally:
            self._leave()

    def interrupt(self) -> bool:
        """Raise `NodeCancelled` in the function; return whether there was one to raise it in."""
        with self._lock:
            if self._thread is None or self._is_sent:
                return False
            self._is_sent = True
            raise_in(self._thread)
            return True

    def _leave(self) -> None:
        """End the time in which the exception may come, whenever in these lines it comes."""
        while self._thread is not None:
            try:
                self._close()
            except NodeCancelled:
                # It was on its way when the function returned; it may not have been the last.
                continue

    def _close(self) -> None:
        with self._lock:
            is_sent, self._thread = self._is_sent, None
        if is_sent:
            let_come()

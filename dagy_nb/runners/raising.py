"""A thread in, `NodeCancelled` raised in it out, while debuggers of other threads go on.

CPython raises an exception in another thread when that comes to its next bytecode of Python. Until then 3.11
keeps a mark for the whole interpreter, and a thread that is traced (debugger, coverage, profiler) begins the
same function again and again, at 100 % CPU: maybe for minutes, if the exception waits for the end of one call
into C.

But the mark goes when *any* thread is hit, and each thread looks for its own exception when it takes the
interpreter's lock again, as it must before it executes Python. So a thread that hits itself removes the mark;
what waits for another one is neither lost nor late. A call into C that takes the lock on its way (the rows
of a query) sets the mark again; so this is done again and again, for as long as an exception waits.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from contextlib import suppress

from dagy_nb.errors import NodeCancelled
from dagy_nb.runners.forked import renew_in_forks

PAUSE = 0.02
"""Seconds between two removals: for so long a traced thread may stand still."""

_HANGS_WHEN_TRACED = sys.version_info < (3, 12)


def raise_in(thread: int) -> None:
    """Raise `NodeCancelled` in the thread of this identifier when it next executes Python."""
    if _HANGS_WHEN_TRACED:
        _UNMARKING.begin(thread)
    _set_exception(thread, _Came)


def let_come() -> None:
    """Let the exception come that may be on its way to this thread, and end it here.

    To take it back would leave the mark behind.
    """
    _hit_oneself()
    _UNMARKING.end(threading.get_ident())


class _Came(NodeCancelled):
    """Tells that it came, in the thread that it came to."""

    def __init__(self) -> None:
        super().__init__()
        _UNMARKING.end(threading.get_ident())


# Whoever logs it, records it or pickles it sees a `NodeCancelled`.
_Came.__name__ = _Came.__qualname__ = NodeCancelled.__name__
_Came.__module__ = NodeCancelled.__module__


class _Unmarking:
    """Removes the mark again and again, in a thread that lives while some thread's exception waits."""

    def __init__(self) -> None:
        self._awaiting: set[int] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        renew_in_forks(self)

    def begin_anew(self) -> None:
        """In a fork only the thread that forked is left, and the mark may stand for one that is not."""
        self._lock, self._thread = threading.Lock(), None
        self._awaiting &= {threading.get_ident()}
        if not self._awaiting:
            _hit_oneself()

    def begin(self, thread: int) -> None:
        """Be told, before it is sent, that an exception will wait for this thread."""
        self._awaiting.add(thread)
        with self._lock:
            if self._thread is None:
                self._start()

    def end(self, thread: int) -> None:
        """Be told that no exception waits for this thread."""
        self._awaiting.discard(thread)

    def _start(self) -> None:
        remover = threading.Thread(target=self._live, name="dagy interrupts", daemon=True)
        # Where no thread can be had, the exception matters more than who is traced meanwhile.
        with suppress(RuntimeError):
            remover.start()
            self._thread = remover

    def _live(self) -> None:
        here = threading.get_ident()
        while True:
            # Untraced, and by calls of C alone: any function of Python could be one that never begins.
            time.sleep(PAUSE)
            sys.settrace(None)
            sys.setprofile(None)
            try:
                _set_exception(here, _Hit)
                while True:
                    pass
            except _Hit:
                pass
            if not self._awaiting:
                with self._lock:
                    if not self._awaiting:
                        self._thread = None
                        return


class _Hit(BaseException):
    """What a thread raises in itself."""


def _hit_oneself() -> None:
    try:
        # It takes the place of one that is on its way to this thread.
        _set_exception(threading.get_ident(), _Hit)
        while True:
            pass
    except (_Hit, NodeCancelled):
        return


_set_exception = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.py_object)(
    ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
)
_UNMARKING = _Unmarking()

"""Functions in, daemon threads that run them out: so many at a time, and a stuck one is replaced.

`concurrent.futures` is not used here on purpose: it joins its threads at the interpreter's exit, so a
stuck body would keep the process from ending.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue

from dagy_nb.runners.forked import renew_in_forks

_LOG = logging.getLogger(__name__)
IDLE_SECONDS = 30.0

Work = Callable[[], None]


class ThreadPool:
    """At most `slots` threads that work; one that was given up does not count."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._is_closed = False
        self.begin_anew()
        renew_in_forks(self)

    def begin_anew(self) -> None:
        """Have no threads and no work: in a fork nobody is left to do it."""
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Work, contextvars.Context]] = deque()
        self._idle: list[Worker] = []
        self._working = 0

    def submit(self, work: Work) -> None:
        """Run `work` in a copy of this context, as soon as a thread is free."""
        item = (work, contextvars.copy_context())
        with self._lock:
            if self._working >= self.slots:
                self._waiting.append(item)
                return
            worker = self._idle.pop() if self._idle else Worker(self)
            self._working += 1
            worker.work = work
        worker.hand(item)

    def give_up(self, worker: Worker, work: Work) -> None:
        """Stop counting a thread whose work does not end; another takes its place.

        A thread that is through with `work` is left alone: it may be at another call's already.
        """
        with self._lock:
            if worker.is_given_up or worker.work != work:
                return
            worker.is_given_up = True
            item = self._take_next()
            if item is None:
                return
            other = Worker(self)
            other.work = item[0]
        other.hand(item)

    def close(self) -> None:
        """Drop what waits and let the threads end after their work; returns at once."""
        with self._lock:
            self._is_closed = True
            self._waiting.clear()
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.hand(None)

    def finish(self, worker: Worker) -> tuple[Work, contextvars.Context] | None:
        """Return what a thread does next; None tells it to wait, or to end where it was given up."""
        with self._lock:
            if worker.is_given_up:
                return None
            item = self._take_next()
            worker.work = None if item is None else item[0]
            if item is None and not self._is_closed:
                self._idle.append(worker)
            return item

    def forget(self, worker: Worker) -> bool:
        """Let an idle thread end; False where work is already on its way to it."""
        with self._lock:
            if worker in self._idle:
                self._idle.remove(worker)
                return True
            return False

    @property
    def is_closed(self) -> bool:
        """Whether no more work is taken."""
        return self._is_closed

    def _take_next(self) -> tuple[Work, contextvars.Context] | None:
        if self._waiting:
            return self._waiting.popleft()
        self._working -= 1
        return None


class Worker:
    """One daemon thread.

    Attributes:
        is_given_up: Its work did not end; it does no other.
        work: What it was given and has not ended; changed under the pool's lock.
    """

    def __init__(self, pool: ThreadPool) -> None:
        self.is_given_up = False
        self.work: Work | None = None
        self._pool = pool
        self._inbox: SimpleQueue[tuple[Work, contextvars.Context] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="dagy node", daemon=True)
        self._thread.start()

    def hand(self, item: tuple[Work, contextvars.Context] | None) -> None:
        """Give the thread its next work; None ends it."""
        self._inbox.put(item)

    def _run(self) -> None:
        _CURRENT.worker = self
        while (item := self._receive()) is not None:
            while item is not None:
                _run_quietly(*item)
                # Let go of the call, its values too, before waiting for the next.
                item = None
                item = self._pool.finish(self)
            if self.is_given_up or self._pool.is_closed:
                return

    def _receive(self) -> tuple[Work, contextvars.Context] | None:
        try:
            return self._inbox.get(timeout=IDLE_SECONDS)
        except Empty:
            return None if self._pool.forget(self) else self._inbox.get()


def _run_quietly(work: Work, context: contextvars.Context) -> None:
    try:
        context.run(work)
    except BaseException:  # noqa: BLE001 - the thread must live on for other calls
        _LOG.exception("A call ended without telling anybody.")


class _Current(threading.local):
    worker: Worker | None = None


_CURRENT = _Current()


def current_worker() -> Worker | None:
    """Return the pool's thread that runs this, or None."""
    return _CURRENT.worker

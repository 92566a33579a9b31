"""A call in, its body in one of a few reused daemon threads out.

At a limit or a cancel the wait is bounded always, the work only where Python lets it be: an exception is
raised in the thread; a Python loop ends by it in milliseconds, a long call into C does not. Such a body is
abandoned: its result is dropped, its thread no longer counts, and the record says `abandoned`.
"""

from __future__ import annotations

import os

from dagy_nb.abc import CallReporter, Enforcement, LiveCall, NodeCall
from dagy_nb.runners.loopcall import LoopCall, run_alone
from dagy_nb.runners.pool import ThreadPool, Worker, current_worker
from dagy_nb.runners.synccall import SyncCall


class ThreadRunner:
    """Runs bodies in threads.

    Args:
        slots: How many bodies run at a time; by default one for each processor, and at least 4.
    """

    name = "thread"
    enforcement = Enforcement.COOPERATIVE

    def __init__(self, slots: int | None = None) -> None:
        self._pool = ThreadPool(slots or max(4, os.cpu_count() or 4))

    def start(self, call: NodeCall, reporter: CallReporter) -> LiveCall:
        """Begin a call when a thread is free."""
        kind = _AsyncThreadCall if call.node_class.traits.is_async else _SyncThreadCall
        made = kind(call, reporter, self._pool)
        self._pool.submit(made.run)
        return made

    def close(self) -> None:
        """Take no more calls; threads end after what they do now."""
        self._pool.close()


class _SyncThreadCall(SyncCall):
    __slots__ = ("_pool", "_worker")

    def __init__(self, call: NodeCall, reporter: CallReporter, pool: ThreadPool) -> None:
        super().__init__(call, reporter)
        self._pool = pool
        self._worker: Worker | None = None

    def run(self) -> None:
        """Run the body in this thread of the pool."""
        self._worker = current_worker()
        super().run()

    def abandon(self) -> None:
        """Let another thread take the place of the one that this body holds."""
        if self._worker is not None and not self._is_over:
            self._pool.give_up(self._worker, self.run)


class _AsyncThreadCall(LoopCall):
    def __init__(self, call: NodeCall, reporter: CallReporter, pool: ThreadPool) -> None:
        super().__init__(call, reporter)
        self._pool = pool
        self._worker: Worker | None = None

    def run(self) -> None:
        """Run the body on an event loop of its own, in this thread of the pool."""
        if self.turn.take():
            self._worker = current_worker()
            run_alone(self)

    def stop(self) -> str:
        """Cancel the body; one that has not begun never will."""
        if self.turn.take():
            return "cancelled"
        self.cancel()
        return "stopping"

    def abandon(self) -> None:
        """Let another thread take the place of the one that this body holds."""
        if self._worker is not None and not self.is_over:
            self._pool.give_up(self._worker, self.run)

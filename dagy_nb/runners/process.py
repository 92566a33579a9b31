"""A call in, its body in a process of its own out: at its limit, that process and all below it are killed.

Each slot has a warm worker process under a guard (`dagy_nb.runners.worker.guard`). Workers import ahead what
this process uses already, one is started before it is needed, and one that served many nodes, grew, or was
left with threads or processes of a node is replaced. Nothing starts before the first call.
"""

from __future__ import annotations

import os

from dagy_nb.abc import CallReporter, Enforcement, LiveCall, NodeCall
from dagy_nb.errors import RunnerError
from dagy_nb.runners.pool import ThreadPool, Worker, current_worker
from dagy_nb.runners.processcall import SupervisedCall
from dagy_nb.runners.supervised import MOST_NODES
from dagy_nb.runners.workers import WorkerPool


class ProcessRunner:
    """Runs bodies in processes.

    Args:
        slots: How many bodies run at a time; by default one for each processor, and at least 2.
        most_nodes: How many nodes a worker serves before a fresh one takes its place.
    """

    name = "process"
    enforcement = Enforcement.HARD

    def __init__(self, slots: int | None = None, *, most_nodes: int = MOST_NODES) -> None:
        slots = slots or max(2, os.cpu_count() or 2)
        self.workers = WorkerPool(slots, most_nodes=most_nodes)
        self._threads = ThreadPool(slots)
        self._is_closed = False

    def start(self, call: NodeCall, reporter: CallReporter) -> LiveCall:
        """Begin a call when a slot is free.

        Raises:
            RunnerError: `runner.closed`.
        """
        if self._is_closed:
            raise RunnerError("The process runner was closed.", code="runner.closed")
        made = _PooledCall(call, reporter, self.workers, self._threads)
        self._threads.submit(made.run)
        return made

    def close(self) -> None:
        """Kill what runs, and end all workers."""
        self._is_closed = True
        self._threads.close()
        self.workers.close()


class _PooledCall(SupervisedCall):
    def __init__(
        self, call: NodeCall, reporter: CallReporter, workers: WorkerPool, threads: ThreadPool
    ) -> None:
        super().__init__(call, reporter, workers)
        self._threads = threads
        self._thread: Worker | None = None

    def run(self, should_stop: object = None) -> None:
        """Run the call in this thread of the pool."""
        self._thread = current_worker()
        super().run()

    def abandon(self) -> None:
        """Let another thread take the place of the one that waits for a process which does not die."""
        if self._thread is not None and not self.is_over:
            self._threads.give_up(self._thread, self.run)

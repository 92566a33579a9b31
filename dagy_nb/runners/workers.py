"""Wishes for a worker in, warm ones out; one is always started ahead while there is work."""

from __future__ import annotations

import sys
import threading
import time
import weakref

from dagy_nb.errors import RunnerError
from dagy_nb.runners.forked import renew_in_forks
from dagy_nb.runners.supervised import GONE_PATIENCE, MOST_NODES, SupervisedWorker
from dagy_nb.runners.worker.surroundings import list_preloaded, take_surroundings


class WorkerPool:
    """Keeps workers that wait for calls.

    Args:
        slots: How many calls run at a time; one worker more than that may live, the spare.
        most_nodes: How many nodes a worker serves before a fresh one takes its place.
    """

    def __init__(self, slots: int, *, most_nodes: int = MOST_NODES) -> None:
        self.slots = slots
        self._most_nodes = most_nodes
        self._begin()
        renew_in_forks(self)

    def begin_anew(self) -> None:
        """Let go of all workers without ending them: they are those of the process that was forked."""
        for worker in self._roster.list_unlocked():
            worker.let_go()
        if self._finalizer.detach() is not None:
            self._begin()

    def _begin(self) -> None:
        self._roster = _Roster()
        # Ends them also where nobody calls `close`, and before the interpreter is torn down.
        self._finalizer = weakref.finalize(self, self._roster.close)

    @property
    def workers(self) -> frozenset[SupervisedWorker]:
        """All workers that live."""
        return self._roster.list_all()

    @property
    def is_closed(self) -> bool:
        """Whether no worker is given any more."""
        return not self._finalizer.alive

    def lease(self) -> SupervisedWorker:
        """Return a worker for one call: a warm one, or a new one.

        Raises:
            RunnerError: `runner.closed`, `runner.no_worker`, `runner.unsupported`.
        """
        while (worker := self._roster.take_idle()) is not None:
            if worker.is_fit():
                return worker
            self.discard(worker)
        return self._make()

    def give_back(self, worker: SupervisedWorker) -> None:
        """Take back a worker that may serve another call."""
        if not self._roster.add_idle(worker):
            self.discard(worker)

    def discard(self, worker: SupervisedWorker) -> None:
        """End a worker."""
        worker.close()
        self._roster.forget(worker)

    def start_spare(self) -> None:
        """Start a worker ahead if none waits."""
        if self._roster.needs_spare(self.slots):
            try:
                self.give_back(self._make())
            except RunnerError:
                # The next call will try again, and tell.
                return

    def close(self) -> None:
        """End all workers, also those that are busy."""
        self._finalizer()

    def _make(self) -> SupervisedWorker:
        if sys.platform == "win32":
            raise RunnerError(
                "Worker processes need Linux or macOS.",
                code="runner.unsupported",
                suggestion="Use the runner `thread`, or WSL.",
            )
        self._roster.begin()
        made = None
        try:
            made = SupervisedWorker(
                take_surroundings(), list_preloaded(), most_nodes=self._most_nodes
            )
        except OSError as error:
            raise RunnerError(
                f"No worker process could be started: {error}",
                code="runner.no_worker",
                suggestion="See that memory and processes are left, or use the runner `thread`.",
            ) from error
        finally:
            self._roster.end_begin(made)
        return made


class _Roster:
    """Which workers there are, and which of them wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._idle: list[SupervisedWorker] = []
        self._all: set[SupervisedWorker] = set()
        self._beginning = 0
        self._is_closed = False

    def list_all(self) -> frozenset[SupervisedWorker]:
        with self._changed:
            return frozenset(self._all)

    def take_idle(self) -> SupervisedWorker | None:
        with self._changed:
            return self._idle.pop() if self._idle else None

    def add_idle(self, worker: SupervisedWorker) -> bool:
        with self._changed:
            if not self._is_closed:
                self._idle.append(worker)
            return not self._is_closed

    def needs_spare(self, slots: int) -> bool:
        with self._changed:
            return not self._idle and not self._beginning and len(self._all) <= slots

    def begin(self) -> None:
        """Count a worker that is being made.

        Raises:
            RunnerError: `runner.closed`.
        """
        with self._changed:
            if self._is_closed:
                raise RunnerError("This runner was closed.", code="runner.closed")
            self._beginning += 1

    def end_begin(self, made: SupervisedWorker | None) -> None:
        with self._changed:
            self._beginning -= 1
            if made is not None:
                self._all.add(made)
                if self._is_closed:
                    made.kill()
            self._changed.notify_all()

    def list_unlocked(self) -> frozenset[SupervisedWorker]:
        """Return all workers, in a fork: there the lock may be held by nobody for ever."""
        return frozenset(self._all)

    def forget(self, worker: SupervisedWorker) -> None:
        with self._changed:
            self._all.discard(worker)
            self._changed.notify_all()

    def close(self) -> None:
        """End all workers; those that are busy are let go of by the threads that have them."""
        with self._changed:
            self._is_closed = True
            idle, self._idle = self._idle, []
            for worker in self._all:
                worker.kill()
        for worker in idle:
            worker.close()
            self.forget(worker)
        ends = time.monotonic() + GONE_PATIENCE
        with self._changed:
            while (self._all or self._beginning) and (left := ends - time.monotonic()) > 0:
                self._changed.wait(left)

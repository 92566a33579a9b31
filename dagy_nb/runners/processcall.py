"""A call in, its body run by one supervised worker out: sent, heard, stopped, and told of exactly once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from dagy_nb.abc import CallReporter, NodeCall, Outcome
from dagy_nb.engine.fault import describe_exception
from dagy_nb.engine.output import NodeOutput
from dagy_nb.errors import RunnerError
from dagy_nb.runners.death import Death, describe_death
from dagy_nb.runners.edits import warn_of_edits
from dagy_nb.runners.streamlines import StreamLines
from dagy_nb.runners.supervised import SupervisedWorker
from dagy_nb.runners.turn import Turn
from dagy_nb.runners.worker.codec import Buffer
from dagy_nb.runners.worker.frames import Frame, Kind
from dagy_nb.runners.worker.main import RETIRED_EXIT
from dagy_nb.runners.worker.message import pack_call, refuse, unpack_outcome
from dagy_nb.runners.worker.sender import PROGRESS
from dagy_nb.runners.worker.surroundings import take_surroundings
from dagy_nb.runners.workers import WorkerPool

LATE_PATIENCE = 30.0
"""Seconds to wait for the driver's word about a body which the guard ended at its limit."""
POLL_SECONDS = 0.05
MOST_TRIES = 5
"""How many workers a call may meet that do not begin it."""


class SupervisedCall:
    """One call (`dagy_nb.abc.LiveCall`); `run` belongs to one thread, the rest to any.

    Args:
        call: What to run.
        reporter: Who hears of it.
        workers: Where a worker comes from.
    """

    def __init__(self, call: NodeCall, reporter: CallReporter, workers: WorkerPool) -> None:
        self.call = call
        self._reporter = reporter
        self._workers = workers
        self._turn = Turn()
        self._lock = threading.Lock()
        self._stop_asked = threading.Event()
        self._worker: SupervisedWorker | None = None
        self._is_started = False
        self._is_stale = False
        self._tries = MOST_TRIES
        self._is_over = False
        self._ended: Frame | None = None
        self._output = NodeOutput(reporter, time.monotonic)
        self._streams = {level: StreamLines(level, self._output) for level in ("STDOUT", "STDERR")}

    @property
    def is_over(self) -> bool:
        """Whether the reporter has heard of the end."""
        return self._is_over

    def run(self, should_stop: Callable[[], bool] | None = None) -> None:
        """Run the call to its end in this thread, unless it was stopped before.

        Args:
            should_stop: Asked every `POLL_SECONDS`; where it says yes, the call is stopped.
        """
        if not self._turn.take():
            return
        try:
            self._run(should_stop)
        except RunnerError as error:
            # There is no worker for it.
            self._end(replace(refuse(error, self.call), crashed=True, broke_contract=False))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the run must hear of an end
            self._drop_worker()
            self._end(Outcome(error=describe_exception(error), exception=error, crashed=True))

    def stop(self) -> str:
        """Have everything of the call killed, after a moment for its `on_cancel` if it has one."""
        if self._turn.take():
            return "cancelled"
        with self._lock:
            self._stop_asked.set()
            worker = self._worker
            is_polite = self._is_started and "on_cancel" in self.call.node_class.traits.hooks
            if worker is None:
                # It has none yet, or is over.
                return "killing"
            if is_polite:
                worker.send_stop()
            else:
                worker.kill()
            return "killing"

    def abandon(self) -> None:
        """Do nothing more: the system does not let go of a process that was killed."""

    # --- what the worker says -------------------------------------------------------------------

    def hear(self, frame: Frame) -> None:
        """Take a frame from the worker."""
        match frame.kind:
            case Kind.STARTED:
                self._is_started = True
                self._reporter.started()
            case Kind.LINE:
                level, _, text = bytes(frame.buffers[0]).decode().partition("\n")
                self._reporter.wrote(level, text)
            case Kind.PROGRESS:
                (fraction,) = PROGRESS.unpack(frame.buffers[0])
                self._reporter.progressed(fraction, bytes(frame.buffers[1]).decode())
            case Kind.ENDED:
                self._ended = frame
            case Kind.STALE:
                self._is_stale = True

    def read(self, level: str, text: bytes) -> None:
        """Take what was written to a stream of the worker."""
        self._streams[level].take(text)

    # --- the road -------------------------------------------------------------------------------

    def _run(self, should_stop: Callable[[], bool] | None) -> None:
        try:
            packed = self._pack()
        except RunnerError as error:
            self._end(refuse(error, self.call))
            return
        while not self._carry(packed, should_stop):
            # The worker retired in that very moment, or had loaded what has changed since.
            self._is_stale = False

    def _pack(self) -> list[Buffer]:
        warn_of_edits(self.call, self._reporter)
        return pack_call(self.call, take_surroundings()).list_buffers()

    def _unpack(self, buffers: list[Buffer]) -> tuple[Outcome, str]:
        return unpack_outcome(buffers, self.call)

    def _carry(self, packed: list[Buffer], should_stop: Callable[[], bool] | None) -> bool:
        worker = self._take_worker()
        if worker is None:
            self._tell_stopped("killed")
            return True
        worker.send_call(packed)
        self._workers.start_spare()
        self._listen(worker, should_stop)
        return self._finish(worker)

    def _take_worker(self) -> SupervisedWorker | None:
        worker = self._workers.lease()
        with self._lock:
            if not self._stop_asked.is_set():
                self._worker = worker
                return worker
        self._workers.give_back(worker)
        return None

    def _listen(self, worker: SupervisedWorker, should_stop: Callable[[], bool] | None) -> None:
        patience = None if should_stop is None else POLL_SECONDS
        while self._ended is None and not self._is_stale and not worker.is_dead:
            worker.listen(self, patience)
            if should_stop is not None and not self._stop_asked.is_set() and should_stop():
                self.stop()

    def _finish(self, worker: SupervisedWorker) -> bool:
        """Tell how it ended; return False where another worker must try, since the body never began."""
        with self._lock:
            ended = None if self._stop_asked.is_set() else self._ended
            if ended is not None:
                # From here on a stop finds nothing to kill.
                self._worker = None
        if ended is not None:
            self._finish_normally(worker, ended)
            return True
        return self._finish_dead(worker)

    def _finish_dead(self, worker: SupervisedWorker) -> bool:
        worker.kill()
        is_gone = worker.wait_gone(self)
        death = worker.describe_death()
        with self._lock:
            self._worker = None
        self._workers.discard(worker)
        if death.is_late:
            # Only the driver can say that a limit was passed; it may have been frozen.
            self._stop_asked.wait(LATE_PATIENCE)
        if self._stop_asked.is_set():
            self._close_output()
            self._tell_stopped("killed" if is_gone else "abandoned")
            return True
        if self._may_try_again(death):
            return False
        self._close_output()
        self._end(self._describe(death))
        return True

    def _may_try_again(self, death: Death) -> bool:
        """Whether another worker may run the call, since its body never began."""
        is_retired = death.status == RETIRED_EXIT << 8
        # One that waited may have been killed from outside just then; reading the inputs may kill each.
        is_first = self._tries == MOST_TRIES
        self._tries -= 1
        may = self._is_stale or is_retired or is_first
        return may and not self._is_started and self._tries > 0

    def _describe(self, death: Death) -> Outcome:
        if not self._workers.is_closed:
            return describe_death(death, self.call)
        closed = RunnerError(
            f"The process runner was closed while {self.call.node_id} ran; its process was ended.",
            code="runner.closed",
        )
        return replace(refuse(closed, self.call), crashed=True, broke_contract=False)

    def _finish_normally(self, worker: SupervisedWorker, ended: Frame) -> None:
        try:
            worker.drain(self)
            outcome, spent = self._unpack(ended.buffers)
        except BaseException:
            self._workers.discard(worker)
            raise
        self._ended = None
        del ended
        if spent:
            worker.kill()
            worker.wait_gone(self)
            self._workers.discard(worker)
        else:
            self._workers.give_back(worker)
        self._close_output()
        self._end(outcome)

    def _close_output(self) -> None:
        for stream in self._streams.values():
            stream.close()
        self._output.close()

    def _end(self, outcome: Outcome) -> None:
        self._is_over = True
        self._reporter.ended(outcome)

    def _tell_stopped(self, how: str) -> None:
        self._is_over = True
        self._reporter.stopped(how)

    def _drop_worker(self) -> None:
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            self._workers.discard(worker)

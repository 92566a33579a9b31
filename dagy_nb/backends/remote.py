"""Facts and the end of a run that goes on elsewhere in; a run that can be watched and cancelled here out.

Everything is recorded here, by the process that submitted the run: so it has one writer, and ends in the
records also where nobody elsewhere can say so any more.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from dagy_nb.backends.cargo import Harvest, unpack_values
from dagy_nb.backends.losing import end_lost_runs
from dagy_nb.engine.delivery import Delivery, Subscriber
from dagy_nb.engine.fault import tell_frames
from dagy_nb.engine.plan import describe_queued, require_node, require_step
from dagy_nb.model.event import (
    CancelRequested,
    ErrorFact,
    Event,
    LogWritten,
    RunEnded,
    RunQueued,
    RunStarted,
)
from dagy_nb.model.state import RunState
from dagy_nb.store.fold import RunFold

if TYPE_CHECKING:
    from dagy_nb.abc import Submission

_LOG = logging.getLogger(__name__)
PATIENCE = 10.0
"""Seconds for the far side to end a run that was cancelled or ran too long; then its process is ended."""
TICK = 0.05
_NO_END = ErrorFact(
    type="RunLost",
    code="backend.lost",
    message="The other process came back without the end of the run.",
)

Action = Callable[[], None]


class RemoteRun:
    """A run that another process carries (`dagy_nb.abc.RunControl`).

    Backends make their own kind of it: `ask` passes a request on, `force` ends the process, `look` is called
    every `TICK` where there is something to poll.

    Attributes:
        plan: What is carried through.
        run_id: The run.
        done: Set when the run is over, everything is recorded and every subscriber has heard of it.
        is_late: Its process is ended since it did not end the run at its limit.
    """

    polls = False

    def __init__(self, submission: Submission, *, parent_run_id: str | None = None) -> None:
        self.plan = submission.plan
        self.run_id: str = submission.plan.run_id
        self.done = threading.Event()
        self.is_late = False
        self.clock = submission.clock
        self._submission = submission
        self._parent = submission.parent_run_id if parent_run_id is None else parent_run_id
        self._own = Delivery(self.run_id, submission.record, submission.subscribers)
        self._inner = Delivery(self.run_id, submission.record, ())
        self._fold = RunFold()
        self._lock = threading.Lock()
        self._queue: SimpleQueue[Action] = SimpleQueue()
        self._outputs: dict[str, Any] = {}
        self._exceptions: dict[str, BaseException] = {}
        self._ended: RunEnded | None = None
        self._is_over = False
        self._is_cancelled = False
        self._force_at: tuple[float, RunState] | None = None

    # --- what backends add ------------------------------------------------------------------------

    def ask(self, node_id: str, by: str, run_id: str = "") -> None:
        """Pass a request to cancel on to the far side.

        Args:
            node_id: A node; empty for the whole run.
            by: Who asks.
            run_id: The run inside a node that is meant; empty for this one.
        """
        raise NotImplementedError

    def force(self) -> None:
        """End the far side's process: it did not end the run in time."""
        raise NotImplementedError

    def look(self) -> None:
        """Look for news."""

    def let_go(self) -> None:
        """Let go of what the run held; it is over."""

    # --- what the session sees --------------------------------------------------------------------

    @property
    def state(self) -> RunState:
        """Where the run is now."""
        with self._lock:
            return self._fold.run(self.run_id).state

    @property
    def outputs(self) -> Mapping[str, Any]:
        """`node.output` → value, once the run is over; empty before."""
        return dict(self._outputs)

    @property
    def exceptions(self) -> Mapping[str, BaseException]:
        """Node id → exception, once the run is over, of those that could travel."""
        return dict(self._exceptions)

    @property
    def recording_error(self) -> Exception | None:
        """Why the store did not take the last facts, or None."""
        return self._own.error or self._inner.error

    def cancel(self, node_id: str = "", *, by: str = "") -> None:
        """Ask the run, or one node of it, to end.

        Raises:
            UnknownName: `unknown.node`.
        """
        if node_id:
            require_step(self.plan, node_id)
        self.post(lambda: self._cancel(node_id, by))

    def list_inner(self) -> list[str]:
        """Return the ids of the runs that go on inside nodes of this one, at every depth."""
        with self._lock:
            known = self._fold.known_runs()
            return [
                each.run_id
                for each in known
                if each.run_id != self.run_id and not each.state.is_final
            ]

    def cancel_inner(self, run_id: str, node_id: str = "", *, by: str = "") -> bool:
        """Ask a run inside a node of this one to end, or one node of it; return whether it goes on.

        Raises:
            UnknownName: `unknown.node`.
        """
        if run_id not in self.list_inner():
            return False
        if node_id:
            with self._lock:
                nodes = self._fold.run(run_id).nodes
            require_node(run_id, node_id, nodes)
        self.post(lambda: self.ask(node_id, by, run_id))
        return True

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds for the end; return whether it came."""
        return self.done.wait(timeout)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call `callback` with every fact from now on, in the run's thread; return what ends that."""
        return self._own.subscribe(callback)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.run_id} {self.state}>"

    # --- what the far side brings -----------------------------------------------------------------

    def begin(self) -> None:
        """Record that the run is accepted, and start its thread."""
        self._deliver(
            [
                describe_queued(
                    self.plan,
                    at=self.clock.now(),
                    flow_hash=self._submission.flow_hash,
                    parent_run_id=self._parent,
                    backend=self._submission.backend,
                    backend_reason=self._submission.backend_reason,
                )
            ]
        )
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(self._drive,), name=f"dagy run {self.run_id}", daemon=True
        ).start()

    def take(self, events: tuple[Event, ...]) -> None:
        """Take facts of the far side; any thread may call this."""
        self.post(lambda: self._take(events))

    def finish(self, harvest: Harvest) -> None:
        """Hear that the far side is through; any thread may call this."""
        self.post(lambda: self._finish(harvest))

    def lose(self, error: ErrorFact | None, state: RunState = RunState.FAILED) -> None:
        """Hear that the far side is gone; any thread may call this."""
        self.post(lambda: self._lose(error, state))

    def post(self, action: Action) -> None:
        """Do something in the run's thread; nothing is done any more once the run is over."""
        self._queue.put(action)

    # --- the run's thread -------------------------------------------------------------------------

    def _drive(self) -> None:
        try:
            while not self._is_over:
                self._act()
        except BaseException as error:  # noqa: BLE001 - the run must end, whatever this is
            _LOG.exception("Run %s cannot be carried on.", self.run_id)
            self._give_up(error)
        finally:
            self.done.set()

    def _give_up(self, error: BaseException) -> None:
        if not self._is_over:
            # Nobody would hear of it any more.
            self._force_quietly()
            fact = ErrorFact(type=type(error).__name__, code="backend.failed", message=str(error))
            self._lose(fact, RunState.FAILED)

    def _act(self) -> None:
        patience = TICK if self.polls or self._force_at is not None else None
        with suppress(Empty):
            self._queue.get(timeout=patience)()
        if self.polls and not self._is_over:
            self.look()
        if self._force_at is not None and time.monotonic() > self._force_at[0]:
            state, self._force_at = self._force_at[1], None
            self._force(state)

    def _cancel(self, node_id: str, by: str) -> None:
        if not node_id:
            self._is_cancelled = True
            self._force_in(PATIENCE, RunState.CANCELLED)
        if self._ended is None:
            self.ask(node_id, by)

    def _force_in(self, seconds: float, state: RunState) -> None:
        if self._force_at is None or self._force_at[1] is not RunState.CANCELLED:
            self._force_at = (time.monotonic() + seconds, state)

    def _forget_limit(self) -> None:
        """Let its outputs take as long as they take: the run itself ended in time."""
        if self._force_at is not None and self._force_at[1] is RunState.TIMED_OUT:
            self._force_at = None

    def _force(self, state: RunState) -> None:
        if self._is_over:
            return
        self.is_late = state is RunState.TIMED_OUT
        self._force_quietly()
        error = None
        if state is RunState.TIMED_OUT:
            error = ErrorFact(
                type="NodeTimeout",
                code="run.timed_out",
                message=f"The run took longer than its limit of {self.plan.timeout:g} s, and its process "
                "did not end it.",
                suggestion="Give nodes that cannot be interrupted the runner `process`.",
            )
        self._lose(error, state)

    def _force_quietly(self) -> None:
        try:
            self.force()
        except Exception:  # noqa: BLE001 - plug-ins make kinds of it
            _LOG.exception("The process of run %s cannot be ended.", self.run_id)

    def _take(self, events: tuple[Event, ...]) -> None:
        kept = []
        for event in events:
            if event.run_id == self.run_id and isinstance(event, RunQueued):
                continue
            if event.run_id == self.run_id and isinstance(event, RunEnded):
                # Told when its outputs are here: who waits for the end asks for them next.
                self._ended = event
                self._forget_limit()
                continue
            kept.append(event)
        self._deliver(kept)

    def _finish(self, harvest: Harvest) -> None:
        if self._ended is None:
            self._lose(_NO_END, RunState.FAILED)
            return
        outputs, lost = unpack_values(harvest.outputs)
        exceptions, _ = unpack_values(harvest.exceptions)
        self._outputs, self._exceptions = outputs, self._tell_frames(exceptions)
        now = self.clock.now()
        told: list[Event] = [
            LogWritten(
                at=now,
                run_id=self.run_id,
                node_id=name.partition(".")[0],
                level="WARNING",
                text=f"The output {name} came, but cannot be read here: {why}",
            )
            for name, why in lost.items()
        ]
        self._end([*told, self._ended])

    def _tell_frames(self, came: Mapping[str, Any]) -> dict[str, BaseException]:
        nodes = self._fold.run(self.run_id).nodes
        # A class of the user's own may be something else after its pickle.
        exceptions = {name: each for name, each in came.items() if isinstance(each, BaseException)}
        for node_id, error in exceptions.items():
            tell_frames(error, nodes[node_id].error)
        return exceptions

    def _lose(self, error: ErrorFact | None, state: RunState) -> None:
        if self._ended is not None and self._ended.state is not RunState.COMPLETED:
            # Only its values are lost.
            self._end([self._ended])
            return
        if self._is_cancelled and state is RunState.FAILED:
            error, state = None, RunState.CANCELLED
        with self._lock:
            facts = end_lost_runs(self._fold, self.clock.now(), state, error)
        self._end(facts)

    def _end(self, facts: list[Event]) -> None:
        self._is_over = True
        self._deliver(facts)
        try:
            self.let_go()
        finally:
            self.done.set()

    def _deliver(self, events: list[Event]) -> None:
        with self._lock:
            for event in events:
                self._fold.apply(event)
        for event in events:
            (self._own if event.run_id == self.run_id else self._inner).add(event)
        self._inner.flush()
        self._own.flush()
        if self.plan.timeout is not None and self._force_at is None and self._starts(events):
            self._force_in(self.plan.timeout + PATIENCE, RunState.TIMED_OUT)

    def tell_cancel(self, by: str) -> None:
        """Record that somebody asked to cancel the run, where the far side cannot."""
        self._deliver([CancelRequested(at=self.clock.now(), run_id=self.run_id, by=by)])

    def _starts(self, events: list[Event]) -> bool:
        return any(type(each) is RunStarted and each.run_id == self.run_id for each in events)

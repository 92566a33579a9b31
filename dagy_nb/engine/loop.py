"""A plan and runners in, one run carried through out: the only loop of the engine (D7).

A run lives in a daemon thread of its own with one queue. Runners, cancels and timers post signals, the
machine answers with instructions. Facts are written before a body begins that might end this process.
Inline bodies run on this very thread; where one holds it up, another thread takes the baton and goes on
(`dagy_nb.engine.relief`).
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from dagy_nb.abc import Outcome
from dagy_nb.engine.deadline import Timers
from dagy_nb.engine.fault import describe_exception
from dagy_nb.engine.inquiry import Inquiry
from dagy_nb.engine.keeping import NOTHING
from dagy_nb.engine.machine import RunMachine
from dagy_nb.engine.relief import WATCH
from dagy_nb.engine.reporter import CallSignals
from dagy_nb.engine.routing import ROUTER
from dagy_nb.engine.signals import (
    Abandon,
    ArmTimer,
    CancelAsked,
    DisarmTimer,
    DropOutputs,
    Finish,
    GiveError,
    KeepOutputs,
    ReasonFound,
    RunBegun,
    Said,
    Signal,
    Start,
    Stop,
    StopAnswered,
    Timer,
    TimerFired,
)
from dagy_nb.engine.values import RunValues
from dagy_nb.errors import NodeTimeout
from dagy_nb.model.event import EVENT_TYPES, Event, NodeEnded, NodesReused
from dagy_nb.model.spec import RunnerName
from dagy_nb.model.state import BROKEN_STATES, NodeState, RunState

if TYPE_CHECKING:
    from dagy_nb.abc import Clock, LiveCall, Runner
    from dagy_nb.engine.delivery import Delivery
    from dagy_nb.engine.output_store import OutputStore
    from dagy_nb.engine.plan import Plan
    from dagy_nb.engine.shelf import Shelf
    from dagy_nb.engine.tap_shelf import TapShelf

_LOG = logging.getLogger(__name__)
MAX_BATCH = 256
_HURRIED = frozenset({RunState.CANCELLED, RunState.TIMED_OUT})
_INLINE = RunnerName.INLINE

Entry = tuple[Signal | Callable[[], None] | None, Outcome | None]


class RunLoop:
    """Carries one run through.

    Attributes:
        machine: Decides.
        values: Outputs of the nodes that completed.
        exceptions: Node id → exception of the nodes that failed or ran past their limit.
        holds_failures: A node, or what one ran inside itself, failed or was cancelled.
        done: Set when the run is over and everything is told.
    """

    def __init__(
        self,
        plan: Plan,
        runners: Mapping[str, Runner],
        delivery: Delivery,
        clock: Clock,
        outputs: OutputStore | None = None,
    ) -> None:
        self.machine = RunMachine(plan)
        self.values = RunValues(plan)
        self.exceptions: dict[str, BaseException] = {}
        self.holds_failures = False
        self.done = threading.Event()
        self._plan = plan
        self._steps = plan.steps.by_id
        self._runners = runners
        self._delivery = delivery
        self._clock = clock
        self._context = contextvars.copy_context()
        self._queue: SimpleQueue[Entry] = SimpleQueue()
        self._timers: Timers[Timer] = Timers()
        self._calls: dict[str, LiveCall] = {}
        self._bodies: deque[Callable[[object], None]] = deque()
        self._waiting: dict[str, int] = {}
        self._lock = threading.Lock()
        self._baton = threading.Lock()  # whoever takes it drives
        self._holds_router = False
        self._held_since: float | None = None
        self._is_finished = False
        self._left: Iterable[Said] = ()
        self._inquiry = Inquiry(clock)
        self.shelf = self._make_shelf(outputs)
        self._acts: dict[type[Said], Callable[[Any, Outcome | None], None]] = {
            **dict.fromkeys(EVENT_TYPES.values(), self._tell),
            NodeEnded: self._tell_end,
            NodesReused: self._tell_reused,
            Start: self._start,
            Stop: self._stop,
            Abandon: self._abandon,
            ArmTimer: self._arm,
            DisarmTimer: self._disarm,
            KeepOutputs: self._keep,
            GiveError: self._give,
            DropOutputs: self._drop,
            Finish: self._finish,
        }

    def _make_shelf(self, outputs: OutputStore | None) -> Shelf | TapShelf | None:
        if outputs is None:
            return None
        if self._plan.keeping == NOTHING:
            from dagy_nb.engine.tap_shelf import TapShelf

            return TapShelf(self._plan, self.values, outputs, self._clock)
        from dagy_nb.engine.shelf import Shelf

        return Shelf(
            self._plan,
            self.values,
            outputs,
            self._clock,
            decide=self._inquiry.decide,
            serve=self._inquiry.serve,
            later=lambda act: self._queue.put((act, None)),
        )

    def begin(self) -> None:
        """Start the run's thread."""
        ROUTER.hold()
        self._holds_router = True
        if any(
            step.runner == RunnerName.INLINE and not step.spec.is_async for step in self._plan.steps
        ):
            WATCH.add(self)
        self.post(RunBegun(at=self._clock.now()))
        self._spawn()

    def give_up(self) -> None:
        """End a run whose start was interrupted, whether its thread is there already or not."""
        self.post(CancelAsked(at=self._clock.now(), by="interrupt"))
        self._spawn()

    def post(self, signal: Signal | None, outcome: Outcome | None = None) -> None:
        """Pass a signal to the run, from any thread; None makes it look at its clock."""
        self._queue.put((signal, outcome))

    def relieve(self, before: float) -> None:
        """Go on in a new thread if a body has held this one since `before` (monotonic seconds)."""
        with self._lock:
            if self._held_since is None or self._held_since > before:
                return
            self._held_since = None
            self._baton = threading.Lock()
        self._spawn()

    def _spawn(self) -> None:
        context = self._context.copy()
        threading.Thread(
            target=context.run,
            args=(self._drive, self._baton),
            name=f"dagy run {self._plan.run_id}",
            daemon=True,
        ).start()

    # --- the loop -----------------------------------------------------------------------------

    def _drive(self, baton: threading.Lock) -> None:
        if not baton.acquire(blocking=False):
            return
        try:
            while baton is self._baton and not self._is_finished:
                self._take_signals()
                if self._timers.armed:
                    self._fire_timers()
                if not self._queue.empty():
                    continue
                if self._bodies:
                    self._bodies.popleft()(baton)
                elif not self._is_finished:
                    self._delivery.flush()
                    self._wait()
        except BaseException as error:  # noqa: BLE001 - the run must end, whatever this is
            _LOG.exception("Run %s cannot be carried on.", self._plan.run_id)
            self._collapse(error)

    def _take_signals(self) -> None:
        for _ in range(min(self._queue.qsize(), MAX_BATCH)):
            self._take(*self._queue.get_nowait())

    def _take(
        self, signal: Signal | Callable[[], None] | None, outcome: Outcome | None = None
    ) -> None:
        if signal is None:
            return
        if isinstance(signal, Signal):
            self._handle(signal, outcome)
        else:
            signal()
        if self._inquiry.has_news and self.shelf is not None:
            for answer in self._inquiry.answer(self.shelf.ask):
                self._handle(answer, None)
                if isinstance(answer, ReasonFound):
                    self._hand_out(answer.node_id, answer.attempt)
        if len(self._delivery.pending) > MAX_BATCH:
            self._delivery.flush()

    def _handle(self, signal: Signal, outcome: Outcome | None) -> None:
        acts, line = self._acts, iter(self.machine.handle(signal))
        try:
            for instruction in line:
                acts[type(instruction)](instruction, outcome)
        except BaseException:
            self._left = line
            raise

    def _fire_timers(self) -> None:
        for timer in self._timers.pop_due(self._clock.monotonic()):
            self._take(TimerFired(at=self._clock.now(), timer=timer))

    def _wait(self) -> None:
        with suppress(Empty):
            self._take(*self._queue.get(timeout=self._timers.patience(self._clock.monotonic())))

    def _run_waiting(self, node_id: str, attempt: int, baton: object) -> None:
        """Make the call of a step that waited for this thread, and run its body."""
        if self._waiting.pop(node_id, None) != attempt:
            return
        made = self._make_call(node_id, attempt)
        if made is not None:
            self._run_body(*made, baton)

    def _run_body(self, call: Any, reporter: CallSignals, baton: object) -> None:
        self._handle(reporter.make_begun(), None)
        reporter.is_begun = True
        self._delivery.flush()
        self._held_since = time.monotonic()
        call.run_here()
        with self._lock:
            if baton is self._baton:
                self._held_since = None

    def _collapse(self, error: BaseException) -> None:
        """End the run after a fault of the engine's own, so that nobody waits for ever."""
        for instruction in self._left:
            with suppress(Exception):  # the first fault is told already
                self._acts[type(instruction)](instruction, None)
        if not self.machine.state.is_final:
            for instruction in self.machine.collapse(self._clock.now(), describe_exception(error)):
                self._acts[type(instruction)](instruction, None)

    # --- instructions -------------------------------------------------------------------------

    def _tell(self, event: Event, _: Outcome | None) -> None:
        self._delivery.add(event)

    def _tell_end(self, event: NodeEnded, outcome: Outcome | None) -> None:
        self._delivery.add(event)
        self._calls.pop(event.node_id, None)
        if event.state in BROKEN_STATES:
            self.holds_failures = True
        if event.error is not None:
            self._keep_exception(event, outcome)
        if self.shelf is not None:
            self.shelf.end(event)

    def _tell_reused(self, event: NodesReused, _: Outcome | None) -> None:
        self._delivery.add(event)
        for each in event.nodes:
            self.values.keep(each.node_id, self._inquiry.take_served(each.node_id))

    def _keep_exception(self, event: NodeEnded, outcome: Outcome | None) -> None:
        if event.state is NodeState.TIMED_OUT and event.error is not None:
            self.exceptions[event.node_id] = NodeTimeout(
                event.error.message, code=event.error.code, suggestion=event.error.suggestion
            )
        elif outcome is not None and outcome.exception is not None:
            self.exceptions[event.node_id] = outcome.exception

    def _start(self, instruction: Start, _: Outcome | None) -> None:
        node_id, attempt = instruction.node_id, instruction.attempt
        if self.shelf is not None and self.shelf.is_asked and attempt == 1:
            self._inquiry.add(self._steps[node_id], attempt)
        else:
            self._hand_out(node_id, attempt)

    def _hand_out(self, node_id: str, attempt: int) -> None:
        step = self._steps[node_id]
        if step.runner == _INLINE and not step.spec.is_async:
            # Its call is made when this thread comes to it, so that thousands that wait take little.
            self._waiting[node_id] = attempt
            self._bodies.append(partial(self._run_waiting, node_id, attempt))
            return
        made = self._make_call(node_id, attempt)
        if made is not None:
            self._bodies.append(partial(self._run_body, *made))

    def _make_call(self, node_id: str, attempt: int) -> tuple[LiveCall, CallSignals] | None:
        """Hand an attempt to its runner; return it where its body is to run in this thread."""
        step = self._steps[node_id]
        reporter = CallSignals(node_id, attempt, self._clock, self.post)
        try:
            if node_id in self._inquiry.refused:
                raise self._inquiry.refused[node_id]
            if self.shelf is not None:
                self.shelf.enter(step)
            call = self.values.make_call(step, attempt)
            live = self._runners[step.runner].start(call, reporter)
        except Exception as error:  # noqa: BLE001 - any runner may be plugged in
            fact = describe_exception(error, node_id=node_id, attempt=attempt)
            is_crash = node_id not in self._inquiry.refused
            reporter.ended(Outcome(error=fact, exception=error, crashed=is_crash))
            return None
        self._calls[node_id] = live
        return (live, reporter) if hasattr(live, "run_here") else None

    def _stop(self, instruction: Stop, _: Outcome | None) -> None:
        live = self._calls.get(instruction.node_id)
        how = "stopping" if live is None else live.stop()
        was_asked = self._inquiry.withdraw(instruction.node_id)
        if self._waiting.pop(instruction.node_id, None) is not None or was_asked:
            how = "cancelled"  # nothing of it began
        self.post(
            StopAnswered(
                at=self._clock.now(),
                node_id=instruction.node_id,
                attempt=instruction.attempt,
                how=how,
            )
        )

    def _abandon(self, instruction: Abandon, _: Outcome | None) -> None:
        live = self._calls.get(instruction.node_id)
        if live is not None:
            live.abandon()

    def _arm(self, instruction: ArmTimer, _: Outcome | None) -> None:
        self._timers.arm(instruction.timer, self._clock.monotonic() + instruction.seconds)

    def _disarm(self, instruction: DisarmTimer, _: Outcome | None) -> None:
        self._timers.disarm(instruction.timer)

    def _keep(self, instruction: KeepOutputs, outcome: Outcome | None) -> None:
        if outcome is not None:
            self.values.keep(instruction.node_id, outcome.outputs or {})
            self.holds_failures |= outcome.holds_failures
            if self.shelf is not None:
                self.shelf.take(instruction.node_id, outcome)

    def _give(self, instruction: GiveError, _: Outcome | None) -> None:
        outputs = dict.fromkeys(instruction.outputs, instruction.error)
        self.values.keep(instruction.node_id, outputs)
        if self.shelf is not None:
            self.shelf.give(instruction.node_id, instruction.outputs, instruction.error)

    def _drop(self, instruction: DropOutputs, _: Outcome | None) -> None:
        if not self._plan.keep_outputs:
            self.values.drop(instruction.node_id)
        elif self.shelf is not None:
            self.shelf.spill(instruction.node_id)

    def _finish(self, _: Finish, __: Outcome | None) -> None:
        self._is_finished = True
        WATCH.remove(self)
        self._delivery.flush()
        if self.shelf is not None:
            self.shelf.finish(is_hurried=self.machine.state in _HURRIED)
        if self._holds_router:
            ROUTER.release()
        self.done.set()

"""Signals in, instructions out: the pure machine that decides every state of one run (D7).

It has no clock, no threads, no I/O, and sees no user's value. Every change of state goes through the tables
of `dagy_nb.model.state`. What it holds to, in any order of signals:

- each planned node ends in exactly one final state, told by exactly one `NodeEnded`, and nothing is told of
  a node after that;
- a step starts only after every step before it ended, and never after a cancel or the run's limit;
- what a runner says of an attempt that is over is ignored.

A stop has two halves: the node is told to end, and its state turns when the runner says that the body ended,
or when the grace is over; then the call is abandoned. Which of both happened stands in
`NodeEnded.enforcement`. How steps hinder each other is written in `dagy_nb.engine.fate`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from dagy_nb.engine.fate import Ending, Harm, end_step, judge_inputs, judge_run
from dagy_nb.engine.fault import describe_overrun, describe_run_overrun
from dagy_nb.engine.outbox import Outbox
from dagy_nb.engine.plan import Plan, find_dependents
from dagy_nb.engine.signals import (
    Abandon,
    ArmTimer,
    AttemptBegun,
    AttemptEnded,
    CancelAsked,
    DisarmTimer,
    DropOutputs,
    Finish,
    GiveError,
    Instruction,
    KeepOutputs,
    LineWritten,
    ProgressMade,
    RunBegun,
    Signal,
    Start,
    Stop,
    StopAnswered,
    Timer,
    TimerFired,
    TimerKind,
)
from dagy_nb.engine.steprun import StepRun
from dagy_nb.model.event import ErrorFact, Preview
from dagy_nb.model.flow import FailurePolicy
from dagy_nb.model.spec import RunnerName
from dagy_nb.model.state import (
    NodeState,
    Reason,
    RunState,
    check_run_transition,
)

GRACE = 0.1
"""Seconds which the driver waits for a body that was told to end."""

OVER = frozenset({"cancelled", "killed", "abandoned"})


class RunMachine:
    """One run of a plan.

    Example:
        ```python
        machine = RunMachine(plan)
        for instruction in machine.handle(RunBegun(at=clock.now())):
            ...
        ```
    """

    def __init__(self, plan: Plan, *, grace: float = GRACE) -> None:
        self.plan = plan
        self.state = RunState.QUEUED
        self._grace = grace
        self._steps = {step.node_id: StepRun(step) for step in plan.steps}
        self._endings: dict[str, Ending] = {}
        self._open = len(plan.steps)
        self._ready: deque[StepRun] = deque()
        self._halted = False
        self._forced: RunState | None = None
        self._error: ErrorFact | None = None
        self._out = Outbox(plan.run_id)
        self._handlers: dict[type[Signal], Callable[[Any], None]] = {
            RunBegun: self._begin_run,
            AttemptBegun: self._begin_attempt,
            AttemptEnded: self._end_attempt,
            StopAnswered: self._hear_stop,
            LineWritten: self._pass_line,
            ProgressMade: self._pass_progress,
            TimerFired: self._hear_timer,
            CancelAsked: self._hear_cancel,
        }

    def handle(self, signal: Signal) -> list[Instruction]:
        """Take in one signal and return what is to be done, in order."""
        if self.state.is_final:
            return []
        self._handlers[type(signal)](signal)
        self._settle(signal.at)
        return self._out.take()

    def collapse(self, at: float, error: ErrorFact) -> list[Instruction]:
        """End everything at once, FAILED(crashed) or CANCELLED: the engine itself cannot go on."""
        self._forced, self._error, self._halted = RunState.FAILED, error, True
        self._ready.clear()
        for run in self._steps.values():
            if run.state in {NodeState.RUNNING, NodeState.RETRYING}:
                self._end(run, NodeState.FAILED, at, reason=Reason.CRASHED, error=error)
            elif not run.state.is_final:
                self._end(run, NodeState.CANCELLED, at)
        self._end_run(at)
        return self._out.take()

    def node_state(self, node_id: str) -> NodeState:
        """Return the state of a node."""
        return self._steps[node_id].state

    # --- the run ------------------------------------------------------------------------------

    def _begin_run(self, signal: RunBegun) -> None:
        if self.state is not RunState.QUEUED:
            return
        self.state = check_run_transition(self.state, RunState.RUNNING)
        self._out.tell_run_started(signal.at)
        if self.plan.timeout is not None:
            self._out.say(ArmTimer(Timer(TimerKind.RUN), self.plan.timeout))
        for run in self._steps.values():
            if run.step.disabled:
                self._end(run, NodeState.SKIPPED, signal.at, reason=Reason.DISABLED)
            elif not run.step.producers:
                self._ready.append(run)

    def _settle(self, at: float) -> None:
        """Decide every step whose producers have ended, then whether the run is over."""
        while self._ready:
            run = self._ready.popleft()
            if run.state is NodeState.PENDING and not run.attempt:
                self._decide(run, at)
        if self._open == 0 and not (self.state is RunState.QUEUED and self._forced is None):
            self._end_run(at)

    def _decide(self, run: StepRun, at: float) -> None:
        isolate = self.plan.failure_policy is FailurePolicy.ISOLATE
        hindered = judge_inputs(run.step.bindings, self._endings, isolate=isolate)
        if hindered is None:
            self._start(run, at)
        else:
            self._end(run, NodeState.SKIPPED, at, reason=hindered.reason, ending=hindered)

    def _end_run(self, at: float) -> None:
        sinks = [self._endings[each.node_id] for each in self.plan.steps if each.is_sink]
        state = self._forced or judge_run(sinks)
        self.state = check_run_transition(self.state, state)
        if self.plan.timeout is not None:
            self._out.say(DisarmTimer(Timer(TimerKind.RUN)))
        error = self._error if state in {RunState.FAILED, RunState.TIMED_OUT} else None
        self._out.tell_run_ended(at, state, error)
        self._out.say(Finish())

    def _hear_cancel(self, signal: CancelAsked) -> None:
        if signal.node_id:
            self._cancel_node(signal)
        elif self._forced is None:
            self._forced = RunState.CANCELLED
            self._out.tell_cancel(signal.at, signal.node_id, signal.by)
            self._halt(NodeState.CANCELLED, signal.at)

    def _cancel_node(self, signal: CancelAsked) -> None:
        run = self._steps.get(signal.node_id)
        if run is not None and not run.state.is_final and run.stopping is None:
            self._out.tell_cancel(signal.at, signal.node_id, signal.by)
            self._stop(run, NodeState.CANCELLED, signal.at)

    def _halt(self, state: NodeState, at: float) -> None:
        """Start nothing more and stop what goes on; what runs turns to `state`."""
        self._halted = True
        for run in self._steps.values():
            if not run.state.is_final and run.stopping is None:
                self._stop(run, state, at)

    # --- attempts -----------------------------------------------------------------------------

    def _start(self, run: StepRun, at: float) -> None:
        run.attempt += 1
        if run.attempt == 1 and run.step.runner != RunnerName.INLINE:
            run.turn(NodeState.QUEUED)
            self._out.tell_queued(at, run.step.node_id)
        self._out.say(Start(run.step.node_id, run.attempt))

    def _begin_attempt(self, signal: AttemptBegun) -> None:
        run = self._find(signal.node_id, signal.attempt)
        if run is None or run.state is NodeState.RUNNING:
            return
        self._turn_running(run, signal.at)
        if run.step.timeout is not None and run.stopping is None:
            self._out.say(ArmTimer(run.timer(TimerKind.ATTEMPT), run.step.timeout))

    def _turn_running(self, run: StepRun, at: float) -> None:
        run.turn(NodeState.RUNNING)
        run.begun = run.attempt
        self._out.tell_begun(at, run.step, run.attempt)

    def _end_attempt(self, signal: AttemptEnded) -> None:
        run = self._find(signal.node_id, signal.attempt)
        if run is None:
            return
        if run.stopping is not None:
            self._end_stopped(run, "cancelled", signal.at)
            return
        if run.state is not NodeState.RUNNING:
            self._turn_running(run, signal.at)
        if run.step.timeout is not None:
            self._out.say(DisarmTimer(run.timer(TimerKind.ATTEMPT)))
        if signal.error is None:
            self._complete(run, signal)
        elif self._may_retry(run, signal):
            self._retry(run, signal.error, signal.at)
        else:
            self._fail(run, NodeState.FAILED, signal.at, signal.error, signal.reason)

    def _complete(self, run: StepRun, signal: AttemptEnded) -> None:
        self._out.say(KeepOutputs(signal.node_id, signal.attempt))
        ending = Ending(signal.live, Reason.BRANCH_NOT_TAKEN, (signal.node_id,))
        self._end(run, NodeState.COMPLETED, signal.at, ending=ending, previews=signal.previews)

    def _may_retry(self, run: StepRun, signal: AttemptEnded) -> bool:
        if signal.reason is not Reason.RAISED:
            return False
        if run.step.retries_refused:
            self._out.tell_no_retry(signal.at, run.step, run.attempt)
        return run.attempt <= run.step.retries

    def _retry(self, run: StepRun, error: ErrorFact, at: float) -> None:
        run.turn(NodeState.RETRYING)
        run.fraction = -1.0
        self._out.tell_retry(at, run.step.node_id, run.attempt, error)
        self._start(run, at)

    def _pass_line(self, signal: LineWritten) -> None:
        if self._find(signal.node_id, signal.attempt) is not None:
            self._out.tell_line(signal)

    def _pass_progress(self, signal: ProgressMade) -> None:
        run = self._find(signal.node_id, signal.attempt)
        if run is not None and signal.fraction >= run.fraction:
            run.fraction = signal.fraction
            self._out.tell_progress(signal)

    # --- stops --------------------------------------------------------------------------------

    def _stop(self, run: StepRun, state: NodeState, at: float) -> None:
        """Let a step turn to `state`: at once where nothing was started, else when its body is over."""
        if not run.attempt:
            self._end(run, NodeState.CANCELLED, at)
            return
        run.stopping = state
        if run.step.timeout is not None:
            self._out.say(DisarmTimer(run.timer(TimerKind.ATTEMPT)))
        self._out.say(Stop(run.step.node_id, run.attempt))

    def _hear_stop(self, signal: StopAnswered) -> None:
        run = self._find(signal.node_id, signal.attempt)
        if run is None or run.stopping is None:
            return
        if signal.how in OVER:
            self._end_stopped(run, signal.how, signal.at)
        else:
            self._out.say(ArmTimer(run.timer(TimerKind.GRACE), self._grace + run.step.hook_seconds))

    def _hear_timer(self, signal: TimerFired) -> None:
        timer = signal.timer
        if timer.kind is TimerKind.RUN:
            if self._forced is None:
                self._forced = RunState.TIMED_OUT
                self._error = describe_run_overrun(self.plan)
                self._halt(NodeState.TIMED_OUT, signal.at)
            return
        run = self._find(timer.node_id, timer.attempt)
        if run is None:
            return
        is_own = timer.kind is TimerKind.ATTEMPT and run.step.timeout is not None
        if is_own and run.stopping is None:
            self._stop(run, NodeState.TIMED_OUT, signal.at)
        elif timer.kind is TimerKind.GRACE and run.stopping is not None:
            self._out.say(Abandon(timer.node_id, timer.attempt))
            self._end_stopped(run, "abandoned", signal.at)

    def _end_stopped(self, run: StepRun, how: str, at: float) -> None:
        self._out.say(DisarmTimer(run.timer(TimerKind.GRACE)))
        if run.stopping is NodeState.TIMED_OUT and run.begun == run.attempt:
            error = describe_overrun(
                run.step, run.attempt, self.plan, by_run=self._forced is RunState.TIMED_OUT
            )
            self._fail(run, NodeState.TIMED_OUT, at, error, None, enforcement=how)
        else:
            self._end(run, NodeState.CANCELLED, at, enforcement=how if run.begun else "")

    # --- ends ---------------------------------------------------------------------------------

    def _fail(
        self,
        run: StepRun,
        state: NodeState,
        at: float,
        error: ErrorFact,
        reason: Reason | None,
        *,
        enforcement: str = "",
    ) -> None:
        caught = run.step.error_outputs
        if caught:
            self._out.say(GiveError(run.step.node_id, caught, error))
        elif self._error is None:
            self._error = error
        self._end(run, state, at, reason=reason, error=error, enforcement=enforcement)
        if not caught and self.plan.failure_policy is FailurePolicy.STOP and not self._halted:
            self._halt_for(run, at)

    def _halt_for(self, failed: StepRun, at: float) -> None:
        self._halted = True
        name = failed.step.node_id
        hindered = Ending(frozenset(), Reason.UPSTREAM_FAILED, (name,), Harm.FAILED)
        for node_id in find_dependents(self.plan, name):
            run = self._steps[node_id]
            if run.state is NodeState.PENDING and not run.attempt:
                self._end(run, NodeState.SKIPPED, at, reason=hindered.reason, ending=hindered)
        self._halt(NodeState.CANCELLED, at)

    def _end(
        self,
        run: StepRun,
        state: NodeState,
        at: float,
        *,
        reason: Reason | None = None,
        error: ErrorFact | None = None,
        ending: Ending | None = None,
        enforcement: str = "",
        previews: Mapping[str, Preview] | None = None,
    ) -> None:
        node_id = run.step.node_id
        run.turn(state)
        self._endings[node_id] = ending or end_step(run.step, state, reason)
        self._open -= 1
        self._out.tell_ended(
            at,
            node_id,
            state,
            attempts=run.begun,
            reason=reason,
            error=error,
            enforcement=enforcement,
            previews=previews or {},
            cause=ending.cause if ending and state is NodeState.SKIPPED else (),
        )
        self._tell_consumers(run)
        self._release(run)

    def _tell_consumers(self, run: StepRun) -> None:
        for node_id in run.step.consumers:
            consumer = self._steps[node_id]
            consumer.waiting -= 1
            if consumer.waiting == 0 and not self._halted:
                self._ready.append(consumer)

    def _release(self, run: StepRun) -> None:
        if self.plan.keep_outputs:
            return
        for node_id in run.step.producers:
            producer = self._steps[node_id]
            producer.readers -= 1
            if producer.readers == 0 and not producer.step.is_sink:
                self._out.say(DropOutputs(node_id))

    # --- small things -------------------------------------------------------------------------

    def _find(self, node_id: str, attempt: int) -> StepRun | None:
        """Return the step if this attempt of it is going on."""
        run = self._steps.get(node_id)
        if run is None or run.attempt != attempt or run.state.is_final:
            return None
        return run

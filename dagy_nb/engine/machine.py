"""Signals in, instructions out: the pure machine that decides every state of one run (D7).

It has no clock, no threads, no I/O, and sees no user's value. Every change of state goes through the tables
of `dagy_nb.model.state`. What it holds to, in any order of signals:

- each planned node ends in exactly one final state, told by exactly one `NodeEnded` or `NodesReused`, and
  nothing is told of a node after that;
- a step starts only after every step before it ended, and never after a cancel or the run's limit;
- no more attempts are with their runners than the plan allows;
- what a runner says of an attempt that is over is ignored.

How steps hinder each other is written in `dagy_nb.engine.fate`, how they are stopped in
`dagy_nb.engine.stops`; what a further attempt follows on, and when, in `dagy_nb.engine.retry`. A step that
waits for its next attempt holds no place and no runner, so a cancel or the run's limit ends it at once. An
attempt that would begin after the run's limit is not waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from random import SystemRandom
from typing import Any

from dagy_nb.engine.board import Board
from dagy_nb.engine.fate import judge_inputs, judge_run
from dagy_nb.engine.fault import describe_run_overrun
from dagy_nb.engine.outbox import Outbox
from dagy_nb.engine.plan import Plan
from dagy_nb.engine.retrying import Retries
from dagy_nb.engine.signals import (
    ArmTimer,
    AttemptBegun,
    AttemptEnded,
    CancelAsked,
    DisarmTimer,
    Finish,
    KeepOutputs,
    LineWritten,
    ProgressMade,
    ReasonFound,
    RunBegun,
    Said,
    Signal,
    StepsReused,
    StopAnswered,
    Timer,
    TimerFired,
    TimerKind,
)
from dagy_nb.engine.steprun import StepRun
from dagy_nb.engine.stops import Stops
from dagy_nb.model.event import ErrorFact, ReusedNode
from dagy_nb.model.flow import FailurePolicy
from dagy_nb.model.state import (
    NodeState,
    Reason,
    RunState,
    check_run_transition,
)

GRACE = 0.1
"""Seconds which the driver waits for a body that was told to end."""

# Not the module's own dice: a user who seeded those gets the same numbers, whatever runs beside.
_DICE = SystemRandom()

# Looked up once: each time costs as much as a call, and every node would need seven of them.
_FINAL = frozenset(each for each in RunState if each.is_final)
_PENDING, _RUNNING, _ATTEMPT = NodeState.PENDING, NodeState.RUNNING, TimerKind.ATTEMPT
_GOES_ON = RunState.RUNNING


class RunMachine:
    """One run of a plan.

    Args:
        plan: What to run.
        grace: Seconds to wait for a body that was told to end.
        chance: Gives numbers from 0 to 1, for the jitter of waits.

    Example:
        ```python
        machine = RunMachine(plan)
        for instruction in machine.handle(RunBegun(at=clock.now())):
            ...
        ```
    """

    def __init__(
        self, plan: Plan, *, grace: float = GRACE, chance: Callable[[], float] = _DICE.random
    ) -> None:
        self.plan = plan
        self.state = RunState.QUEUED
        self._isolates = plan.failure_policy is FailurePolicy.ISOLATE
        self._forced: RunState | None = None
        self._error: ErrorFact | None = None
        self._out = Outbox(plan.run_id)
        self._board = Board(plan, self._out)
        self._steps = self._board.steps
        self._retries = Retries(self._board, self._out, chance)
        self._stops = Stops(plan, self._board, self._out, self._retries, grace)
        self._handlers: dict[type[Signal], Callable[[Any], None]] = {
            RunBegun: self._begin_run,
            AttemptBegun: self._begin_attempt,
            AttemptEnded: self._end_attempt,
            ReasonFound: self._note_reason,
            StepsReused: self._reuse_all,
            StopAnswered: self._stops.hear,
            LineWritten: self._pass_line,
            ProgressMade: self._pass_progress,
            TimerFired: self._hear_timer,
            CancelAsked: self._hear_cancel,
        }

    def handle(self, signal: Signal) -> list[Said]:
        """Take in one signal and return what is to be done, in order."""
        if self.state in _FINAL:
            return []
        self._handlers[type(signal)](signal)
        self._settle(signal.at)
        return self._out.take()

    def collapse(self, at: float, error: ErrorFact) -> list[Said]:
        """End everything at once, FAILED(crashed) or CANCELLED: the engine itself cannot go on."""
        self._forced, self._error, self._board.is_halted = RunState.FAILED, error, True
        self._board.ready.clear()
        for run in self._steps.values():
            if run.state in {NodeState.RUNNING, NodeState.RETRYING}:
                self._board.end(run, NodeState.FAILED, at, reason=Reason.CRASHED, error=error)
            elif not run.state.is_final:
                self._board.end(run, NodeState.CANCELLED, at)
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
            self._retries.limit_at = signal.at + self.plan.timeout
            self._out.say(ArmTimer(Timer(TimerKind.RUN), self.plan.timeout))
        for run in self._steps.values():
            if run.step.disabled:
                self._board.end(run, NodeState.SKIPPED, signal.at, reason=Reason.DISABLED)
            elif not run.step.producers:
                self._board.ready.append(run)

    def _settle(self, at: float) -> None:
        """Decide every step whose producers have ended, fill free places, then see if the run is over."""
        while self._board.ready:
            run = self._board.ready.popleft()
            if run.state is _PENDING and not run.attempt:
                self._decide(run, at)
        self._board.fill_places()
        if self._board.open == 0 and not (self.state is RunState.QUEUED and self._forced is None):
            self._end_run(at)

    def _decide(self, run: StepRun, at: float) -> None:
        hindered = judge_inputs(run.step, self._board.endings, isolate=self._isolates)
        if hindered is None:
            self._board.launch(run, at)
        else:
            self._board.end(run, NodeState.SKIPPED, at, reason=hindered.reason, ending=hindered)

    def _end_run(self, at: float) -> None:
        state = self._forced or judge_run(
            self.plan.steps, self._board.endings, isolate=self._isolates
        )
        self.state = check_run_transition(self.state, state)
        if self.plan.timeout is not None:
            self._out.say(DisarmTimer(Timer(TimerKind.RUN)))
        is_bad = state in {RunState.FAILED, RunState.TIMED_OUT}
        error = (self._error or self._stops.choose_error()) if is_bad else None
        self._out.tell_run_ended(at, state, error)
        self._out.say(Finish())

    def _hear_cancel(self, signal: CancelAsked) -> None:
        if signal.node_id:
            self._cancel_node(signal)
        elif self._forced is None:
            self._forced = RunState.CANCELLED
            self._out.tell_cancel(signal.at, signal.node_id, signal.by)
            self._stops.halt(NodeState.CANCELLED, signal.at)

    def _cancel_node(self, signal: CancelAsked) -> None:
        run = self._steps.get(signal.node_id)
        if run is None or run.state.is_final or run.is_last:
            return
        run.is_last = True
        self._out.tell_cancel(signal.at, signal.node_id, signal.by)
        if run.stopping is None:
            self._stops.stop(run, NodeState.CANCELLED, signal.at)

    # --- attempts -----------------------------------------------------------------------------

    def _begin_attempt(self, signal: AttemptBegun) -> None:
        run = self._board.find(signal.node_id, signal.attempt)
        if run is None or run.state is _RUNNING:
            return
        self._turn_running(run, signal.at)
        if run.step.timeout is not None and run.stopping is None:
            run.limit = run.timer(_ATTEMPT)
            self._out.say(ArmTimer(run.limit, run.step.timeout))

    def _turn_running(self, run: StepRun, at: float) -> None:
        run.turn(_RUNNING)
        run.begun = run.attempt
        self._out.tell_begun(at, run.step, run.attempt)

    def _end_attempt(self, signal: AttemptEnded) -> None:
        run = self._board.find(signal.node_id, signal.attempt)
        if run is None:
            return
        if run.stopping is not None:
            self._stops.end(run, "cancelled", signal.at)
            return
        if run.state is not _RUNNING:
            self._turn_running(run, signal.at)
        self._board.lift_limit(run)
        if signal.error is None:
            self._out.say(KeepOutputs(signal.node_id, signal.attempt))
            self._board.end_completed(run, signal)
        elif not self._retries.try_again(run, signal.at, signal.error, signal.reason):
            self._stops.fail(run, NodeState.FAILED, signal.at, signal.error, signal.reason)

    def _note_reason(self, signal: ReasonFound) -> None:
        run = self._board.find(signal.node_id, signal.attempt)
        if run is not None:
            run.found = signal

    def _reuse_all(self, signal: StepsReused) -> None:
        ended: list[StepRun] = []
        nodes: list[ReusedNode] = []
        for found in signal.steps:
            run = self._steps.get(found.node.node_id)
            if run is None or run.begun:
                continue
            if run.is_out and run.stopping is not None:
                self._stops.end(run, "cancelled", signal.at)
            elif run.is_out or self._is_next(run):
                self._board.end_reused(run, found.ending)
                ended.append(run)
                nodes.append(found.node)
        if ended:
            self._board.tell_reused(ended, nodes, signal.at)

    def _is_next(self, run: StepRun) -> bool:
        """Say whether a step that was not handed out would be now."""
        return (
            run.state is _PENDING
            and not (run.attempt or run.waiting or self._board.is_halted)
            and self.state is _GOES_ON
            and judge_inputs(run.step, self._board.endings, isolate=self._isolates) is None
        )

    def _pass_line(self, signal: LineWritten) -> None:
        if self._board.find(signal.node_id, signal.attempt) is not None:
            self._out.tell_line(signal)

    def _pass_progress(self, signal: ProgressMade) -> None:
        run = self._board.find(signal.node_id, signal.attempt)
        if run is not None and signal.fraction >= run.fraction:
            run.fraction = signal.fraction
            self._out.tell_progress(signal)

    def _hear_timer(self, signal: TimerFired) -> None:
        timer = signal.timer
        if timer.kind is TimerKind.RUN:
            if self._forced is None:
                self._forced = RunState.TIMED_OUT
                self._error = describe_run_overrun(self.plan)
                self._stops.by_run = True
                self._stops.halt(NodeState.TIMED_OUT, signal.at)
        elif timer.kind is TimerKind.RETRY:
            self._retries.end_wait(timer, signal.at)
        else:
            self._stops.hear_timer(timer, signal.at)

"""Steps that must end in, what ends them out: the machine's part for stops, limits and failures.

A stop has two halves: the node is told to end, and its state turns when the runner says that the body ended,
or when the grace is over; then the call is abandoned. Which of both happened stands in
`NodeEnded.enforcement`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagy_nb.engine.ending import Ending, Harm
from dagy_nb.engine.fate import find_roots
from dagy_nb.engine.fault import describe_lost_wait, describe_overrun
from dagy_nb.engine.plan import find_dependents
from dagy_nb.engine.signals import (
    Abandon,
    ArmTimer,
    DisarmTimer,
    GiveError,
    Stop,
    StopAnswered,
    Timer,
    TimerKind,
)
from dagy_nb.model.flow import FailurePolicy
from dagy_nb.model.state import NodeState, Reason

if TYPE_CHECKING:
    from dagy_nb.engine.board import Board
    from dagy_nb.engine.outbox import Outbox
    from dagy_nb.engine.plan import Plan
    from dagy_nb.engine.retrying import Retries
    from dagy_nb.engine.steprun import StepRun
    from dagy_nb.model.event import ErrorFact

KILL_GRACE = 10.0
"""Seconds which the driver waits for the end of a process that is being killed."""

OVER = frozenset({"cancelled", "killed", "abandoned"})


class Stops:
    """The steps of one run that end in another way than by themselves and well.

    Attributes:
        by_run: The run's own limit is what stops them.

    Args:
        plan: What is run.
        board: Where the steps are.
        out: Takes what is decided.
        retries: Let a further attempt follow.
        grace: Seconds to wait for a body that was told to end.
    """

    def __init__(
        self, plan: Plan, board: Board, out: Outbox, retries: Retries, grace: float
    ) -> None:
        self.by_run = False
        self._plan = plan
        self._board = board
        self._out = out
        self._retries = retries
        self._grace = grace
        self._uncaught: dict[str, ErrorFact] = {}

    def halt(self, state: NodeState, at: float) -> None:
        """Start nothing more and stop what goes on; what runs turns to `state`."""
        self._board.is_halted = True
        for run in self._board.steps.values():
            if not run.state.is_final and run.stopping is None:
                self.stop(run, state, at)

    def stop(self, run: StepRun, state: NodeState, at: float) -> None:
        """Let a step turn to `state`: at once where nothing was started, else when its body is over."""
        if not run.is_out:
            self._end_idle(run, state, at)
            return
        run.stopping = state
        self._board.lift_limit(run)
        self._out.say(Stop(run.step.node_id, run.attempt))

    def hear(self, signal: StopAnswered) -> None:
        """Take what a runner answered."""
        run = self._board.find(signal.node_id, signal.attempt)
        if run is None or run.stopping is None:
            return
        if signal.how in OVER:
            self.end(run, signal.how, signal.at)
        else:
            grace = KILL_GRACE if signal.how == "killing" else self._grace + run.step.hook_seconds
            self._out.say(ArmTimer(run.timer(TimerKind.GRACE), grace))

    def hear_timer(self, timer: Timer, at: float) -> None:
        """Hear that the limit of an attempt came, or that the grace of one that was stopped is over."""
        run = self._board.find(timer.node_id, timer.attempt)
        if run is None:
            return
        is_own = timer.kind is TimerKind.ATTEMPT and run.step.timeout is not None
        if is_own and run.stopping is None:
            self.stop(run, NodeState.TIMED_OUT, at)
        elif timer.kind is TimerKind.GRACE and run.stopping is not None:
            self._out.say(Abandon(timer.node_id, timer.attempt))
            self.end(run, "abandoned", at)

    def end(self, run: StepRun, how: str, at: float) -> None:
        """Bring a step to its end that was told to, and is over now."""
        self._out.say(DisarmTimer(run.timer(TimerKind.GRACE)))
        if run.stopping is NodeState.TIMED_OUT and run.begun == run.attempt:
            error = describe_overrun(run.step, run.attempt, self._plan, by_run=self.by_run)
            if not self._retries.try_again(run, at, error, None, enforcement=how):
                self.fail(run, NodeState.TIMED_OUT, at, error, None, enforcement=how)
        else:
            self._board.end(run, NodeState.CANCELLED, at, enforcement=how if run.begun else "")

    def fail(
        self,
        run: StepRun,
        state: NodeState,
        at: float,
        error: ErrorFact,
        reason: Reason | None,
        *,
        enforcement: str = "",
    ) -> None:
        """Bring a step to a bad end; where nothing catches its error, the flow's policy follows."""
        caught = run.step.error_outputs
        if caught:
            self._out.say(GiveError(run.step.node_id, caught, error))
        else:
            self._uncaught[run.step.node_id] = error
        self._board.end(run, state, at, reason=reason, error=error, enforcement=enforcement)
        stops_all = not caught and self._plan.failure_policy is FailurePolicy.STOP
        if stops_all and not self._board.is_halted:
            self._halt_for(run, at)

    def choose_error(self) -> ErrorFact | None:
        """Return the first error that fails the run: one that was made good is told last of all."""
        roots = find_roots(self._plan.steps, self._board.endings)
        told = [error for name, error in self._uncaught.items() if name in roots]
        return next(iter(told or self._uncaught.values()), None)

    def _end_idle(self, run: StepRun, state: NodeState, at: float) -> None:
        """End a step of which nothing is with a runner."""
        self._retries.stop_waiting(run)
        if state is NodeState.TIMED_OUT and run.state is NodeState.RETRYING:
            error = describe_lost_wait(run.step, run.attempt, self._plan)
            self.fail(run, NodeState.TIMED_OUT, at, error, None)
        else:
            self._board.end(run, NodeState.CANCELLED, at)

    def _halt_for(self, failed: StepRun, at: float) -> None:
        self._board.is_halted = True
        name = failed.step.node_id
        hindered = Ending(frozenset(), Reason.UPSTREAM_FAILED, (name,), Harm.FAILED)
        for node_id in find_dependents(self._plan, name):
            run = self._board.steps[node_id]
            if run.state is NodeState.PENDING and not run.attempt:
                self._board.end(run, NodeState.SKIPPED, at, reason=hindered.reason, ending=hindered)
        self.halt(NodeState.CANCELLED, at)

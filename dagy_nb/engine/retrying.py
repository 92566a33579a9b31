"""An attempt that failed in, the next one handed out or waited for out; the machine's part for retries."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from dagy_nb.engine.retry import RetryRefused
from dagy_nb.engine.signals import ArmTimer, DisarmTimer, Timer, TimerKind
from dagy_nb.model.state import NodeState, Reason

if TYPE_CHECKING:
    from dagy_nb.engine.board import Board
    from dagy_nb.engine.outbox import Outbox
    from dagy_nb.engine.plan import Step
    from dagy_nb.engine.steprun import StepRun
    from dagy_nb.model.event import ErrorFact


class Retries:
    """Further attempts of the steps of one run.

    Attributes:
        limit_at: When the run's limit comes: no attempt that would begin after it is waited for.
    """

    def __init__(self, board: Board, out: Outbox, chance: Callable[[], float]) -> None:
        self.limit_at = math.inf
        self._board = board
        self._out = out
        self._chance = chance

    def try_again(
        self,
        run: StepRun,
        at: float,
        error: ErrorFact,
        reason: Reason | None,
        *,
        enforcement: str = "",
    ) -> bool:
        """Let another attempt follow one that failed, or timed out where there is no reason, if it may.

        Where one was asked for and is not made, the node's log says why.
        """
        if run.is_last or self._board.is_halted or not run.step.retry.covers(reason, error):
            return False
        wait = self._choose_wait(run, at, error)
        if wait is None:
            return False
        self._board.take_back(run)
        run.turn(NodeState.RETRYING)
        run.fraction, run.stopping = -1.0, None
        self._out.tell_retry(
            at,
            run.step.node_id,
            run.attempt,
            error=error,
            wait=wait,
            reason=reason,
            enforcement=enforcement,
        )
        if wait:
            run.is_waiting = True
            self._out.say(ArmTimer(run.timer(TimerKind.RETRY), wait))
        else:
            self._board.launch(run, at)
        return True

    def end_wait(self, timer: Timer, at: float) -> None:
        """Hand out the attempt whose time has come."""
        run = self._board.steps.get(timer.node_id)
        if run is not None and run.is_waiting and run.attempt == timer.attempt:
            run.is_waiting = False
            self._board.launch(run, at)

    def stop_waiting(self, run: StepRun) -> None:
        """Forget that a step waits for its next attempt, if it does."""
        if run.is_waiting:
            run.is_waiting = False
            self._out.say(DisarmTimer(run.timer(TimerKind.RETRY)))

    def _choose_wait(self, run: StepRun, at: float, error: ErrorFact) -> float | None:
        try:
            return decide_wait(
                run.step, run.attempt, at, error, chance=self._chance, before=self.limit_at
            )
        except RetryRefused as why:
            self._out.tell_no_retry(at, run.step, run.attempt, str(why))
            return None


def decide_wait(
    step: Step,
    attempt: int,
    at: float,
    error: ErrorFact,
    *,
    chance: Callable[[], float],
    before: float,
) -> float | None:
    """Return the seconds until the next attempt of a step; None where no further one was asked for.

    Args:
        step: The step; its `retry` covers what happened.
        attempt: The attempt that failed, from 1.
        at: Now.
        error: What went wrong.
        chance: Gives a number from 0 to 1.
        before: When the run's limit comes.

    Raises:
        RetryRefused: There is none, though it was asked for.
    """
    if step.retries_refused:
        raise RetryRefused(step.retries_refused)
    if attempt > step.retries or not step.retry.agrees(error, attempt):
        return None
    wait = step.retry.choose_wait(attempt, chance)
    if at + wait >= before:
        raise RetryRefused(
            f"the next attempt would be due in {wait:g} s, when the run's limit has passed"
        )
    return wait

"""What a runner tells of one call in, signals for the run's driver out."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from dagy_nb.engine.signals import (
    AttemptBegun,
    AttemptEnded,
    LineWritten,
    ProgressMade,
    Signal,
    StopAnswered,
)
from dagy_nb.model.event import ErrorFact
from dagy_nb.model.state import Reason

if TYPE_CHECKING:
    from dagy_nb.abc import Clock, Outcome

Post = Callable[[Signal, "Outcome | None"], None]

_RAISED = Reason.RAISED
_LOST = ErrorFact(
    type="LostOutcome",
    code="runner.lost_outcome",
    message="The runner said that the node ended, but not how.",
)


class CallSignals:
    """The reporter of one attempt (`dagy_nb.abc.CallReporter`); any thread may call it."""

    __slots__ = ("_attempt", "_clock", "_node_id", "_post", "is_begun")

    def __init__(self, node_id: str, attempt: int, clock: Clock, post: Post) -> None:
        self._node_id = node_id
        self._attempt = attempt
        self._clock = clock
        self._post = post
        self.is_begun = False

    def started(self) -> None:
        """Say that the body begins now."""
        if not self.is_begun:
            self.is_begun = True
            self._post(self.make_begun(), None)

    def make_begun(self) -> AttemptBegun:
        """Return the signal that the body begins now."""
        return AttemptBegun(at=self._clock.now(), node_id=self._node_id, attempt=self._attempt)

    def wrote(self, level: str, text: str) -> None:
        """Pass on one line."""
        at, node_id, attempt = self._clock.now(), self._node_id, self._attempt
        line = LineWritten(at=at, node_id=node_id, attempt=attempt, level=level, text=text)
        self._post(line, None)

    def progressed(self, fraction: float, message: str) -> None:
        """Pass on progress."""
        at, node_id, attempt = self._clock.now(), self._node_id, self._attempt
        made = ProgressMade(
            at=at, node_id=node_id, attempt=attempt, fraction=fraction, message=message
        )
        self._post(made, None)

    def stopped(self, how: str) -> None:
        """Say how a stop went on."""
        at, node_id, attempt = self._clock.now(), self._node_id, self._attempt
        self._post(StopAnswered(at=at, node_id=node_id, attempt=attempt, how=how), None)

    def ended(self, outcome: Outcome) -> None:
        """Say how the call ended."""
        self._post(
            AttemptEnded(
                at=self._clock.now(),
                node_id=self._node_id,
                attempt=self._attempt,
                live=_freeze(tuple(outcome.outputs or ())),
                error=outcome.error or (None if outcome.outputs is not None else _LOST),
                reason=_find_reason(outcome),
                previews=outcome.previews,
            ),
            outcome,
        )


def _find_reason(outcome: Outcome) -> Reason:
    if outcome.crashed:
        return Reason.CRASHED
    return Reason.CONTRACT if outcome.broke_contract else _RAISED


@lru_cache
def _freeze(names: tuple[str, ...]) -> frozenset[str]:
    # Thousands of nodes have the same few outputs, and a run keeps the names until its end.
    return frozenset(names)

"""One step of a plan in, where it is during a run out: the machine's notes, changed by the machine only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagy_nb.engine.signals import Timer, TimerKind
from dagy_nb.model.state import NodeState, check_node_transition

if TYPE_CHECKING:
    from dagy_nb.engine.plan import Step
    from dagy_nb.engine.signals import ReasonFound


class StepRun:
    """Where one step is.

    Attributes:
        state: Its state, changed through the table only.
        waiting: How many of its producers have not ended.
        readers: How many of its consumers have not ended.
        is_read: A consumer that ended may have read its outputs.
        attempt: The last attempt that was handed out, from 1; 0 where nothing was started.
        is_out: That attempt is with its runner: it was handed out and has not ended.
        is_waiting: It waits for the time of its next attempt.
        is_last: No attempt follows the one that goes on, whatever comes of it.
        begun: The last attempt that a runner acknowledged.
        fraction: Its progress.
        limit: The timer of the attempt's limit, while that is armed.
        found: What reuse said of it; None where nobody asked.
        stopping: What it turns to when its body is over; None where nobody told it to end.
    """

    __slots__ = (
        "attempt",
        "begun",
        "found",
        "fraction",
        "is_last",
        "is_out",
        "is_read",
        "is_waiting",
        "limit",
        "readers",
        "state",
        "step",
        "stopping",
        "waiting",
    )

    def __init__(self, step: Step) -> None:
        self.step = step
        self.state = NodeState.PENDING
        self.waiting = len(step.producers)
        self.readers = len(step.consumers)
        self.attempt = 0
        self.begun = 0
        self.is_out = False
        self.is_read = False
        self.is_waiting = False
        self.is_last = False
        self.limit: Timer | None = None
        self.found: ReasonFound | None = None
        self.fraction = -1.0
        self.stopping: NodeState | None = None

    def turn(self, state: NodeState) -> None:
        """Go to another state.

        Raises:
            TransitionError: The table does not allow it.
        """
        self.state = check_node_transition(self.state, state)

    def timer(self, kind: TimerKind) -> Timer:
        """Return the key of a timer of the attempt that goes on."""
        return Timer(kind, self.step.node_id, self.attempt)

"""What a run's machine decides in, facts with the run's id and instructions in order out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from dagy_nb.engine.signals import (
    AttemptEnded,
    LineWritten,
    ProgressMade,
    ReasonFound,
    Said,
)
from dagy_nb.model.event import (
    AttemptFailed,
    AttemptStarted,
    CancelRequested,
    ErrorFact,
    LogWritten,
    NodeEnded,
    NodeProgressed,
    NodeQueued,
    NodesReused,
    RunEnded,
    RunStarted,
)
from dagy_nb.model.quick import make_quick
from dagy_nb.model.state import NodeState, Reason, RunState

if TYPE_CHECKING:
    from dagy_nb.engine.plan import Step
    from dagy_nb.model.event import ReusedNode

# The facts that each node brings.
_make_queued, _make_started = make_quick(NodeQueued), make_quick(AttemptStarted)
_make_ended = make_quick(NodeEnded)
_COMPLETED = NodeState.COMPLETED


class Outbox:
    """Collects the instructions of one signal; `tell_…` adds a fact to record.

    Attributes:
        say: Adds an instruction or a fact.
    """

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._out: list[Said] = []
        self.say: Callable[[Said], None] = self._out.append

    def take(self) -> list[Said]:
        """Return what was collected and begin anew."""
        out = self._out.copy()
        self._out.clear()
        return out

    def tell_run_started(self, at: float) -> None:
        """The run left the queue."""
        self.say(RunStarted(at=at, run_id=self._run_id))

    def tell_run_ended(self, at: float, state: RunState, error: ErrorFact | None) -> None:
        """The run is over."""
        event = RunEnded(at=at, run_id=self._run_id, state=state, error=error)
        self.say(event)

    def tell_cancel(self, at: float, node_id: str, by: str) -> None:
        """Somebody asked to cancel."""
        event = CancelRequested(at=at, run_id=self._run_id, node_id=node_id, by=by)
        self.say(event)

    def tell_queued(self, at: float, node_id: str) -> None:
        """A node waits for a place in its runner."""
        self.say(_make_queued(at=at, run_id=self._run_id, node_id=node_id))

    def tell_begun(self, at: float, step: Step, attempt: int) -> None:
        """A runner acknowledged an attempt."""
        event = _make_started(
            at=at, run_id=self._run_id, node_id=step.node_id, attempt=attempt, runner=step.runner
        )
        self.say(event)

    def tell_retry(
        self,
        at: float,
        node_id: str,
        attempt: int,
        *,
        error: ErrorFact,
        wait: float,
        reason: Reason | None,
        enforcement: str,
    ) -> None:
        """An attempt failed and another follows after `wait` seconds; without a reason, it timed out."""
        event = AttemptFailed(
            at=at,
            run_id=self._run_id,
            node_id=node_id,
            attempt=attempt,
            error=error,
            retry_at=at + wait,
            state=NodeState.TIMED_OUT if reason is None else NodeState.FAILED,
            reason=reason,
            enforcement=enforcement,
        )
        self.say(event)

    def tell_no_retry(self, at: float, step: Step, attempt: int, why: str) -> None:
        """Retries were asked for, and this one is not made."""
        event = LogWritten(
            at=at,
            run_id=self._run_id,
            node_id=step.node_id,
            attempt=attempt,
            level="WARNING",
            text=f"Not tried again: {why}.",
        )
        self.say(event)

    def tell_line(self, line: LineWritten) -> None:
        """A body wrote a line."""
        event = LogWritten(
            at=line.at,
            run_id=self._run_id,
            node_id=line.node_id,
            attempt=line.attempt,
            level=line.level,
            text=line.text,
        )
        self.say(event)

    def tell_progress(self, made: ProgressMade) -> None:
        """A body told how far it is."""
        event = NodeProgressed(
            at=made.at,
            run_id=self._run_id,
            node_id=made.node_id,
            fraction=made.fraction,
            message=made.message,
        )
        self.say(event)

    def tell_ended(
        self,
        at: float,
        node_id: str,
        state: NodeState,
        *,
        attempts: int,
        reason: Reason | None,
        error: ErrorFact | None,
        enforcement: str,
        cause: tuple[str, ...],
        found: ReasonFound | None,
    ) -> None:
        """A node reached its final state."""
        event = _make_ended(
            at=at,
            run_id=self._run_id,
            node_id=node_id,
            state=state,
            reason=reason,
            attempts=attempts,
            error=error,
            enforcement=enforcement,
            cause=cause,
            why=found.why if found is not None else None,
            why_detail=found.why_detail if found is not None else "",
            key=found.key if found is not None else "",
        )
        self.say(event)

    def tell_completed(self, ended: AttemptEnded, found: ReasonFound | None) -> None:
        """A node's body came to its end."""
        event = _make_ended(
            at=ended.at,
            run_id=self._run_id,
            node_id=ended.node_id,
            state=_COMPLETED,
            why=found.why if found is not None else None,
            attempts=ended.attempt,
            previews=ended.previews,
            why_detail=found.why_detail if found is not None else "",
            key=found.key if found is not None else "",
        )
        self.say(event)

    def tell_reused(self, at: float, nodes: Iterable[ReusedNode]) -> None:
        """Kept outputs took the place of the bodies of nodes."""
        self.say(NodesReused(at=at, run_id=self._run_id, nodes=tuple(nodes)))

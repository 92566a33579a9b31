"""What is known of a run that was lost elsewhere in, the facts that end it out. Pure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dagy_nb.model.event import ErrorFact, Event, NodeEnded, RunEnded
from dagy_nb.model.state import NodeState, Reason, RunState

if TYPE_CHECKING:
    from dagy_nb.store.fold import RunFold
    from dagy_nb.store.unfinished import UnfinishedNode, UnfinishedRun

_WAITING = frozenset({NodeState.PENDING, NodeState.QUEUED})


def end_lost_runs(
    fold: RunFold, at: float, state: RunState, error: ErrorFact | None
) -> list[Event]:
    """Return the facts that end every open run, the inner ones first.

    Args:
        fold: The runs.
        at: When.
        state: FAILED where it was lost, TIMED_OUT or CANCELLED where its process was ended on purpose.
        error: Why; None for a cancel.
    """
    facts: list[Event] = []
    for run in reversed(fold.known_runs()):
        if not run.state.is_final:
            facts += [
                _end_node(run, node, at, state, error)
                for node in run.nodes.values()
                if not node.state.is_final
            ]
            facts.append(RunEnded(at=at, run_id=run.run_id, state=state, error=error))
    return facts


def _end_node(
    run: UnfinishedRun,
    node: UnfinishedNode,
    at: float,
    state: RunState,
    error: ErrorFact | None,
) -> NodeEnded:
    make = partial(
        NodeEnded, at=at, run_id=run.run_id, node_id=node.node_id, attempts=node.attempts
    )
    if node.state in _WAITING:
        return make(state=NodeState.CANCELLED)
    match state:
        case RunState.CANCELLED:
            return make(state=NodeState.CANCELLED, enforcement="killed")
        case RunState.TIMED_OUT:
            return make(state=NodeState.TIMED_OUT, error=error, enforcement="killed")
        case _:
            return make(state=NodeState.FAILED, reason=Reason.CRASHED, error=error)

"""A run whose process died in, the facts that end it out.

The process can say nothing any more, so whoever finds out says it: nodes that ran FAILED(crashed), nodes
that waited are CANCELLED, the run FAILED with the code `run.crashed`. All bear the time of the last fact
the dead process wrote, so the same run ends the same way whoever writes this and whenever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagy_nb.model.event import (
    RUN_CRASHED,
    CellEnded,
    ErrorFact,
    Event,
    NodeEnded,
    RunEnded,
)
from dagy_nb.model.state import NodeState, Reason, RunState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagy_nb.store.scan import SegmentState
    from dagy_nb.store.unfinished import UnfinishedCell, UnfinishedNode, UnfinishedRun

_WAITING = frozenset({NodeState.PENDING, NodeState.QUEUED})


def is_open(run: UnfinishedRun) -> bool:
    """Whether a run, or a node or cell of it, has not ended."""
    if not run.state.is_final:
        return True
    return any(not part.state.is_final for part in _parts(run))


def end_crashed_run(run: UnfinishedRun, segments: Iterable[SegmentState]) -> list[Event]:
    """Return the facts that end what is open of a run.

    Args:
        run: The run.
        segments: What its process wrote.
    """
    written = list(segments)
    at = max([_last_time(run), *(state.last_at for state in written)])
    error = ErrorFact(
        type="RunCrashed",
        code=RUN_CRASHED,
        message=f"The process that ran this ended without a word{_tell_where(written)}.",
        suggestion="It was killed, ran out of memory or crashed: look at its output, then run again.",
    )
    facts: list[Event] = []
    for node in run.nodes.values():
        if node.state in _WAITING:
            facts.append(
                NodeEnded(at=at, run_id=run.run_id, node_id=node.node_id, state=NodeState.CANCELLED)
            )
        elif not node.state.is_final:
            facts.append(
                NodeEnded(
                    at=at,
                    run_id=run.run_id,
                    node_id=node.node_id,
                    state=NodeState.FAILED,
                    reason=Reason.CRASHED,
                    attempts=node.attempts,
                    error=error,
                )
            )
    facts += [
        CellEnded(at=at, run_id=run.run_id, index=cell.index, state=NodeState.FAILED, error=error)
        for cell in run.cells.values()
        if not cell.state.is_final
    ]
    if not run.state.is_final:
        facts.append(RunEnded(at=at, run_id=run.run_id, state=RunState.FAILED, error=error))
    return facts


def _parts(run: UnfinishedRun) -> list[UnfinishedNode | UnfinishedCell]:
    return [*run.nodes.values(), *run.cells.values()]


def _last_time(run: UnfinishedRun) -> float:
    times = [run.queued_at, run.started_at, run.ended_at]
    times += [time for part in _parts(run) for time in (part.started_at, part.ended_at)]
    return max((time for time in times if time is not None), default=0.0)


def _tell_where(segments: list[SegmentState]) -> str:
    for state in segments:
        if state.header is not None:
            origin = state.header.origin
            return f" (process {origin.pid} on {origin.host})"
    return ""

"""A run that did not complete in, what a new run takes from it out, or why it cannot be gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagy_nb.engine.keeping import Resumed
from dagy_nb.errors import FlowError, UnknownName
from dagy_nb.model.state import NodeState, Reason, RunKind, RunState

if TYPE_CHECKING:
    from dagy_nb.abc import Store
    from dagy_nb.model.record import NodeRunRecord, RunRecord

MAX_LINEAGE = 100


def describe_resumed(store: Store, run: RunRecord, flow: str) -> Resumed:
    """Return what a new run of a flow takes from a run that did not complete.

    Raises:
        FlowError: `flow.not_resumable`.
    """
    why = _refuse(run, flow)
    if why:
        raise FlowError(
            f"Run {run.run_id} cannot be resumed: {why}.",
            code="flow.not_resumable",
            suggestion="flow.run(reuse=True) takes what is kept of any run.",
        )
    return Resumed(
        run_id=run.run_id,
        lineage=_trace(store, run),
        finished=frozenset(name for name, node in run.nodes.items() if _is_done(node)),
    )


def _refuse(run: RunRecord, flow: str) -> str:
    if run.kind is not RunKind.FLOW:
        return "it is the run of a notebook"
    if run.parent_node_id:
        return f"it ran inside the node {run.parent_node_id} of run {run.parent_run_id}"
    if run.flow != flow:
        return f"it is a run of the flow {run.flow!r}, not of {flow!r}"
    if not run.state.is_final:
        return "it goes on"
    return "it completed" if run.state is RunState.COMPLETED else ""


def _is_done(node: NodeRunRecord) -> bool:
    return node.state is NodeState.COMPLETED or node.reason is Reason.UP_TO_DATE


def _trace(store: Store, run: RunRecord) -> tuple[str, ...]:
    """Return the run and those that it went on with, the newest first."""
    lineage = [run.run_id]
    while run.resumed_from and len(lineage) < MAX_LINEAGE:
        lineage.append(run.resumed_from)
        try:
            run = store.run(run.resumed_from)
        except UnknownName:
            break
    return tuple(lineage)

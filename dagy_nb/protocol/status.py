"""Records of runs in, their pictures and what is new in them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dagy_nb.model.event import ErrorFact, Preview
from dagy_nb.model.record import NodeRunRecord, RunRecord
from dagy_nb.model.state import NodeState
from dagy_nb.protocol.message import StatusChanged
from dagy_nb.protocol.picture import NodeStatus, PreviewPicture, RunPicture


def draw_run(
    record: RunRecord,
    *,
    now: float,
    log_tails: Mapping[str, Sequence[str]] | None = None,
    retry_times: Mapping[str, float] | None = None,
) -> RunPicture:
    """Return the picture of a run.

    Args:
        record: The run with its nodes.
        now: The kernel's clock, seconds since the epoch.
        log_tails: Node id → the last lines it wrote.
        retry_times: Node id → when its next attempt was last said to be due.
    """
    tails, dues = log_tails or {}, retry_times or {}
    return RunPicture(
        run_id=record.run_id,
        state=record.state.value,
        backend=record.backend,
        backend_reason=record.backend_reason,
        resumed_from=record.resumed_from,
        started_at=record.started_at,
        ended_at=record.ended_at,
        now=now,
        error=_tell(record.error),
        nodes={
            node_id: _draw_status(node, tuple(tails.get(node_id, ())), dues.get(node_id))
            for node_id, node in record.nodes.items()
        },
    )


def diff_run(before: RunPicture | None, after: RunPicture) -> StatusChanged | None:
    """Return the news of a run, or None where nothing but the clock went on.

    Args:
        before: The picture that the browser has; None or another run's asks for the whole.
        after: The picture of now.
    """
    if before is None or before.run_id != after.run_id:
        return StatusChanged(run=after, whole=True)
    changed = {
        node_id: status
        for node_id, status in after.nodes.items()
        if before.nodes.get(node_id) != status
    }
    if not changed and after.model_copy(update={"now": before.now}) == before:
        return None
    return StatusChanged(run=after.model_copy(update={"nodes": changed}))


def _draw_status(
    node: NodeRunRecord, log_tail: tuple[str, ...], retry_at: float | None
) -> NodeStatus:
    error = node.error
    return NodeStatus(
        state=node.state.value,
        reason=node.reason.value if node.reason else "",
        runner=node.runner,
        attempts=node.attempts,
        retry_at=retry_at if node.state is NodeState.RETRYING else None,
        why=node.why.value if node.why else "",
        why_detail=node.why_detail,
        reused_from=node.reused_from,
        started_at=node.started_at,
        ended_at=node.ended_at,
        fraction=node.fraction,
        message=node.message,
        error_code=error.code if error else "",
        error=_tell(error),
        traceback=error.traceback if error else "",
        suggestion=error.suggestion if error else "",
        enforcement=node.enforcement,
        cause=node.cause,
        previews={name: _draw_preview(each) for name, each in node.previews.items()},
        log_tail=log_tail,
    )


def _tell(error: ErrorFact | None) -> str:
    """Return an error's words; a user's exception says little without its class (`'x'`)."""
    if error is None:
        return ""
    return f"{error.type}: {error.message}" if error.code.startswith("raised.") else error.message


def _draw_preview(preview: Preview) -> PreviewPicture:
    return PreviewPicture(
        type=preview.type,
        summary=preview.summary,
        columns=preview.columns,
        shape=preview.shape,
        rows=preview.rows,
        hidden=preview.hidden,
    )

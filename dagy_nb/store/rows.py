"""What was folded in, rows of the tables out.

A row is a dict from column to plain value: times in whole microseconds, None for an empty text, JSON as
nested values. `dagy_nb.store.records` is the way back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagy_nb.model.event import CancelRequested, FlowVersionSeen
from dagy_nb.model.frozen import thaw
from dagy_nb.model.plain import to_plain

if TYPE_CHECKING:
    from dagy_nb.model.event import ErrorFact, LogWritten
    from dagy_nb.store.scan import Damage, Fact, SegmentState
    from dagy_nb.store.unfinished import UnfinishedRun
    from dagy_nb.store.versions import FlowContent, NodeContent

Row = dict[str, Any]


def to_micros(at: float | None) -> int | None:
    """Return a time as whole microseconds."""
    return None if at is None else round(round(at, 6) * 1_000_000)


def write_run(run: UnfinishedRun, flow_version: int) -> Row:
    """Return the row of a run."""
    return {
        "run_id": run.run_id,
        "kind": run.kind.value,
        "flow": run.flow or None,
        "flow_version": flow_version,
        "flow_hash": run.flow_hash or None,
        "state": run.state.value,
        "backend": run.backend or None,
        "parent_run_id": run.parent_run_id or None,
        "notebook": run.notebook or None,
        "artifacts": run.artifacts or None,
        "parameters": thaw(run.parameters),
        "queued_at": to_micros(run.queued_at),
        "started_at": to_micros(run.started_at),
        "ended_at": to_micros(run.ended_at),
        "cancel_requested": run.cancel_requested,
        **_write_error(run.error),
        "writer": run.writer or None,
        "backend_reason": run.backend_reason or None,
        "parent_node_id": run.parent_node_id or None,
        "resumed_from": run.resumed_from or None,
    }


def write_node(run: UnfinishedRun, node_id: str) -> Row:
    """Return the row of one node of a run."""
    node = run.nodes[node_id]
    return {
        "run_id": run.run_id,
        "node_id": node.node_id,
        "place": node.place,
        "node_type": node.node_type,
        "node_version": node.node_version or None,
        "state": node.state.value,
        "reason": node.reason.value if node.reason else None,
        "why": node.why.value if node.why else None,
        "attempts": node.attempts,
        "runner": node.runner or None,
        "timeout": node.timeout,
        "enforcement": node.enforcement or None,
        "started_at": to_micros(node.started_at),
        "ended_at": to_micros(node.ended_at),
        "fraction": node.fraction,
        "message": node.message or None,
        **_write_error(node.error),
        "previews": {name: to_plain(preview) for name, preview in node.previews.items()},
        "cause": list(node.cause),
        "why_detail": node.why_detail or None,
        "reused_from": node.reused_from or None,
        "key": node.key or None,
    }


def write_cell(run: UnfinishedRun, index: int) -> Row:
    """Return the row of one cell of a notebook run."""
    cell = run.cells[index]
    return {
        "run_id": run.run_id,
        "index": cell.index,
        "cell_id": cell.cell_id or None,
        "state": cell.state.value,
        "started_at": to_micros(cell.started_at),
        "ended_at": to_micros(cell.ended_at),
        **_write_error(cell.error),
    }


def write_content(content: FlowContent) -> Row:
    """Return the row of one content of a flow; without its spec where that was not loaded."""
    return {
        "flow": content.flow,
        "version": content.version,
        "content_hash": content.content_hash,
        "spec": content.spec or None,
        "node_versions": dict(content.node_versions),
        "author": content.author or None,
        "reason": content.reason or None,
        "created_at": to_micros(content.created_at),
        "published_at": to_micros(content.published_at),
    }


def write_node_version(node: NodeContent) -> Row:
    """Return the row of one version of a node type."""
    origin = node.spec.get("origin") or {}
    return {
        "node_type": node.node_type,
        "version": node.version,
        "schema_version": node.spec.get("schema_version"),
        "origin": f"{origin.get('kind', '')} {origin.get('place', '')}".strip() or None,
        "spec": node.spec or None,
        "seen_at": to_micros(node.seen_at),
    }


def write_event(fact: Fact) -> Row:
    """Return the row of a fact."""
    event = fact.event
    return {
        "happened_at": to_micros(event.at),
        "run_id": event.run_id or None,
        "kind": event.kind,
        "node_id": getattr(event, "node_id", None) or None,
        "data": fact.data,
        "segment": fact.segment,
        "position": fact.position,
    }


def write_log(fact: Fact, event: LogWritten) -> Row:
    """Return the row of a line of a log."""
    return {
        "run_id": event.run_id or None,
        "node_id": event.node_id or None,
        "attempt": event.attempt,
        "happened_at": to_micros(event.at),
        "level": event.level,
        "text": event.text,
        "segment": fact.segment,
        "position": fact.position,
    }


def write_audit(fact: Fact) -> Row | None:
    """Return the row of the audit that a fact is, or None where it is none."""
    event = fact.event
    row = {
        "happened_at": to_micros(event.at),
        "segment": fact.segment,
        "position": fact.position,
    }
    if isinstance(event, FlowVersionSeen) and event.published:
        return row | {
            "actor": event.author or None,
            "action": "publish",
            "resource_type": "flow",
            "resource_id": event.flow,
            "before": {"version": event.previous} if event.previous else None,
            "after": {
                "version": event.version,
                "content_hash": event.content_hash,
                "reason": event.reason,
            },
        }
    if isinstance(event, CancelRequested):
        return row | {
            "actor": event.by or None,
            "action": "cancel",
            "resource_type": "node_run" if event.node_id else "run",
            "resource_id": f"{event.run_id}/{event.node_id}" if event.node_id else event.run_id,
            "before": None,
            "after": None,
        }
    return None


def write_damage(damage: Damage) -> Row:
    """Return the row of bytes that could not be read."""
    return {
        "segment": damage.segment,
        "position": damage.position,
        "length": damage.length,
        "what": damage.what,
    }


def write_segment(state: SegmentState) -> Row:
    """Return the row that says how far a segment was read."""
    header = state.header
    origin = header.origin if header else None
    return {
        "name": state.name,
        "writer": state.writer,
        "position": state.position,
        "is_complete": state.is_complete,
        "version": header.version if header else None,
        "pid": origin.pid if origin else None,
        "started": origin.started if origin else None,
        "host": origin.host if origin else None,
        "boot": origin.boot if origin else None,
        "opened_at": to_micros(header.at) if header else None,
        "last_at": to_micros(state.last_at),
        "facts": state.facts,
        "damages": state.damages,
        "pack": state.pack or None,
    }


def _write_error(error: ErrorFact | None) -> Row:
    if error is None:
        return {"error": None, "error_code": None, "error_fact": None}
    text = f"{error.type}: {error.message}" if error.type else error.message
    return {"error": text, "error_code": error.code, "error_fact": to_plain(error)}

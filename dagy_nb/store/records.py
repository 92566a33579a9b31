"""Rows of the tables in, records out.

A row is a dict from column to value as the queries of `dagy_nb.store.queries` return it: times in whole
microseconds, JSON as text. `dagy_nb.store.rows` is the way there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from dagy_nb.model.event import ErrorFact, Preview
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.model.plain import from_plain
from dagy_nb.model.record import CellRunRecord, LogRecord, NodeRunRecord, RunRecord
from dagy_nb.model.state import NodeState, Reason, RunKind, RunState, Why
from dagy_nb.store.liveness import Origin
from dagy_nb.store.scan import SegmentState
from dagy_nb.store.segment import Header
from dagy_nb.store.versions import FlowContent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Row = dict[str, Any]


def from_micros(micros: int | None) -> float | None:
    """Return a time as seconds."""
    return None if micros is None else micros / 1_000_000


def read_run(
    row: Mapping[str, Any], nodes: Iterable[Row] = (), cells: Iterable[Row] = ()
) -> RunRecord:
    """Return the record of a run from its row and those of its nodes (in their places) and cells."""
    return RunRecord(
        run_id=row["run_id"],
        kind=RunKind(row["kind"]),
        flow=row["flow"] or "",
        flow_hash=row["flow_hash"] or "",
        flow_version=row["flow_version"] or 0,
        state=RunState(row["state"]),
        backend=row["backend"] or "",
        parent_run_id=row["parent_run_id"] or "",
        notebook=row["notebook"] or "",
        artifacts=row["artifacts"] or "",
        parameters=FrozenMap(_read_json(row["parameters"]) or {}),
        queued_at=from_micros(row["queued_at"]),
        started_at=from_micros(row["started_at"]),
        ended_at=from_micros(row["ended_at"]),
        error=_read_error(row),
        nodes=FrozenMap({node["node_id"]: read_node(node) for node in nodes}),
        cells=tuple(read_cell(cell) for cell in cells),
        cancel_requested=bool(row["cancel_requested"]),
        backend_reason=row["backend_reason"] or "",
        parent_node_id=row["parent_node_id"] or "",
        resumed_from=row["resumed_from"] or "",
    )


def read_node(row: Mapping[str, Any]) -> NodeRunRecord:
    """Return the record of a node run from its row."""
    previews = _read_json(row["previews"]) or {}
    return NodeRunRecord(
        run_id=row["run_id"],
        node_id=row["node_id"],
        node_type=row["node_type"] or "",
        node_version=row["node_version"] or "",
        state=NodeState(row["state"]),
        reason=Reason(row["reason"]) if row["reason"] else None,
        why=Why(row["why"]) if row["why"] else None,
        attempts=row["attempts"] or 0,
        runner=row["runner"] or "",
        timeout=row["timeout"],
        enforcement=row["enforcement"] or "",
        started_at=from_micros(row["started_at"]),
        ended_at=from_micros(row["ended_at"]),
        fraction=row["fraction"] or 0.0,
        message=row["message"] or "",
        error=_read_error(row),
        previews=FrozenMap({name: from_plain(Preview, each) for name, each in previews.items()}),
        cause=tuple(_read_json(row["cause"]) or ()),
        why_detail=row["why_detail"] or "",
        reused_from=row["reused_from"] or "",
        key=row["key"] or "",
    )


def read_cell(row: Mapping[str, Any]) -> CellRunRecord:
    """Return the record of a cell from its row."""
    return CellRunRecord(
        run_id=row["run_id"],
        index=row["index"],
        cell_id=row["cell_id"] or "",
        state=NodeState(row["state"]),
        started_at=from_micros(row["started_at"]),
        ended_at=from_micros(row["ended_at"]),
        error=_read_error(row),
    )


def read_content(row: Mapping[str, Any]) -> FlowContent:
    """Return a content of a flow from its row."""
    return FlowContent(
        flow=row["flow"],
        content_hash=row["content_hash"],
        version=row["version"],
        spec=_read_json(row["spec"]) or {},
        node_versions=_read_json(row["node_versions"]) or {},
        author=row["author"] or "",
        reason=row["reason"] or "",
        created_at=from_micros(row["created_at"]) or 0.0,
        published_at=from_micros(row["published_at"]),
    )


def read_log(row: Mapping[str, Any]) -> LogRecord:
    """Return a line of a log from its row."""
    return LogRecord(
        run_id=row["run_id"] or "",
        node_id=row["node_id"] or "",
        attempt=row["attempt"] or 0,
        at=from_micros(row["happened_at"]) or 0.0,
        level=row["level"] or "",
        text=row["text"] or "",
    )


def read_segment_state(row: Mapping[str, Any]) -> SegmentState:
    """Return how far a segment was read from its row."""
    header = None
    if row["version"] is not None:
        origin = Origin(
            pid=row["pid"] or 0,
            started=row["started"] or "",
            host=row["host"] or "",
            boot=row["boot"] or "",
        )
        opened_at = from_micros(row["opened_at"]) or 0.0
        header = Header(version=row["version"], origin=origin, at=opened_at)
    return SegmentState(
        name=row["name"],
        writer=row["writer"],
        position=row["position"],
        is_complete=row["is_complete"],
        header=header,
        last_at=from_micros(row["last_at"]) or 0.0,
        facts=row["facts"],
        damages=row["damages"],
        pack=row["pack"] or "",
    )


def _read_error(row: Mapping[str, Any]) -> ErrorFact | None:
    data = _read_json(row["error_fact"])
    return from_plain(ErrorFact, data) if data else None


def _read_json(text: str | None) -> Any:
    return None if text is None else from_json(text)

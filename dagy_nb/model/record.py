"""Facts folded: what history, SQL and the picture see of a run. Frozen snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dagy_nb.model.event import ErrorFact, Preview
from dagy_nb.model.state import NodeState, Reason, RunKind, RunState, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRunRecord:
    """One node of one run. Times are seconds since the epoch, UTC; None where not reached."""

    run_id: str
    node_id: str
    node_type: str
    node_version: str = ""
    state: NodeState = NodeState.PENDING
    reason: Reason | None = None
    why: Why | None = None
    attempts: int = 0
    runner: str = ""
    timeout: float | None = None
    enforcement: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    fraction: float = 0.0
    message: str = ""
    error: ErrorFact | None = None
    previews: Mapping[str, Preview] = field(default_factory=dict)
    cause: tuple[str, ...] = ()
    why_detail: str = ""
    reused_from: str = ""
    key: str = ""

    @property
    def duration(self) -> float | None:
        """Seconds from start to end, or None."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max(0.0, self.ended_at - self.started_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRunRecord:
    """One cell of one notebook run."""

    run_id: str
    index: int
    cell_id: str = ""
    state: NodeState = NodeState.RUNNING
    started_at: float | None = None
    ended_at: float | None = None
    error: ErrorFact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run of a flow or of a notebook.

    Attributes:
        flow_version: The number of the flow's version, 0 until it is folded.
        nodes: Node id → node run, in plan order.
        cells: For notebook runs.
        cancel_requested: Somebody asked to cancel.
    """

    run_id: str
    kind: RunKind = RunKind.FLOW
    flow: str = ""
    flow_hash: str = ""
    flow_version: int = 0
    state: RunState = RunState.QUEUED
    backend: str = ""
    parent_run_id: str = ""
    notebook: str = ""
    artifacts: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    queued_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    error: ErrorFact | None = None
    nodes: Mapping[str, NodeRunRecord] = field(default_factory=dict)
    cells: tuple[CellRunRecord, ...] = ()
    cancel_requested: bool = False
    backend_reason: str = ""
    parent_node_id: str = ""
    resumed_from: str = ""

    @property
    def duration(self) -> float | None:
        """Seconds from start to end, or None."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max(0.0, self.ended_at - self.started_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """One line a node (or a cell) wrote."""

    run_id: str
    node_id: str
    attempt: int
    at: float
    level: str
    text: str

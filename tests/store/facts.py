"""Facts for the store's tests: whole runs, and short ways to say one fact."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from dagy_nb.model.event import (
    AttemptFailed,
    AttemptStarted,
    CancelRequested,
    CellEnded,
    CellStarted,
    ErrorFact,
    Event,
    FlowVersionSeen,
    LogWritten,
    NodeEnded,
    NodeProgressed,
    NodeQueued,
    NodeVersionSeen,
    PlannedNode,
    Preview,
    RunEnded,
    RunQueued,
    RunStarted,
)
from dagy_nb.model.flow import FlowSpec, NodeEntry
from dagy_nb.model.state import NodeState, Reason, RunKind, RunState, Why

NOON = 1_800_000_000.0
ROOT = Path(__file__).parents[2]
"""Where programs that the tests start find `tests`."""


class TurnedClock:
    """A clock that only the test turns."""

    def __init__(self, at: float = NOON) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at


def make_flow(name: str = "delays", nodes: int = 1, **config: object) -> FlowSpec:
    return FlowSpec(
        name=name,
        nodes=tuple(NodeEntry(id=f"n{i}", type="Work", config=config) for i in range(nodes)),
    )


def see_flow(flow: FlowSpec, at: float = NOON) -> FlowVersionSeen:
    return FlowVersionSeen(
        at=at,
        flow=flow.name,
        content_hash=flow.content_hash,
        spec=flow.model_dump(mode="json"),
        node_versions={"Work": "v1"},
    )


def plan(*node_ids: str) -> tuple[PlannedNode, ...]:
    return tuple(
        PlannedNode(
            node_id=each, node_type="Work", node_version="v1", runner="thread", timeout=30.0
        )
        for each in node_ids
    )


def begin_run(
    run_id: str, *node_ids: str, at: float = NOON, flow: FlowSpec | None = None
) -> list[Event]:
    """A run that was queued and has started."""
    return [
        RunQueued(
            at=at,
            run_id=run_id,
            flow=flow.name if flow else "delays",
            flow_hash=flow.content_hash if flow else "",
            parameters={"month": 2},
            nodes=plan(*node_ids),
        ),
        RunStarted(at=at + 0.001, run_id=run_id),
    ]


def run_node(run_id: str, node_id: str, at: float = NOON) -> list[Event]:
    """A node that waited, ran, wrote a line and completed."""
    return [
        NodeQueued(at=at + 0.01, run_id=run_id, node_id=node_id),
        AttemptStarted(at=at + 0.02, run_id=run_id, node_id=node_id, attempt=1, runner="thread"),
        LogWritten(
            at=at + 0.03, run_id=run_id, node_id=node_id, attempt=1, text=f"hello from {node_id}"
        ),
        NodeEnded(
            at=at + 0.04,
            run_id=run_id,
            node_id=node_id,
            state=NodeState.COMPLETED,
            why=Why.NEVER_RAN,
            attempts=1,
            previews={
                "output": Preview(type="int", summary="42", shape=(2, 3), columns=(("a", "int"),))
            },
        ),
    ]


def end_run(run_id: str, at: float = NOON, state: RunState = RunState.COMPLETED) -> list[Event]:
    return [RunEnded(at=at + 1.0, run_id=run_id, state=state)]


def whole_run(
    run_id: str, *node_ids: str, at: float = NOON, flow: FlowSpec | None = None
) -> list[Event]:
    """A run of the given nodes, one after the other, which completed."""
    nodes = node_ids or ("a", "b")
    facts = begin_run(run_id, *nodes, at=at, flow=flow)
    for number, node_id in enumerate(nodes):
        facts += run_node(run_id, node_id, at=at + number / 10)
    return facts + end_run(run_id, at=at)


def failed_run(run_id: str, at: float = NOON) -> list[Event]:
    """A run with a retry, a failure, a skip and a cancel."""
    error = ErrorFact(
        type="ValueError",
        code="raised.ValueError",
        message="no rows",
        traceback="cell 3, line 2",
        node_id="a",
        attempt=2,
    )
    return [
        *begin_run(run_id, "a", "b", "c", at=at),
        NodeQueued(at=at + 0.01, run_id=run_id, node_id="a"),
        AttemptStarted(at=at + 0.02, run_id=run_id, node_id="a", attempt=1, runner="process"),
        NodeProgressed(at=at + 0.03, run_id=run_id, node_id="a", fraction=0.5, message="half"),
        AttemptFailed(
            at=at + 0.04, run_id=run_id, node_id="a", attempt=1, error=error, retry_at=at + 0.05
        ),
        AttemptStarted(at=at + 0.06, run_id=run_id, node_id="a", attempt=2, runner="process"),
        NodeEnded(
            at=at + 0.07,
            run_id=run_id,
            node_id="a",
            state=NodeState.FAILED,
            reason=Reason.RAISED,
            attempts=2,
            error=error,
        ),
        NodeEnded(
            at=at + 0.08,
            run_id=run_id,
            node_id="b",
            state=NodeState.SKIPPED,
            reason=Reason.UPSTREAM_FAILED,
            cause=("a",),
        ),
        CancelRequested(at=at + 0.09, run_id=run_id, by="you"),
        NodeEnded(at=at + 0.1, run_id=run_id, node_id="c", state=NodeState.CANCELLED),
        RunEnded(at=at + 1.0, run_id=run_id, state=RunState.FAILED, error=error),
    ]


def notebook_run(run_id: str, at: float = NOON) -> list[Event]:
    """A notebook run of two cells, the second of which failed."""
    error = ErrorFact(type="NameError", code="raised.NameError", message="x")
    return [
        RunQueued(
            at=at,
            run_id=run_id,
            run_kind=RunKind.NOTEBOOK,
            backend="papermill",
            notebook="report.ipynb",
        ),
        RunStarted(at=at + 0.001, run_id=run_id),
        CellStarted(at=at + 0.01, run_id=run_id, index=0, cell_id="c0", source="1"),
        CellEnded(at=at + 0.02, run_id=run_id, index=0, state=NodeState.COMPLETED),
        CellStarted(at=at + 0.03, run_id=run_id, index=1, cell_id="c1", source="x"),
        CellEnded(at=at + 0.04, run_id=run_id, index=1, state=NodeState.FAILED, error=error),
        RunEnded(at=at + 1.0, run_id=run_id, state=RunState.FAILED, error=error),
    ]


def see_node(node_type: str = "Work", version: str = "v1", at: float = NOON) -> NodeVersionSeen:
    spec = {
        "type": node_type,
        "schema_version": "s1",
        "origin": {"kind": "cell", "place": "report.ipynb"},
    }
    return NodeVersionSeen(at=at, node_type=node_type, version=version, spec=spec)


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        threading.Event().wait(0.02)

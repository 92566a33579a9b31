"""One example of every message that a browser sends."""

from __future__ import annotations

from dagy_nb.model.edit import (
    AddNode,
    Batch,
    Connect,
    Disconnect,
    RemoveNode,
    RenameNode,
    ReplaceFlow,
    SetConfig,
    SetFlow,
    SetOptions,
)
from dagy_nb.model.flow import (
    EdgeSpec,
    FlowSpec,
    NodeEntry,
    ParameterSpec,
    ParameterType,
    Position,
)
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.model.retry import RetrySpec, Trigger
from dagy_nb.model.spec import RunnerName
from dagy_nb.protocol.message import (
    ArrangeRequested,
    CancelRequested,
    EditRequested,
    Hello,
    InsideRequested,
    MoveRequested,
    PlanRequested,
    RedoRequested,
    Request,
    ResumeRequested,
    RouteRequested,
    RunRequested,
    UndoRequested,
)

RUN_ID = "20261121-060000000-5f3a9c"
REQUESTS: dict[str, Request] = {
    "hello": Hello(id="hello-1"),
    "edit": EditRequested(
        id="edit-2",
        base_revision=7,
        edits=(
            AddNode(
                node=NodeEntry(
                    id="late_2",
                    type="late",
                    label="Very late",
                    config=FrozenMap({"minutes": 60}),
                    timeout=5,
                    runner=RunnerName.THREAD,
                    retries=1,
                    extra=FrozenMap({"x-note": "kept"}),
                ),
                index=1,
            ),
            Connect(edge=EdgeSpec.parse("flights.table -> late_2.flights")),
            Disconnect(edge=EdgeSpec.parse("flights.table -> late.flights")),
            SetConfig(id="late", config=FrozenMap({"minutes": 45})),
            SetOptions(
                id="late",
                label="Late",
                timeout=0,
                retry=RetrySpec(delay=2, backoff=3, max_delay=60, errors=("ConnectionError",)),
                trigger=Trigger.ALL_DONE,
                memory_mb=1_024,
                disabled=True,
            ),
            RenameNode(id="late", to="too_late"),
            RemoveNode(id="report"),
            SetFlow(
                description="Delays.",
                parameters=(
                    ParameterSpec(
                        name="month", type=ParameterType.INTEGER, default=2, has_default=True
                    ),
                ),
                backend="dask",
            ),
            Batch(edits=(RemoveNode(id="late_2"),), label="cut 1 node"),
            ReplaceFlow(flow=FlowSpec(name="delays")),
        ),
        positions={"late_2": Position(x=300, y=140.5)},
    ),
    "undo": UndoRequested(id="undo-3"),
    "redo": RedoRequested(id="redo-4"),
    "move": MoveRequested(id="move-5", positions={"late": Position(x=310, y=20)}),
    "arrange": ArrangeRequested(id="arrange-6"),
    "run": RunRequested(
        id="run-7", base_revision=7, parameters={"month": 2}, reuse=True, force=("late",)
    ),
    "plan": PlanRequested(id="plan-9", parameters={"month": 2}, force=("late",)),
    "inside": InsideRequested(id="inside-12", run_id=RUN_ID, node_id="each"),
    "route": RouteRequested(id="route-11"),
    "resume": ResumeRequested(
        id="resume-10", run_id=RUN_ID, parameters={"month": 3}, force=("report",)
    ),
    "cancel": CancelRequested(id="cancel-8", run_id=RUN_ID, node_id="late"),
}

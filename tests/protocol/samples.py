"""Specs, flows and records in a few letters, for tests of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagy_nb.model.connector import Cardinality, ConnectorSpec, Direction, Side
from dagy_nb.model.datatype import DataType
from dagy_nb.model.event import ErrorFact, Preview
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry, ParameterSpec, ParameterType
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.model.record import NodeRunRecord, RunRecord
from dagy_nb.model.spec import NodeSpec, Origin, OriginKind
from dagy_nb.model.state import NodeState, Reason, RunState

CARDINALITIES = {"": None, "?": Cardinality.OPTIONAL, "*": Cardinality.MANY, "1": Cardinality.ONE}
SIDES = {"^": Side.TOP, "_": Side.BOTTOM}


def read_connector(text: str, direction: Direction) -> ConnectorSpec:
    """Read `name:TYPE|TYPE`, then `?`, `*` or `1` for the cardinality, `^` or `_` for top, bottom."""
    name, _, rest = text.partition(":")
    types = rest.rstrip("?*1^_")
    marks = rest[len(types) :]
    many = Cardinality.ONE if direction is Direction.INPUT else Cardinality.MANY
    side = Side.LEFT if direction is Direction.INPUT else Side.RIGHT
    return ConnectorSpec(
        name=name,
        direction=direction,
        data_types=tuple(DataType(each) for each in types.split("|")),
        cardinality=next((CARDINALITIES[m] for m in marks if m in "?*1"), many),
        side=next((SIDES[m] for m in marks if m in SIDES), side),
    )


def make_spec(name: str, inputs: str = "", outputs: str = "", **fields: Any) -> NodeSpec:
    """A node type; connectors as in `read_connector`, with blanks between them."""
    connectors = [read_connector(each, Direction.INPUT) for each in inputs.split()]
    connectors += [read_connector(each, Direction.OUTPUT) for each in outputs.split()]
    known = {
        "origin": Origin(kind=OriginKind.CELL, place="demo.ipynb"),
        "version": f"{name}-1",
        "schema_version": f"{name}-1",
        "label": name,
    }
    return NodeSpec(type=name, connectors=tuple(connectors), **{**known, **fields})


def make_specs(*specs: NodeSpec) -> dict[str, NodeSpec]:
    return {each.type: each for each in specs}


def make_flow(
    name: str, nodes: Mapping[str, str], edges: tuple[str, ...] = (), **fields: Any
) -> FlowSpec:
    """A flow of node id → node type, and edges as text."""
    return FlowSpec(
        name=name,
        nodes=tuple(NodeEntry(id=node, type=kind) for node, kind in nodes.items()),
        edges=tuple(EdgeSpec.parse(edge) for edge in edges),
        **fields,
    )


FLIGHT_SPECS = make_specs(
    make_spec("LoadFlights", outputs="table:TABLE", category="Sources", icon="table", timeout=60),
    make_spec("LoadWeather", outputs="table:TABLE", category="Sources", icon="globe"),
    make_spec(
        "Clean",
        "table:TABLE",
        "table_out:TABLE dropped:INTEGER",
        category="Transform",
        icon="filter",
    ),
    make_spec(
        "JoinWeather",
        "flights:TABLE weather:TABLE",
        "joined:TABLE error:ERROR_",
        category="Transform",
        icon="join",
    ),
    make_spec(
        "DelayByCarrier",
        "flights:TABLE",
        "report:TABLE",
        category="Analysis",
        icon="sum",
        is_async=True,
    ),
    make_spec("FitModel", "rows:TABLE", "model:OBJECT score:NUMBER", category="Analysis"),
    make_spec("Plot", "table:TABLE title:TEXT?", "figure:FILE", category="Output", icon="chart"),
    make_spec(
        "Report",
        "parts:TABLE|NUMBER|FILE* problem:ERROR?^",
        "text:TEXT",
        category="Output",
        icon="📄",
    ),
)
FLIGHTS = make_flow(
    "first_flow",
    {
        "flights": "LoadFlights",
        "weather": "LoadWeather",
        "clean": "Clean",
        "joined": "JoinWeather",
        "by_carrier": "DelayByCarrier",
        "model": "FitModel",
        "plot": "Plot",
        "report": "Report",
    },
    (
        "flights.table -> clean.table",
        "clean.table_out -> joined.flights",
        "weather.table -> joined.weather",
        "clean.table_out -> by_carrier.flights",
        "joined.joined -> model.rows",
        "by_carrier.report -> plot.table",
        "by_carrier.report -> report.parts",
        "model.score -> report.parts",
        "plot.figure -> report.parts",
        "joined.error -> report.problem",
    ),
    description="Which carriers are late, and does the weather tell?",
    parameters=(
        ParameterSpec(name="month", type=ParameterType.INTEGER, default=1, has_default=True),
    ),
)

S, R = NodeState, Reason


def make_record(flow: FlowSpec, states: Mapping[str, Any], **fields: Any) -> RunRecord:
    """A run of node id → state or `(state, reason)`, each node 1.5 s after the one before."""
    nodes, at = {}, 1_800_000_000.0
    for entry in flow.nodes:
        told = states.get(entry.id, S.PENDING)
        state, reason = told if isinstance(told, tuple) else (told, None)
        started = None if state in (S.PENDING, S.QUEUED, S.SKIPPED) else at
        nodes[entry.id] = NodeRunRecord(
            run_id="run-1",
            node_id=entry.id,
            node_type=entry.type,
            node_version=f"{entry.type}-1",
            state=state,
            reason=reason,
            attempts=1 if started else 0,
            started_at=started,
            ended_at=at + 1.23 if started and state.is_final else None,
            error=ErrorFact(type="KeyError", code="raised.KeyError", message="'SECRET-VALUE'")
            if state is S.FAILED
            else None,
            previews={"table": Preview(type="DataFrame", summary="SECRET-PREVIEW")}
            if state is S.COMPLETED
            else {},
        )
        at += 1.5
    known = {"state": RunState.RUNNING, "started_at": 1_800_000_000.0, "flow": flow.name}
    return RunRecord(run_id="run-1", nodes=nodes, **{**known, **fields})


ALL_STATES = {
    "flights": S.COMPLETED,
    "weather": (S.SKIPPED, R.UP_TO_DATE),
    "clean": S.RUNNING,
    "joined": (S.FAILED, R.RAISED),
    "by_carrier": S.TIMED_OUT,
    "model": (S.SKIPPED, R.UPSTREAM_FAILED),
    "plot": S.CANCELLED,
    "report": S.RETRYING,
}


def with_config(flow: FlowSpec, node_id: str, **config: Any) -> FlowSpec:
    nodes = tuple(
        node.model_copy(update={"config": FrozenMap(config)}) if node.id == node_id else node
        for node in flow.nodes
    )
    return flow.model_copy(update={"nodes": nodes})

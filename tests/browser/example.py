"""Node types and a flow for pages without a kernel: real specs, real words, no run behind them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field, SecretStr

from dagy_nb.model.datatype import DataType
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry, ParameterSpec, ParameterType, Position
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.protocol.draw import draw_flow
from dagy_nb.protocol.message import Snapshot
from dagy_nb.protocol.palette import draw_palette
from dagy_nb.protocol.picture import RunPicture


class LoadFlights(FlowNode, register=False):
    """All flights of one month."""

    category = "Sources"
    icon = "database"
    table = Output(DataType.TABLE, description="One row a flight.")
    error = Output(DataType.ERROR, side="bottom")

    class Config(FlowNode.Config):
        month: int = Field(1, ge=1, le=12, description="1 is January.")

    def execute(self, **inputs: Any) -> Any:
        return {}


class LoadWeather(FlowNode, register=False):
    """Hourly weather at each airport."""

    category = "Sources"
    icon = "globe"
    table = Output(DataType.TABLE)

    def execute(self, **inputs: Any) -> Any:
        return {}


class Carrier(StrEnum):
    """Who flies."""

    UNITED = "UA"
    DELTA = "DL"


class Window(BaseModel):
    """From when to when."""

    start: str = "06:00"
    end: str = "22:00"


class CleanFlights(FlowNode, register=False):
    """Drops what cannot be measured."""

    category = "Tables"
    icon = "filter"
    begin = Input(DataType.SIGNAL, side="top", cardinality="optional", description="Wait for this.")
    flights = Input(DataType.TABLE, description="One row a flight.")
    flights_clean = Output(DataType.TABLE)
    dropped = Output(DataType.INTEGER, description="How many rows went.")

    class Config(FlowNode.Config):
        min_delay: float = Field(15, ge=0, description="Minutes.")
        carrier: Carrier | None = None
        strict: bool = False
        columns: list[str] = Field(["dep_delay", "carrier"], min_length=1)
        window: Window = Window()
        token: SecretStr | None = None

    def execute(self, **inputs: Any) -> Any:
        return {}


class JoinOnHour(FlowNode, register=False):
    """Joins two tables on airport and hour."""

    category = "Tables"
    icon = "join"
    left = Input(DataType.TABLE)
    right = Input(DataType.TABLE)
    joined = Output(DataType.TABLE)

    def execute(self, **inputs: Any) -> Any:
        return {}


class DelayByCarrier(FlowNode, register=False):
    """Mean departure delay of each carrier."""

    category = "Statistics"
    icon = "sum"
    flights = Input(DataType.TABLE)
    report = Output(DataType.TABLE)

    class Config(FlowNode.Config):
        min_flights: int = Field(100, ge=1, description="Drop carriers with fewer flights.")

    def execute(self, **inputs: Any) -> Any:
        return {}


class LeastSquares(FlowNode, register=False):
    """A linear model of delay on weather."""

    category = "Statistics"
    icon = "function"
    runner = "process"
    timeout = 60.0
    samples = Input(DataType.TABLE, DataType.ARRAY)
    weights = Input(DataType.LIST, DataType.JSON, cardinality="optional")
    model = Output(DataType.ANY)
    score = Output(DataType.NUMBER)

    def execute(self, **inputs: Any) -> Any:
        return {}


class PlotDelays(FlowNode, register=False):
    """A picture of delays over the day."""

    category = "Output"
    icon = "chart"
    report = Input(DataType.TABLE)
    score = Input(DataType.NUMBER, cardinality="optional")
    picture = Output(DataType.FILE)

    def execute(self, **inputs: Any) -> Any:
        return {}


class SendMail(FlowNode, register=False):
    """Mails files to somebody."""

    category = "Output"
    icon = "mail"
    files = Input(DataType.FILE, cardinality="many")
    text = Input(DataType.TEXT, cardinality="optional")

    class Config(FlowNode.Config):
        to: str = Field(min_length=3, description="Address.")

    def execute(self, **inputs: Any) -> Any:
        return {}


TYPES = (
    LoadFlights, LoadWeather, CleanFlights, JoinOnHour, DelayByCarrier, LeastSquares, PlotDelays, SendMail,
)  # fmt: skip
SPECS = {each.spec.type: each.spec for each in TYPES}


def make_flow(nodes: dict[str, str], edges: tuple[str, ...] = ()) -> FlowSpec:
    """Return a flow of node id → node type, with one parameter."""
    return FlowSpec(
        name="delays",
        description="Delays of a month.",
        parameters=(
            ParameterSpec(
                name="month", type=ParameterType.INTEGER, default=1, has_default=True,
                description="1 is January.",
            ),
        ),
        nodes=tuple(NodeEntry(id=name, type=type_) for name, type_ in nodes.items()),
        edges=tuple(EdgeSpec.parse(each) for each in edges),
    )  # fmt: skip


def draw_snapshot(
    flow: FlowSpec,
    *,
    positions: dict[str, Position] | None = None,
    run: RunPicture | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Return the snapshot that a kernel would send, as JSON values."""
    picture = draw_flow(
        flow, SPECS, revision=3, positions=positions, default_timeout=300, **changes
    )
    snapshot = Snapshot(flow=picture, palette=draw_palette(SPECS, revision=1), run=run)
    return snapshot.model_dump(mode="json")


DELAYS = make_flow(
    {
        "flights": "LoadFlights",
        "weather": "LoadWeather",
        "clean": "CleanFlights",
        "join": "JoinOnHour",
        "report": "DelayByCarrier",
        "model": "LeastSquares",
        "plot": "PlotDelays",
    },
    (
        "flights.table -> clean.flights",
        "clean.flights_clean -> join.left",
        "weather.table -> join.right",
        "join.joined -> report.flights",
        "join.joined -> model.samples",
        "report.report -> plot.report",
        "model.score -> plot.score",
    ),
)

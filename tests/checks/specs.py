"""Short ways to write node specs and flows, without the nodes room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagy_nb.model.connector import ConnectorSpec
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry
from dagy_nb.model.spec import NodeSpec


def connector(direction: str, text: str) -> ConnectorSpec:
    """Read `name: TABLE|JSON many`; an input takes one edge by default, an output many."""
    name, _, rest = text.partition(":")
    types, _, cardinality = rest.strip().partition(" ")
    default = "one" if direction == "input" else "many"
    return ConnectorSpec(
        name=name,
        direction=direction,
        data_types=tuple(types.split("|")),
        cardinality=cardinality or default,
        side="left" if direction == "input" else "right",
    )


def spec(type: str, *, inputs: str = "", outputs: str = "", **fields: Any) -> NodeSpec:
    """A node type; connectors are separated by commas."""
    read = {
        way: [connector(way, each.strip()) for each in text.split(",") if each.strip()]
        for way, text in (("input", inputs), ("output", outputs))
    }
    return NodeSpec(
        type=type,
        origin={"kind": "module", "place": "tests"},
        version="0" * 16,
        schema_version="0" * 16,
        connectors=(*read["input"], *read["output"]),
        **fields,
    )


def table(*specs: NodeSpec) -> dict[str, NodeSpec]:
    """Specs by their type."""
    return {each.type: each for each in specs}


def flow(nodes: Mapping[str, Any] | str, *edges: str, **fields: Any) -> FlowSpec:
    """A flow; nodes as `a:Load b:Clean`, or a mapping of id to type or to fields."""
    if isinstance(nodes, str):
        nodes = dict(each.split(":") for each in nodes.split())
    entries = [
        NodeEntry(id=key, **({"type": value} if isinstance(value, str) else value))
        for key, value in nodes.items()
    ]
    return FlowSpec(
        name="flow",
        nodes=entries,
        edges=[EdgeSpec.parse(each) for each in edges],
        **fields,
    )


LOAD = spec("Load", outputs="table: TABLE, count: INTEGER one, signal: SIGNAL, error: ERROR")
CLEAN = spec("Clean", inputs="table: TABLE, limit: NUMBER optional", outputs="rows: TABLE")
JOIN = spec("Join", inputs="tables: TABLE many, note: ANY optional", outputs="both: TABLE|JSON")
CATCH = spec("Catch", inputs="error: ERROR", outputs="text: TEXT")
SHOW = spec("Show", inputs="value: ANY optional")
SPECS = table(LOAD, CLEAN, JOIN, CATCH, SHOW)

"""A node's card says what a user needs to wire it, as text and as HTML."""

from __future__ import annotations

import pytest

from dagy_nb.magics.card import NodeCard
from dagy_nb.magics.changes import tell_flow_changes, tell_node_changes
from dagy_nb.model.connector import Cardinality, ConnectorSpec, Direction, Side
from dagy_nb.model.datatype import DataType
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry, ParameterSpec
from dagy_nb.model.spec import NodeSpec, Origin, OriginKind


def connector(name, direction, *types, cardinality=Cardinality.ONE, description=""):
    return ConnectorSpec(
        name=name,
        direction=direction,
        data_types=types,
        cardinality=cardinality,
        side=Side.LEFT if direction is Direction.INPUT else Side.RIGHT,
        description=description,
    )


def spec(**changes):
    fields = {
        "type": "late",
        "origin": Origin(kind=OriginKind.CELL, place="kernel"),
        "version": "0123456789abcdef",
        "schema_version": "0123456789abcdef",
        "description": "Flights that left late.\n\nMore words.",
        "timeout": 30.0,
        "retries": 2,
        "connectors": (
            connector("flights", Direction.INPUT, DataType.TABLE, description="All flights."),
            connector(
                "extra", Direction.INPUT, DataType.JSON, DataType.TEXT, cardinality=Cardinality.MANY
            ),
            connector("output", Direction.OUTPUT, DataType.TABLE, cardinality=Cardinality.MANY),
        ),
        "config_schema": {
            "properties": {
                "minutes": {"type": "number", "description": "Later than this."},
                "how": {"enum": ["left", "right"]},
                "until": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
            }
        },
        "config_defaults": {"minutes": 15.0},
    }
    return NodeSpec(**{**fields, **changes})


def test_a_card_tells_what_goes_in_and_out_and_how_it_runs():
    card = NodeCard(
        spec=spec(),
        notices=("`threshold` was captured as 3.",),
        changes=("input flights changed",),
        broken=("flow delays: does not fit",),
    )

    assert repr(card).splitlines() == [
        "late  version 0123456789abcdef, revision 1",
        "  Flights that left late.",
        "  in       flights: TABLE — All flights.",
        "  in       extra: JSON or TEXT (many)",
        "  out      output: TABLE",
        "  config   minutes: number = 15.0 — Later than this.",
        "  config   how: 'left' | 'right'",
        "  config   until: date | null",
        "  runs     thread, limit 30 s, 2 further attempts",
        "  retry    after raised, at once",
        "  changed  input flights changed",
        "  note     `threshold` was captured as 3.",
        "  broken   flow delays: does not fit",
    ]


RETRIES = [
    ({"retries": 0}, (), None),
    ({"retries": 0, "retry": {"delay": 5}}, (), "after raised, waits 5 s"),
    ({"retry": {"delay": 2, "backoff": 3}}, (), "after raised, waits 2 s × 3 each time"),
    (
        {"retry": {"delay": (1, 5.5), "on": ("crashed", "timed_out"), "jitter": 0.25}},
        (),
        "after timed_out or crashed, waits 1, 5.5 s, ± 25% by chance",
    ),
    (
        {"retry": {"errors": ("OSError", "KeyError")}},
        (),
        "after raised, only OSError, KeyError, at once",
    ),
    (
        {},
        ("delay", "when"),
        "after raised, where the class's `when` agrees, waits by the class's `delay`",
    ),
]


@pytest.mark.parametrize(("changes", "coded", "told"), RETRIES)
def test_a_card_tells_how_a_node_is_tried_again(changes, coded, told):
    card = NodeCard(spec=spec(**changes), coded=coded)

    rows = [
        line.removeprefix("  retry").strip()
        for line in repr(card).splitlines()
        if line[2:7] == "retry"
    ]
    assert rows == ([told] if told else [])


def test_a_card_tells_a_limit_of_memory():
    assert "thread, limit 30 s, 2 further attempts, at most 512 MB" in repr(
        NodeCard(spec=spec(memory_mb=512))
    )


def test_what_changed_names_retries_and_memory():
    changed = tell_node_changes(spec(), spec(retry={"delay": 5}, memory_mb=512))

    assert changed == ["memory_mb: none → 512.0", "how it is tried again"]


def test_a_card_in_html_shows_text_as_text():
    html = NodeCard(spec=spec(description="<script>alert(1)</script>"))._repr_html_()

    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_new_definition_tells_what_it_changed():
    before = spec()
    other = spec(
        version="f" * 16,
        timeout=5.0,
        connectors=(
            connector("flights", Direction.INPUT, DataType.ARRAY),
            connector("more", Direction.OUTPUT, DataType.TABLE),
        ),
        config_schema={"properties": {"minutes": {"type": "integer"}, "new": {"type": "string"}}},
    )

    assert tell_node_changes(before, other) == [
        "input flights changed",
        "input extra is gone",
        "output output is gone",
        "output more is new",
        "config field minutes changed",
        "config field how is gone",
        "config field until is gone",
        "config field new is new",
        "timeout: 30.0 → 5.0",
    ]
    assert tell_node_changes(before, spec(version="f" * 16)) == ["the code"]
    assert tell_node_changes(before, before) == ["the same definition"]


def test_a_new_text_of_a_flow_tells_what_it_changed():
    before = FlowSpec(
        name="delays",
        nodes=(NodeEntry(id="a", type="A"), NodeEntry(id="b", type="B")),
        edges=(EdgeSpec.parse("a.x -> b.y"),),
    )
    after = FlowSpec(
        name="delays",
        nodes=(NodeEntry(id="b", type="B", timeout=3), NodeEntry(id="c", type="C")),
        edges=(EdgeSpec.parse("c.x -> b.y"),),
        parameters=(ParameterSpec(name="month"),),
        timeout=60,
    )

    assert tell_flow_changes(before, after) == [
        "node a is gone",
        "node b changed",
        "node c is new",
        "parameter month is new",
        "edge a.x -> b.y is gone",
        "edge c.x -> b.y is new",
        "timeout: none → 60.0",
    ]
    assert tell_flow_changes(before, before) == []

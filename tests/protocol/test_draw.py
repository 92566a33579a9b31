"""A flow is drawn as it is: with missing types, broken edges, and the limits that will hold."""

from __future__ import annotations

import time

import pytest

from dagy_nb.checks.connection import check_connection
from dagy_nb.model.diagnostic import Diagnostic, Place, Severity
from dagy_nb.model.flow import EdgeSpec, NodeEntry, Position
from dagy_nb.model.spec import RunnerName
from dagy_nb.model.state import NodeState
from dagy_nb.protocol.card import Lost, place_connectors
from dagy_nb.protocol.draw import draw_flow, find_stale
from dagy_nb.protocol.message import Snapshot, encode
from dagy_nb.protocol.palette import draw_palette
from tests.protocol.samples import (
    FLIGHT_SPECS,
    FLIGHTS,
    make_flow,
    make_record,
    make_spec,
    make_specs,
)

SPECS = make_specs(
    make_spec("Load", outputs="table:TABLE rows:INTEGER"),
    make_spec("Late", "flights:TABLE", "late:TABLE"),
    make_spec("Sum", "left:NUMBER right:NUMBER", "sum:NUMBER", is_async=True),
    make_spec("All", "parts:TABLE*", "table:TABLE"),
)


def draw(nodes, edges=(), specs=SPECS, **options):
    return draw_flow(make_flow("f", nodes, edges), specs, **options)


def node_of(picture, node_id):
    return next(each for each in picture.nodes if each.id == node_id)


def test_an_empty_flow_is_drawn():
    picture = draw({})

    assert (picture.name, picture.nodes, picture.edges) == ("f", (), ())


def test_nodes_and_edges_keep_the_declared_order():
    picture = draw_flow(FLIGHTS, FLIGHT_SPECS)

    assert [each.id for each in picture.nodes] == [each.id for each in FLIGHTS.nodes]
    assert [each.id for each in picture.edges] == [each.id for each in FLIGHTS.edges]
    assert picture.parameters[0].name == "month"


def test_a_card_shows_the_connectors_of_its_type():
    node = node_of(draw({"a": "Late"}), "a")

    assert [(c.name, c.types, c.required) for c in node.inputs] == [("flights", ("TABLE",), True)]
    assert [(c.name, c.type_key, c.required) for c in node.outputs] == [("late", "TABLE", False)]


def test_a_node_without_label_shows_its_id():
    assert node_of(draw({"a": "Late"}), "a").label == "a"


def test_connectors_of_a_missing_type_are_guessed_from_its_edges():
    picture = draw(
        {"a": "Load", "x": "Gone", "b": "Late"}, ("a.table -> x.rows", "x.out -> b.flights")
    )

    node = node_of(picture, "x")
    assert node.missing
    assert [(c.name, c.types) for c in node.inputs] == [("rows", ("ANY",))]
    assert [(c.name, c.types) for c in node.outputs] == [("out", ("ANY",))]
    assert {edge.verdict for edge in picture.edges} == {"unknown"}
    assert not any(edge.broken for edge in picture.edges)


@pytest.mark.parametrize(
    ("edge", "words", "repair"),
    [
        ("a.tables -> b.flights", "has no output tables", "a.table -> b.flights"),
        ("a.table -> b.flight", "has no input flight", "a.table -> b.flights"),
        ("a.rows -> b.flights", "INTEGER does not become TABLE", "a.table -> b.flights"),
        ("a.nothing -> b.nothing", "has no output nothing", "a.table -> b.flights"),
        ("gone.table -> b.flights", "no node gone", ""),
        ("b.late -> b.flights", "cannot feed itself", ""),
    ],
)
def test_a_broken_edge_says_why_and_names_one_that_fits(edge, words, repair):
    picture = draw({"a": "Load", "b": "Late"}, (edge,))

    drawn = picture.edges[0]
    assert drawn.verdict == "no"
    assert words in drawn.broken
    assert drawn.reason == drawn.broken
    assert drawn.repair == repair


def test_an_edge_that_lost_its_room_is_broken_and_the_first_one_stays():
    picture = draw(
        {"a": "Load", "b": "Load", "c": "Late"}, ("a.table -> c.flights", "b.table -> c.flights")
    )

    first, second = picture.edges
    assert not first.broken
    assert second.broken == "c.flights takes one edge and has a.table -> c.flights."
    assert second.repair == ""


def test_every_repair_is_an_edge_that_the_check_accepts():
    specs = {**FLIGHT_SPECS, "Clean": make_spec("Clean", "rows:TABLE", "cleaned:TABLE")}

    picture = draw_flow(FLIGHTS, specs)

    broken = [edge for edge in picture.edges if edge.broken]
    assert len(broken) == 3
    for edge in broken:
        rest = FLIGHTS.model_copy(
            update={"edges": tuple(each for each in FLIGHTS.edges if each.id != edge.id)}
        )
        verdict = check_connection(rest, specs, EdgeSpec.parse(edge.repair)).verdict
        assert verdict != "no"


def test_two_broken_edges_into_one_input_are_not_both_repaired_onto_it():
    picture = draw(
        {"a": "Load", "b": "Load", "c": "Late"}, ("a.table -> c.flights", "b.table -> c.flight")
    )

    assert picture.edges[1].broken
    assert picture.edges[1].repair == ""


def test_vanished_connectors_make_the_card_higher_but_are_not_its_connectors():
    plain = node_of(draw({"a": "Load", "b": "Late"}), "b")
    picture = draw(
        {"a": "Load", "b": "Late"}, ("a.table -> b.flights", "a.table -> b.x", "a.table -> b.y")
    )

    node = node_of(picture, "b")
    assert node.height == plain.height + 2 * 24
    assert [each.name for each in node.inputs] == ["flights"]


LIMITS = [
    # node, class, flow, setting, expected
    (5.0, 30.0, 60.0, 300.0, 5.0),
    (None, 30.0, 60.0, 300.0, 30.0),
    (None, None, 60.0, 300.0, 60.0),
    (None, None, None, 300.0, 300.0),
    (None, None, None, None, None),
    (0.0, 30.0, 60.0, 300.0, None),
    (None, None, 0.0, 300.0, None),
]


@pytest.mark.parametrize(("node", "cls", "flow", "setting", "expected"), LIMITS)
def test_the_limit_that_will_hold_is_shown(node, cls, flow, setting, expected):
    specs = make_specs(make_spec("T", timeout=cls))
    spec = make_flow("f", {}, node_timeout=flow)
    spec = spec.model_copy(update={"nodes": (NodeEntry(id="a", type="T", timeout=node),)})

    drawn = draw_flow(spec, specs, default_timeout=setting).nodes[0]

    assert (drawn.timeout, drawn.effective_timeout) == (node, expected)


@pytest.mark.parametrize(
    ("node", "cls", "is_async", "expected"),
    [
        (RunnerName.PROCESS, RunnerName.INLINE, True, "process"),
        (None, RunnerName.PROCESS, True, "process"),
        (None, None, True, "inline"),
        (None, None, False, "thread"),
    ],
)
def test_the_runner_that_will_hold_is_shown(node, cls, is_async, expected):
    specs = make_specs(make_spec("T", runner=cls, is_async=is_async))
    spec = make_flow("f", {}).model_copy(
        update={"nodes": (NodeEntry(id="a", type="T", runner=node),)}
    )

    drawn = draw_flow(spec, specs).nodes[0]

    assert (drawn.runner, drawn.effective_runner) == (node or "", expected)


def test_nodes_stand_where_the_user_put_them():
    picture = draw({"a": "Load", "b": "Late"}, positions={"b": Position(x=7, y=-3)})

    assert (node_of(picture, "b").x, node_of(picture, "b").y) == (7, -3)


def test_positions_of_nodes_that_are_gone_do_no_harm():
    picture = draw({"a": "Load"}, positions={"gone": Position(x=7, y=-3)})

    assert (picture.nodes[0].x, picture.nodes[0].y) == (0, 0)


def test_diagnostics_stand_at_their_place():
    found = Diagnostic(
        code="config.invalid",
        severity=Severity.ERROR,
        place=Place(node="a", field="minutes"),
        message="too small",
        suggestion="more",
    )

    drawn = draw({"a": "Late"}, diagnostics=[found]).diagnostics[0]

    assert (drawn.code, drawn.severity, drawn.node, drawn.field, drawn.connector, drawn.edge) == (
        "config.invalid",
        "error",
        "a",
        "minutes",
        "",
        "",
    )


def test_nodes_whose_type_was_redefined_since_the_run_are_stale():
    record = make_record(FLIGHTS, {"clean": NodeState.COMPLETED})
    specs = {**FLIGHT_SPECS, "Clean": make_spec("Clean", version="Clean-2")}
    del specs["Plot"]

    assert find_stale(record, FLIGHT_SPECS) == set()
    assert find_stale(record, specs) == {"clean"}
    picture = draw_flow(FLIGHTS, specs, stale=find_stale(record, specs))
    assert [each.id for each in picture.nodes if each.stale] == ["clean"]


def test_a_picture_never_shows_a_connector_that_the_spec_lacks():
    picture = draw_flow(FLIGHTS, FLIGHT_SPECS)

    for node in picture.nodes:
        spec = FLIGHT_SPECS[node.type]
        assert [each.name for each in node.inputs] == [each.name for each in spec.inputs]
        assert [each.name for each in node.outputs] == [each.name for each in spec.outputs]


def test_cards_have_the_size_that_both_languages_agreed_on():
    heights = {node.id: node.height for node in draw_flow(FLIGHTS, FLIGHT_SPECS).nodes}

    assert heights["flights"] == 46 + 24 + 26
    assert heights["clean"] == 46 + 2 * 24 + 26
    assert heights["joined"] == 46 + 2 * 24 + 22 + 26
    assert heights["report"] == 46 + 22 + 24 + 26


def test_connectors_sit_on_the_border_at_their_row():
    node = node_of(draw_flow(FLIGHTS, FLIGHT_SPECS), "report")
    spots = {spot.name: spot for spot in place_connectors(node, Lost(inputs=("gone",)))}

    assert (spots["parts"].x, spots["parts"].y) == (0, 46 + 22 + 12)
    assert (spots["gone"].x, spots["gone"].y) == (0, 46 + 22 + 24 + 12)
    assert (spots["text"].x, spots["text"].y) == (220, 46 + 22 + 12)
    assert (spots["problem"].x, spots["problem"].y) == (110, 0)
    assert spots["gone"].connector is None


def test_a_picture_costs_in_proportion_to_the_nodes():
    assert measure(1000) < 30 * measure(100)


def measure(size):
    """Seconds of this thread, the least of a few."""
    nodes = {f"n{i}": "All" for i in range(size)}
    edges = tuple(f"n{i}.table -> n{i + 1}.parts" for i in range(size - 1))
    spec = make_flow("big", nodes, edges)
    taken = []
    for _ in range(3):
        began = time.thread_time()
        picture = draw_flow(spec, SPECS)
        encode(Snapshot(flow=picture, palette=draw_palette(SPECS)))
        taken.append(time.thread_time() - began)
    return min(taken)

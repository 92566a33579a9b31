"""One edge, one verdict: the rules in their order, and the type matrix behind them."""

from __future__ import annotations

import itertools
import re

import pytest

from dagy_nb.checks.connection import RULES, check_connection, require_connection
from dagy_nb.errors import ConnectionRefused
from dagy_nb.model.connector import Cardinality
from dagy_nb.model.datatype import DataType, Verdict, compare_accepted
from dagy_nb.model.flow import EdgeSpec
from tests.checks.specs import SPECS, flow, spec, table

CHAIN = flow(
    "load:Load clean:Clean again:Clean join:Join catch:Catch show:Show gone:Gone",
    "load.table -> clean.table",
    "clean.rows -> again.table",
    "load.count -> again.limit",
    "again.rows -> join.tables",
)


@pytest.mark.parametrize(
    ("edge", "verdict", "code"),
    [
        ("load.table -> join.tables", "ok", "types.same"),
        ("join.both -> catch.error", "no", "types.error_input"),
        ("load.error -> catch.error", "ok", "types.same"),
        ("load.error -> show.value", "no", "types.error_output"),
        ("load.signal -> clean.limit", "no", "types.no_value"),
        ("clean.rows -> clean.limit", "no", "edge.self_loop"),
        ("clean.rows -> clean.table", "no", "edge.self_loop"),
        ("load.table -> clean.table", "no", "edge.duplicate"),
        ("clean.rows -> again.limit", "no", "types.mismatch"),
        ("load.table -> again.table", "no", "edge.input_taken"),
        ("load.count -> clean.limit", "no", "edge.output_taken"),
        ("join.both -> clean.table", "no", "edge.input_taken"),
        ("again.rows -> clean.tabel", "no", "edge.unknown_connector"),
        ("lode.table -> clean.table", "no", "edge.unknown_node"),
        ("clean.rows -> laod.table", "no", "edge.unknown_node"),
        ("clean.limit -> again.limit", "no", "edge.direction"),
        ("clean.rows -> load.count", "no", "edge.direction"),
        ("load.table -> gone.x", "unknown", "edge.undefined_type"),
        ("gone.x -> show.value", "unknown", "edge.undefined_type"),
    ],
)
def test_each_edge_gets_its_verdict(edge: str, verdict: str, code: str) -> None:
    answer = check_connection(CHAIN, SPECS, EdgeSpec.parse(edge))

    assert (answer.verdict, answer.code) == (verdict, code)
    assert answer.reason
    assert bool(answer.suggestion) or answer.verdict is Verdict.OK


def test_a_circle_is_refused_with_its_path():
    knot = flow("a:Join b:Join c:Join", "a.both -> b.tables", "b.both -> c.tables")

    answer = check_connection(knot, SPECS, EdgeSpec.parse("c.both -> a.tables"))

    assert answer.code == "edge.cycle"
    assert answer.reason == "This closes a cycle: c → a → b → c."


def test_a_mistyped_name_is_met_with_the_nearest_one():
    answer = check_connection(CHAIN, SPECS, EdgeSpec.parse("load.tabel -> join.tables"))

    assert answer.suggestion == "Did you mean `table`?"


def test_a_refusal_is_raised_with_the_words_of_the_verdict():
    edge = EdgeSpec.parse("load.table -> again.table")
    answer = check_connection(CHAIN, SPECS, edge)

    with pytest.raises(ConnectionRefused) as caught:
        require_connection(CHAIN, SPECS, edge)

    assert (caught.value.code, caught.value.reason) == (answer.code, answer.reason)


PAIRS = list(itertools.product(DataType, repeat=2))


@pytest.mark.parametrize("source_cardinality", Cardinality)
@pytest.mark.parametrize("target_cardinality", Cardinality)
def test_the_first_edge_is_judged_by_the_matrix_alone(
    source_cardinality: Cardinality, target_cardinality: Cardinality
) -> None:
    """All 225 type pairs, under every cardinality of both ends."""
    for source, target in PAIRS:
        specs = table(
            spec("A", outputs=f"y: {source} {source_cardinality}"),
            spec("B", inputs=f"x: {target} {target_cardinality}"),
        )
        answer = check_connection(flow("a:A b:B"), specs, EdgeSpec.parse("a.y -> b.x"))
        matrix = compare_accepted([source], [target])

        assert (answer.verdict, answer.code, answer.reason, answer.suggestion) == (
            matrix.verdict,
            matrix.code,
            matrix.reason,
            matrix.suggestion,
        )


@pytest.mark.parametrize(
    ("output", "input", "code"),
    [
        ("one", "one", "edge.input_taken"),
        ("one", "many", "edge.output_taken"),
        ("one", "optional", "edge.input_taken"),
        ("many", "one", "edge.input_taken"),
        ("many", "many", None),
        ("many", "optional", "edge.input_taken"),
        ("optional", "one", "edge.input_taken"),
        ("optional", "many", None),
        ("optional", "optional", "edge.input_taken"),
    ],
)
def test_a_further_edge_needs_room_at_both_ends(output: str, input: str, code: str | None) -> None:
    """The table in `Cardinality`'s docstring: `a` feeds two, `b` is fed by two."""
    specs = table(
        spec("A", outputs=f"y: TEXT {output}"),
        spec("Z", inputs="x: TEXT many"),
        spec("B", inputs=f"x: TEXT {input}"),
    )
    before = flow("a:A c:A z:Z b:B", "a.y -> z.x", "c.y -> b.x")

    answer = check_connection(before, specs, EdgeSpec.parse("a.y -> b.x"))

    assert answer.code == (code or "types.same")


def test_rules_name_only_places_that_python_and_browser_can_fill():
    known = {"source", "output", "target", "input", "edge", "node", "connector", "kind", "type"}
    known |= {"hint", "taken_by", "path"}

    for rule in RULES.values():
        assert set(re.findall(r"\{(\w*)\}", rule.message + rule.suggestion)) <= known

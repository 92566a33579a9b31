"""The palette shows all node types, and its table says what the validator says."""

from __future__ import annotations

from itertools import product

import pytest

from dagy_nb.checks.connection import check_connection
from dagy_nb.checks.rules import RULES
from dagy_nb.model.datatype import DataType, compare_types
from dagy_nb.model.flow import EdgeSpec
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.protocol.palette import draw_palette, draw_type
from tests.protocol.samples import FLIGHT_SPECS, make_flow, make_spec, make_specs

ALL = make_specs(
    *(make_spec(f"Out{each}", outputs=f"o:{each}") for each in DataType),
    *(make_spec(f"In{each}", f"i:{each}") for each in DataType),
)


@pytest.mark.parametrize(("source", "target"), list(product(DataType, DataType)))
def test_the_table_is_the_matrix_and_the_validator(source, target):
    cell = draw_palette(ALL).table[source.value][target.value]

    expected = compare_types(source, target)
    verdict = check_connection(
        make_flow("f", {"a": f"Out{source}", "b": f"In{target}"}), ALL, EdgeSpec.parse("a.o -> b.i")
    )
    assert (cell.verdict, cell.code, cell.reason, cell.suggestion) == (
        expected.verdict,
        expected.code,
        expected.reason,
        expected.suggestion,
    )
    assert (cell.verdict, cell.code, cell.reason, cell.suggestion) == (
        verdict.verdict,
        verdict.code,
        verdict.reason,
        verdict.suggestion,
    )


def test_the_table_knows_every_pair_of_keys_among_the_types():
    palette = draw_palette(FLIGHT_SPECS)

    outputs = {c.type_key for each in palette.types for c in each.outputs}
    inputs = {c.type_key for each in palette.types for c in each.inputs}
    assert "TABLE|NUMBER|FILE" in inputs
    assert {(a, b) for a, row in palette.table.items() for b in row} == set(
        product(outputs, inputs)
    )


def test_types_are_sorted_by_category_and_label():
    palette = draw_palette(FLIGHT_SPECS)

    keys = [(each.category, each.label) for each in palette.types]
    assert keys == sorted(keys)


def test_the_browser_gets_the_words_of_every_rule():
    palette = draw_palette({})

    assert {code: (rule.message, rule.suggestion) for code, rule in palette.rules.items()} == {
        code: (rule.message, rule.suggestion) for code, rule in RULES.items()
    }


def test_a_type_is_found_by_name_words_category_and_tags():
    spec = make_spec(
        "DelayByCarrier",
        label="Delay by carrier",
        description="Mean  departure\ndelay.",
        category="Analysis",
        tags=("Air",),
    )

    drawn = draw_palette(make_specs(spec)).types[0]

    assert drawn.search == ("delaybycarrier delay by carrier mean departure delay. analysis air")


def test_config_goes_to_the_form_as_plain_values():
    spec = make_spec(
        "T",
        config_schema=FrozenMap({"properties": {"minutes": {"enum": [1, 2]}}}),
        config_defaults=FrozenMap({"minutes": 1}),
    )

    drawn = draw_palette(make_specs(spec)).types[0]

    assert drawn.config_schema == {"properties": {"minutes": {"enum": [1, 2]}}}
    assert drawn.config_defaults == {"minutes": 1}


def test_what_the_user_made_stands_above_what_comes_with_us():
    specs = make_specs(
        make_spec("Branch", category="Control"),
        make_spec("Zoo", category="Zoology"),
        make_spec("Apple", category="Apples"),
    )

    assert [each.type for each in draw_palette(specs).types] == ["Apple", "Zoo", "Branch"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ""),
        ({"side_effects": True}, "It has side effects."),
        ({"safe_to_retry": False}, "It is not safe to retry."),
    ],
)
def test_a_type_says_why_it_is_not_tried_again(fields, words):
    drawn = draw_type(make_spec("Send", retries=2, memory_mb=100, **fields))

    assert drawn.no_retry == words
    assert (drawn.retries, drawn.memory_mb) == (2, 100)

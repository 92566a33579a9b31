"""Conditions: what they may name, what they give, and how little they may cost."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dagy_nb.errors import FlowError
from dagy_nb.nodes.condition import MAX_LENGTH, Condition
from dagy_nb.nodes.glimpse import MAX_ITEMS, count_items, see_value

NAMES = {"value", "params", "rows", "columns"}
MOMENT = dt.datetime(2026, 11, 22, 6, tzinfo=dt.UTC)


def decide(text: str, value: object, **functions):
    return Condition(text, names=NAMES, functions=functions).decide(see_value(value))


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("value > 3", 4, True),
        ("value > 3.5", 3, False),
        ("value == null", None, True),
        ('value.startsWith("UA")', "UA12", True),
        ("value.exists(x, x > 2)", [1, 2, 3], True),
        ("value.all(x, x > 2)", [1, 2, 3], False),
        ("rows == 3", [1, 2, 3], True),
        ("has(value.a) && value.a == 1", {"a": 1}, True),
        ("has(value.b)", {"a": 1}, False),
        ("value['a b'] == 1", {"a b": 1}, True),
        ("value > timestamp('2026-11-22T05:00:00Z')", MOMENT, True),
        ("value.getFullYear() == 2026", dt.date(2026, 1, 1), True),
        ("value == 'folder/x.csv'", Path("folder/x.csv"), True),
        ("value.type == 'object'", object(), True),
        ("value > 3", np.int64(4), True),
        ("value", np.bool_(True), True),
        ("value.shape[0] == rows && rows == 2", np.zeros((2, 3)), True),
        ("value == '.exists(y,'", ".exists(y,", True),
        ("type(value) == int", 3, True),
        ("[value, 1].map(each, each * 2)[0] == 6", 3, True),
    ],
)
def test_a_condition_holds_or_does_not(text, value, holds):
    assert decide(text, value) is holds


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": [1, 2], "b": [3, 4]}),
        pl.DataFrame({"a": [1, 2], "b": [3, 4]}),
        pa.table({"a": [1, 2], "b": [3, 4]}),
        pa.record_batch({"a": [1, 2], "b": [3, 4]}),
    ],
)
def test_every_kind_of_table_is_seen_by_its_outline(table):
    assert see_value(table) == {
        "value": {"rows": 2, "columns": ["a", "b"]},
        "rows": 2,
        "columns": ["a", "b"],
    }


def test_a_lazy_table_is_not_computed_for_its_outline():
    def fail(_):
        raise AssertionError("it was computed")

    lazy = pl.LazyFrame({"a": [1]}).map_batches(fail, schema={"a": pl.Int64})

    assert see_value(lazy) == {"value": {"columns": ["a"]}, "columns": ["a"]}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("value >", "expression.syntax"),
        ("value = 1", "expression.syntax"),
        ("", "expression.syntax"),
        ("x > 1", "expression.unknown_name"),
        ("open('x')", "expression.unknown_name"),
        ("value.write('x')", "expression.unknown_name"),
        ("value > " + "1 + " * MAX_LENGTH + "1", "expression.too_large"),
    ],
)
def test_a_condition_that_cannot_be_read_is_refused_at_once(text, code):
    with pytest.raises(FlowError) as caught:
        Condition(text, names=NAMES)

    assert caught.value.code == code


def test_the_place_of_a_syntax_error_is_told():
    with pytest.raises(FlowError, match="line 2, column 3"):
        Condition("value >\n  ) 3", names=NAMES)


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("value", 3, "expression.not_boolean"),
        ("value > 'a'", 3, "expression.type"),
        ("value.a > 3", {}, "expression.missing"),
        ("value[3] > 3", [1], "expression.missing"),
        ("1 / value > 3", 0, "expression.arithmetic"),
        ("rows > 3", 3, "expression.unknown_name"),
        ("fails(value)", 3, "expression.failed"),
    ],
)
def test_a_condition_that_cannot_be_decided_says_why(text, value, code):
    def fails(_):
        raise LookupError("the reason")

    with pytest.raises(FlowError) as caught:
        decide(text, value, fails=fails)

    assert caught.value.code == code
    if code == "expression.failed":
        assert "the reason" in str(caught.value)


def test_loops_inside_loops_over_much_are_refused_before_they_begin():
    began = time.monotonic()

    with pytest.raises(FlowError) as caught:
        decide("value.all(a, value.all(b, a >= b || a <= b))", list(range(5_000)))

    assert caught.value.code == "expression.too_large"
    assert time.monotonic() - began < 1
    assert decide("value.all(a, a >= 0)", list(range(90_000))) is True
    assert decide("value.filter(a, a > 0).size() == 899", list(range(900))) is True
    with pytest.raises(FlowError, match="90,000 items 3 times over"):
        decide("value.map(a, value)", list(range(90_000)))


def test_a_large_answer_does_not_come_back():
    """Lists of lists could be far larger than the value that the condition looks at."""
    began = time.monotonic()

    with pytest.raises(FlowError) as caught:
        decide("value.map(a, value)", list(range(90)))

    assert caught.value.code == "expression.not_boolean"
    assert time.monotonic() - began < 2


def test_a_comment_in_a_condition_hurts_nothing():
    assert decide("value > 3 // a large one", 4) is True


def test_a_value_that_is_too_large_is_refused():
    for value in (list(range(MAX_ITEMS + 1)), "x" * 2_000_000):
        with pytest.raises(FlowError) as caught:
            see_value(value)
        assert caught.value.code == "expression.too_large"


def test_a_value_that_holds_itself_is_refused():
    value: list = []
    value.append(value)

    with pytest.raises(FlowError, match="nested"):
        see_value(value)


def test_items_are_counted_in_the_largest_container():
    assert count_items({"a": [1, 2, 3], "b": {"c": [1]}}) == 3


def test_the_language_is_loaded_only_where_a_condition_is_read(elsewhere):
    told = elsewhere(
        "import sys, dagy_nb.nodes.registry as r; s = r.Registry().discover();"
        "assert 'Branch' in s.specs;"
        "print('cel' in sys.modules)"
    )

    assert told.split() == [b"False"]

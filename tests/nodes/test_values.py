"""Values and data types: what fits, and that the compatibility table tells the truth about it."""

from __future__ import annotations

import datetime as dt
import io
import json
import subprocess
import sys
import threading
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.errors import ContractError
from dagy_nb.model.datatype import DataType as D
from dagy_nb.model.datatype import Verdict, compare_accepted, compare_types
from dagy_nb.model.event import ErrorFact
from dagy_nb.nodes.values import MAX_DEPTH, check_value, coerce, is_of_type

ERROR = ErrorFact(type="ValueError", code="raised.ValueError", message="no")
FRAME = pd.DataFrame({"a": [1, 2]})
CYCLE: list = []
CYCLE.append(CYCLE)
DEEP: list = []
for _ in range(MAX_DEPTH + 5):
    DEEP = [DEEP]


class Path2(Path if sys.version_info >= (3, 12) else PurePosixPath):
    """A user's own kind of path."""


SAMPLES = {
    D.TEXT: ["", "a", np.str_("b")],
    D.INTEGER: [0, -1, 10**30, np.int64(3), np.uint8(7)],
    D.NUMBER: [1.5, float("nan"), float("inf"), 3, np.float32(1.5), np.float64(2), np.int16(1)],
    D.BOOLEAN: [True, False, np.bool_(True)],
    D.DATETIME: [
        dt.datetime(2026, 1, 2, tzinfo=dt.UTC), dt.datetime(2026, 1, 2), dt.date(2026, 1, 2),  # noqa: DTZ001
        pd.Timestamp("2026-01-02", tz="UTC"), np.datetime64("2026-01-02"),
    ],
    D.JSON: [
        None, True, 1, 1.5, "a", [], {}, {"a": [1, {"b": None}]}, (1, "a"), MappingProxyType({"a": 1}),
        {"n": np.int64(3)}, [np.float32(1)],
    ],
    D.LIST: [[], [1, "a", None], (1, [2]), [{"a": 1}], [np.int64(1)]],
    D.TABLE: [
        FRAME, FRAME.iloc[:0], pl.DataFrame({"a": [1]}), pl.LazyFrame({"a": [1]}), pa.table({"a": [1]}),
        pa.RecordBatch.from_pydict({"a": [1]}), duckdb.sql("SELECT 1 AS a"),
    ],
    D.ARRAY: [np.zeros((2, 2)), np.array(1), FRAME["a"], pl.Series([1]), np.ma.masked_array([1])],
    D.FILE: [Path("a"), PurePosixPath("a"), Path2("a")],
    D.BINARY: [b"", b"a", bytearray(b"a"), memoryview(b"a")],
    D.OBJECT: [object(), threading.Lock(), io.StringIO(), {1: 2}, FRAME, "a"],
    D.SIGNAL: [None],
    D.ERROR: [ERROR],
}  # fmt: skip
SAMPLES[D.ANY] = [
    value for kind, values in SAMPLES.items() if kind is not D.ERROR for value in values
]

WRONG = {
    D.ANY: [ERROR],
    D.TEXT: [b"a", 1, None, Path("a"), ERROR],
    D.INTEGER: [True, np.bool_(True), 1.0, "1", None, np.float64(1)],
    D.NUMBER: [True, "1", None, 1j, np.bool_(False), np.complex64(1)],
    D.BOOLEAN: [0, 1, "true", None],
    D.DATETIME: ["2026-01-02", 0, dt.time(1), dt.timedelta(1), None],
    D.JSON: [
        {1: 2},
        [object()],
        {"a": FRAME},
        b"a",
        {1, 2},
        FRAME,
        np.zeros(2),
        1j,
        CYCLE,
        DEEP,
        ERROR,
    ],
    D.LIST: [{}, "ab", {1}, [object()], [FRAME], np.zeros(2), CYCLE, None, iter([])],
    D.TABLE: [[{"a": 1}], np.zeros((2, 2)), FRAME["a"], None, pa.array([1])],
    D.ARRAY: [[1], FRAME, pl.DataFrame({"a": [1]}), np.float64(1), 1, None, "a"],
    D.FILE: ["a.csv", io.StringIO(), None, b"a"],
    D.BINARY: ["a", None, [1]],
    D.OBJECT: [None, ERROR],
    D.SIGNAL: [0, "", False, ERROR],
    D.ERROR: [ValueError("x"), None, "error", {}],
}
PAIRS = [(source, target) for source in D for target in D]


@pytest.mark.parametrize("kind", D)
def test_each_type_takes_its_values(kind):
    assert [check_value(value, [kind]) for value in SAMPLES[kind]] == [None] * len(SAMPLES[kind])


@pytest.mark.parametrize("kind", D)
def test_each_type_refuses_others_and_names_what_came(kind):
    for value in WRONG[kind]:
        why = check_value(value, [kind])
        assert why is not None, value
        assert str(kind) in why
        assert type(value).__name__.removesuffix("Type") in why


def test_one_of_several_types_is_enough():
    assert check_value("a", [D.TABLE, D.TEXT]) is None
    assert check_value(1, [D.TABLE, D.TEXT]) == "it is an int, not TABLE or TEXT."


def test_what_is_no_json_is_named():
    assert (
        check_value({"a": [{1: 2}]}, [D.JSON])
        == "it is a dict (it has a key of type int), not JSON."
    )
    assert check_value([FRAME], [D.LIST]) == "it is a list (it holds a DataFrame), not LIST."
    assert "holds itself" in (check_value(CYCLE, [D.JSON]) or "")


def enters(value, source, target):
    """Whether a value gets from one type into another; what it becomes must be of that type."""
    try:
        made = coerce(value, [source], [target])
    except ContractError:
        return False
    assert is_of_type(made, target), (value, made)
    return True


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_table_is_the_truth(source, target):
    """Ok: every value of the source type gets in, and is of the target type then. No: none does."""
    verdict = compare_types(source, target).verdict
    entered = [enters(value, source, target) for value in SAMPLES[source]]

    assert all(entered) is (verdict is Verdict.OK)
    if verdict is Verdict.NO:
        assert not any(entered)
    if verdict is Verdict.UNKNOWN:
        assert [is_of_type(value, target) for value in SAMPLES[source]] == entered


def test_the_words_of_a_refusal_are_those_of_the_table():
    with pytest.raises(ContractError) as caught:
        coerce(FRAME, [D.TABLE], [D.LIST])

    assert compare_types(D.TABLE, D.LIST).reason in str(caught.value)
    assert caught.value.code == "contract.input"
    assert (caught.value.expected, caught.value.got) == ("LIST", "DataFrame")


@pytest.mark.parametrize("sources", [[D.ANY], [D.OBJECT], [D.LIST, D.OBJECT]])
def test_a_list_of_tables_is_refused_with_what_it_holds_and_what_would_take_it(sources):
    with pytest.raises(ContractError) as caught:
        coerce([FRAME], sources, [D.LIST])

    assert "it holds a DataFrame" in caught.value.reason
    assert "`list[pd.DataFrame]`" in caught.value.suggestion


def test_a_value_that_is_not_what_its_output_says_is_refused():
    with pytest.raises(ContractError, match="not INTEGER"):
        coerce("a", [D.INTEGER], [D.TEXT])


kinds = st.lists(st.sampled_from(list(D)), min_size=1, max_size=3, unique=True)


@given(kinds, kinds, st.data())
def test_connectors_of_several_types_keep_the_law(sources, targets, data):
    verdict = compare_accepted(sources, targets).verdict
    value = data.draw(st.sampled_from([v for kind in sources for v in SAMPLES[kind]]))
    try:
        made = coerce(value, sources, targets)
    except ContractError:
        assert verdict is not Verdict.OK
    else:
        assert verdict is not Verdict.NO
        assert check_value(made, targets) is None


def test_the_first_accepted_type_is_taken():
    assert coerce(np.int64(3), [D.INTEGER], [D.TEXT, D.NUMBER, D.JSON]) == np.int64(3)
    assert type(coerce(np.int64(3), [D.INTEGER], [D.JSON, D.NUMBER])) is int


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_all_that_json_knows_is_json_and_is_not_copied(value):
    assert check_value(value, [D.JSON]) is None
    assert coerce(value, [D.JSON], [D.JSON]) is value


def test_numpy_scalars_become_plain_where_json_is_asked_for():
    made = coerce({"a": [np.int64(1), np.float64(2)], "b": (np.bool_(True),)}, [D.JSON], [D.JSON])

    assert json.dumps(made) == '{"a": [1, 2.0], "b": [true]}'


def test_a_signal_drops_the_value():
    assert coerce(FRAME, [D.TABLE], [D.SIGNAL]) is None


def test_looking_at_values_imports_no_package():
    script = (
        "import sys\n"
        "from dagy_nb.nodes.values import check_value\n"
        "from dagy_nb.model.datatype import DataType\n"
        "assert check_value([1], [DataType.TABLE, DataType.ARRAY]) is not None\n"
        "assert not {'pandas', 'numpy', 'polars', 'pyarrow', 'duckdb'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)

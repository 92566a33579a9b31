"""Convert: what becomes what, what is refused, and that the result is of the type asked for."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagy_nb.errors import ConversionError
from dagy_nb.model.datatype import CONVERTIBLE, DataType, Verdict, compare_types
from dagy_nb.nodes.builtin.conversions import convert_value
from dagy_nb.nodes.builtin.convert import Convert
from dagy_nb.nodes.function import node
from dagy_nb.nodes.values import coerce, is_of_type
from dagy_nb.session.flow import Flow
from tests.flows import number

D = DataType
RECORDS = [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
KINDS = [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.Table.from_pylist]


@pytest.mark.parametrize(
    ("value", "to", "wanted"),
    [
        ("x", D.TEXT, "x"),
        (3, D.TEXT, "3"),
        (True, D.TEXT, "true"),
        (3.5, D.TEXT, "3.5"),
        (np.int64(3), D.TEXT, "3"),
        ({"a": [1, None]}, D.TEXT, '{"a": [1, null]}'),
        (["é"], D.TEXT, '["é"]'),
        ([dt.date(2026, 1, 2), NOON], D.TEXT, '["2026-01-02", "2026-11-22T12:00:00+00:00"]'),
        ({"set": {"b", "a"}}, D.TEXT, '{"set": ["a", "b"]}'),
        (NOON, D.TEXT, "2026-11-22T12:00:00+00:00"),
        (dt.date(2026, 1, 2), D.TEXT, "2026-01-02"),
        ("é".encode(), D.TEXT, "é"),
        (Decimal("1.10"), D.TEXT, "1.10"),
        (pd.DataFrame({"a": [1, 2]}), D.TEXT, "a\n1\n2\n"),
        (pl.DataFrame({"a": [1, 2]}), D.TEXT, "a\n1\n2\n"),
        (pa.table({"a": [1, 2]}), D.TEXT, '"a"\n1\n2\n'),
        (3.0, D.INTEGER, 3),
        (" 42 ", D.INTEGER, 42),
        ("4e2", D.INTEGER, 400),
        (True, D.INTEGER, 1),
        (np.float64(7.0), D.INTEGER, 7),
        (Decimal(8), D.INTEGER, 8),
        (2**70, D.INTEGER, 2**70),
        (str(2**70), D.INTEGER, 2**70),
        ("3.5", D.NUMBER, 3.5),
        ("3", D.NUMBER, 3),
        (False, D.NUMBER, 0),
        (NOON, D.NUMBER, NOON.timestamp()),
        (Decimal("0.5"), D.NUMBER, 0.5),
        ("Yes", D.BOOLEAN, True),
        ("off", D.BOOLEAN, False),
        (1, D.BOOLEAN, True),
        (0.0, D.BOOLEAN, False),
        ("2026-11-22T12:00:00Z", D.DATETIME, NOON),
        ("2026-11-22", D.DATETIME, dt.datetime.fromisoformat("2026-11-22")),
        (NOON.timestamp(), D.DATETIME, NOON),
        (np.array([[1, 2], [3, 4]]), D.JSON, [[1, 2], [3, 4]]),
        (np.array([1, 2]), D.LIST, [1, 2]),
        ({"when": NOON, "set": {1}}, D.JSON, {"when": NOON.isoformat(), "set": [1]}),
        (b'{"a": 1}', D.JSON, {"a": 1}),
        ("[1, 2]", D.LIST, [1, 2]),
        (range(3), D.LIST, [0, 1, 2]),
        ({3, 1}, D.LIST, [1, 3]),
        ("data/x.csv", D.FILE, Path("data/x.csv")),
        ("é", D.BINARY, "é".encode()),
    ],
)
def test_a_value_becomes_another_type(value, to, wanted):
    made = convert_value(value, to)

    assert made == wanted
    assert type(made) is type(wanted)
    assert is_of_type(made, to)


@pytest.mark.parametrize(
    ("value", "to", "words"),
    [
        ([object()], D.TEXT, "not JSON serializable"),
        ("9" * 5_000, D.NUMBER, "it is too large"),
        ("1e400", D.INTEGER, "it is too large"),
        ("[" * 100_000, D.LIST, "it is nested too deep"),
    ],
)
def test_a_value_that_cannot_be_told_is_refused_in_words(value, to, words):
    with pytest.raises(ConversionError, match=words) as refused:
        convert_value(value, to)

    assert refused.value.code == "convert.bad_value"


def test_a_list_inside_itself_is_refused():
    ring: list[object] = []
    ring.append(ring)

    with pytest.raises(ConversionError, match="nested too deep"):
        convert_value(ring, D.JSON)


def test_records_of_a_table_with_two_columns_of_one_name_are_refused():
    table = pd.DataFrame([[1, 2]], columns=["a", "a"])

    with pytest.raises(ConversionError, match="more than one column 'a'") as refused:
        convert_value(table, D.LIST)
    assert refused.value.code == "convert.loses"


@pytest.mark.parametrize("build", KINDS)
def test_a_table_becomes_records_and_the_records_a_table(build):
    table = build(RECORDS)

    assert convert_value(table, D.JSON) == RECORDS
    assert convert_value(table, D.LIST) == RECORDS
    assert convert_value(table, D.LIST, column="a") == [1, 2]
    again = convert_value(RECORDS, D.TABLE)
    assert is_of_type(again, D.TABLE)
    assert convert_value(again, D.JSON) == RECORDS


@pytest.mark.parametrize(
    ("value", "config", "columns"),
    [
        ({"a": [1, 2], "b": [3, 4]}, {}, {"a": [1, 2], "b": [3, 4]}),
        ([{"a": 1}, {"b": 2}], {}, {"a": [1, None], "b": [None, 2]}),
        ([1, 2], {}, {"value": [1, 2]}),
        ([1, 2], {"column": "n"}, {"n": [1, 2]}),
        (np.array([1, 2]), {}, {"value": [1, 2]}),
        (np.array([[1, 2], [3, 4]]), {}, {"column_1": [1, 3], "column_2": [2, 4]}),
        ('[{"a": 1}]', {}, {"a": [1]}),
        ([], {}, {}),
    ],
)
def test_lists_mappings_and_arrays_become_tables(value, config, columns):
    table = convert_value(value, D.TABLE, **config)

    assert is_of_type(table, D.TABLE)
    found = {
        name: [None if pd.isna(each) else each for each in table[name]] for name in table.columns
    }
    assert found == columns


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".json"])
def test_a_file_becomes_a_table(tmp_path, ending):
    path = tmp_path / f"table{ending}"
    table = pd.DataFrame({"a": [1, 2]})
    getattr(table, f"to_{ending[1:]}")(path, **({} if ending == ".json" else {"index": False}))

    assert convert_value(path, D.TABLE).equals(table)


def test_a_file_becomes_text_bytes_and_json(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"ä": 1}', encoding="latin-1")

    assert convert_value(path, D.TEXT, encoding="latin-1") == '{"ä": 1}'
    assert convert_value(path, D.BINARY) == '{"ä": 1}'.encode("latin-1")
    assert convert_value(path, D.JSON, encoding="latin-1") == {"ä": 1}


def test_lists_and_tables_become_arrays():
    assert convert_value([[1, 2], [3, 4]], D.ARRAY).tolist() == [[1, 2], [3, 4]]
    assert convert_value(pd.DataFrame({"a": [1, 2], "b": [3, 4]}), D.ARRAY).tolist() == [
        [1, 3],
        [2, 4],
    ]
    assert convert_value(pa.table({"a": [1, 2]}), D.ARRAY, column="a").tolist() == [1, 2]


@pytest.mark.parametrize(
    ("value", "rounding", "wanted"),
    [
        (2.5, "nearest", 2),
        (3.5, "nearest", 4),
        (2.5, "down", 2),
        (-2.5, "down", -3),
        (2.1, "up", 3),
        ("2.1", "up", 3),
        (Decimal("2.9"), "down", 2),
    ],
)
def test_a_fraction_is_rounded_where_that_is_asked_for(value, rounding, wanted):
    assert convert_value(value, D.INTEGER, rounding=rounding) == wanted


@pytest.mark.parametrize(
    ("value", "to", "code"),
    [
        (2.5, D.INTEGER, "convert.loses"),
        ("2.5", D.INTEGER, "convert.loses"),
        (float("nan"), D.INTEGER, "convert.bad_value"),
        (float("inf"), D.INTEGER, "convert.bad_value"),
        ("two", D.INTEGER, "convert.bad_value"),
        ("", D.NUMBER, "convert.bad_value"),
        ([1], D.NUMBER, "convert.no_way"),
        (None, D.INTEGER, "convert.no_way"),
        (None, D.TEXT, "convert.no_way"),
        (2, D.BOOLEAN, "convert.loses"),
        ("maybe", D.BOOLEAN, "convert.bad_value"),
        ("soon", D.DATETIME, "convert.bad_value"),
        (1e20, D.DATETIME, "convert.bad_value"),
        ("{", D.LIST, "convert.bad_value"),
        ('{"a": 1}', D.LIST, "convert.bad_value"),
        ({"a": 1}, D.LIST, "convert.no_way"),
        (object(), D.JSON, "convert.no_way"),
        ([object()], D.JSON, "convert.no_way"),
        ([{"a": 1}, 2], D.TABLE, "convert.bad_value"),
        ({"a": [1], "b": []}, D.TABLE, "convert.bad_value"),
        ({"a": 1}, D.TABLE, "convert.bad_value"),
        (3, D.TABLE, "convert.no_way"),
        (np.zeros((1, 1, 1)), D.TABLE, "convert.no_way"),
        ([[1], [2, 3]], D.ARRAY, "convert.bad_value"),
        (3, D.FILE, "convert.no_way"),
        (3, D.BINARY, "convert.no_way"),
        (b"\xff", D.TEXT, "convert.bad_value"),
        (Path("/no/such.txt"), D.TEXT, "convert.unreadable"),
        (Path("/no/such.csv"), D.TABLE, "convert.unreadable"),
        (Path("/no/such.doc"), D.TABLE, "convert.no_way"),
    ],
)
def test_what_does_not_become_it_is_refused_by_code(value, to, code):
    with pytest.raises(ConversionError) as caught:
        convert_value(value, to)

    assert caught.value.code == code
    assert str(to) in str(caught.value) or code == "convert.unreadable"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=10,
)
TYPES = [each for each in D if each not in {D.ERROR, D.SIGNAL}]


@settings(max_examples=200, deadline=None)
@given(value=PLAIN, to=st.sampled_from(TYPES))
def test_a_result_is_of_its_type_and_a_second_conversion_changes_nothing(value, to):
    try:
        made = convert_value(value, to)
    except ConversionError:
        return

    assert is_of_type(made, to)
    if to is not D.TABLE:
        again = convert_value(made, to)
        assert again is made or np.array_equal(again, made) or again == made


@settings(max_examples=200, deadline=None)
@given(value=PLAIN, to=st.sampled_from(TYPES))
def test_what_an_edge_takes_by_itself_is_converted_alike(value, to):
    """Where the matrix says ok, Convert gives what the input would get."""
    for source in (each for each in TYPES if is_of_type(value, each)):
        if compare_types(source, to).verdict is Verdict.OK and value is not None:
            assert convert_value(value, to) == coerce(value, [source], [to])


@settings(max_examples=100, deadline=None)
@given(number=st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans())
def test_numbers_and_text_lead_back(number):
    text = convert_value(number, D.TEXT)

    assert json.loads(text) == number
    if not isinstance(number, bool):
        assert convert_value(text, D.NUMBER) == number


@settings(max_examples=50, deadline=None)
@given(
    records=st.lists(
        st.fixed_dictionaries({"a": st.integers(-(2**31), 2**31), "b": st.text(max_size=3)}),
        min_size=1,
        max_size=5,
    )
)
def test_records_lead_through_a_table_back(records):
    assert convert_value(convert_value(records, D.TABLE), D.JSON) == records


def test_a_convert_in_a_run_feeds_an_input_of_that_type(session):
    @node(register=False)
    def half(x: float) -> float:
        return x / 2

    flow = Flow("converts", session=session)
    flow.add(number, id="top", value=5)
    flow.add("Convert", id="text", to="TEXT")
    flow.add("Convert", id="number", to="NUMBER")
    flow.add(half, id="half")
    flow.connect("top.output", "text.value")
    flow.connect("text.converted", "number.value")
    flow.connect("number.converted", "half.x")

    found = flow.run().wait()

    assert found.outputs["text.converted"] == "5"
    assert found.outputs["half.output"] == 2.5


def test_a_failed_convert_can_be_caught(session):
    flow = Flow("converts", session=session)
    flow.add(number, id="top", value=5)
    flow.add("Convert", id="table", to="TABLE")
    flow.add("Catch", id="catch")
    flow.connect("top.output", "table.value")
    flow.connect("table.error", "catch.error")

    assert flow.run().wait().outputs["catch.details"]["code"] == "convert.no_way"


def test_the_form_offers_every_type_that_can_be_made():
    offered = Convert.spec.config_schema["properties"]["to"]["enum"]

    assert set(offered) == set(TYPES)


def list_samples(folder: Path) -> dict[DataType, list[object]]:
    """Values of each type, among them one of each kind that becomes something else."""
    (folder / "table.csv").write_text("a\n1\n", encoding="utf-8")
    (folder / "list.json").write_text("[1]", encoding="utf-8")
    return {
        D.TEXT: ["x", "1", "true", "2026-11-22", '[{"a": 1}]'],
        D.INTEGER: [1],
        D.NUMBER: [1.0],
        D.BOOLEAN: [True],
        D.DATETIME: [NOON],
        D.JSON: ["x", "1", 1, [1], RECORDS, "2026-11-22"],
        D.LIST: [[1], RECORDS],
        D.TABLE: [pd.DataFrame(RECORDS), pa.table({"a": [1]})],
        D.ARRAY: [np.array([1, 2]), np.array([[1, 2]])],
        D.FILE: [folder / "table.csv", folder / "list.json"],
        D.BINARY: [b"[1]"],
        D.OBJECT: [object()],
    }


def _is_made(value: object, to: DataType) -> bool:
    try:
        return is_of_type(convert_value(value, to), to)
    except ConversionError:
        return False


def test_a_refused_edge_names_convert_where_and_only_where_it_can_do_it(tmp_path):
    wrong = []
    for source, values in list_samples(tmp_path).items():
        assert all(is_of_type(each, source) for each in values), source
        for to in TYPES:
            answer = compare_types(source, to)
            if answer.verdict is not Verdict.NO:
                continue
            can = any(_is_made(each, to) for each in values)
            if can != ("Convert" in answer.suggestion) or can != (source in CONVERTIBLE[to]):
                wrong.append((source, to, can, answer.suggestion))

    assert wrong == []


def test_the_suggestion_says_what_to_set():
    assert compare_types(D.JSON, D.TABLE).suggestion == (
        "Put a Convert node with `to: TABLE` between them."
    )
    assert "`rounding`" in compare_types(D.NUMBER, D.INTEGER).suggestion
    assert "Catch" in compare_types(D.ERROR, D.JSON).suggestion


def test_keys_of_records_that_are_no_texts_keep_their_values():
    table = convert_value([{1: "a", "b": 2}, {1: "c"}], D.TABLE)

    assert list(table["1"]) == ["a", "c"]


@pytest.mark.parametrize("array", [np.array([1, 2]), np.array([[1.5]]), np.array(3)])
def test_an_array_becomes_text_as_its_list(array):
    assert json.loads(convert_value(array, D.TEXT)) == array.tolist()

"""A bounded look at any value, and nothing more of it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import PurePosixPath

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import SecretStr

from dagy_nb.engine.preview import MAX_CELL, MAX_COLUMNS, MAX_ROWS, MAX_SUMMARY, preview_value
from dagy_nb.model.event import ErrorFact, Preview

PLAIN = [
    (None, "None"),
    (True, "True"),
    (7, "7"),
    (1.5, "1.5"),
    ("text", "text"),
    (datetime(2026, 11, 21, tzinfo=UTC), "2026-11-21 00:00:00+00:00"),
    (PurePosixPath("a/b"), "a/b"),
    (b"12345", "5 bytes"),
    (b"1", "1 byte"),
    (ErrorFact(type="KeyError", code="raised.KeyError", message="x"), "KeyError: x"),
    (object(), ""),
    (10**5_000, "an integer of 16,610 bits"),
    ("Straße \ud83d", "Straße \\ud83d"),
]


@pytest.mark.parametrize(("value", "summary"), PLAIN, ids=range(len(PLAIN)))
def test_plain_values_are_summed_up(value, summary):
    seen = preview_value(value)

    assert seen.type == type(value).__name__
    assert seen.summary == summary


def test_a_list_shows_its_length_and_first_items():
    seen = preview_value(list(range(1_000)))

    assert (seen.summary, seen.shape) == ("1,000 items", (1_000,))
    assert seen.rows == (("0",), ("1",), ("2",), ("3",), ("4",))


def test_a_mapping_shows_its_first_entries():
    seen = preview_value({"a": 1, "b": [1, 2], "c": object()})

    assert seen.rows == (("a", "1"), ("b", "list of 2"), ("c", "<object>"))


TABLES = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
}


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_tables_of_every_kind_show_schema_shape_and_first_rows(make):
    seen = preview_value(make({"carrier": ["UA", "AA"] * 5_000, "delay": [1.5, 2.5] * 5_000}))

    assert seen.summary == "10,000 rows × 2 columns"
    assert seen.shape == (10_000, 2)
    assert [name for name, _ in seen.columns] == ["carrier", "delay"]
    assert all(kind for _, kind in seen.columns)
    assert seen.rows[:2] == (("UA", "1.5"), ("AA", "2.5"))
    assert len(seen.rows) == MAX_ROWS


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_wide_tables_and_long_cells_are_cut(make):
    seen = preview_value(make({f"c{i}": ["x" * 5_000] for i in range(200)}))

    assert seen.shape == (1, 200)
    assert len(seen.columns) == MAX_COLUMNS
    assert len(seen.rows[0]) == MAX_COLUMNS
    assert len(seen.rows[0][0]) == MAX_CELL


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_an_empty_table_has_a_schema(make):
    seen = preview_value(make({"a": []}))

    assert seen.shape == (0, 1)
    assert seen.columns[0][0] == "a"
    assert seen.rows == ()


def test_series_and_arrays_show_type_and_first_values():
    assert preview_value(pd.Series([1, 2], name="n")).columns == (("n", "int64"),)
    assert preview_value(pl.Series("n", [1, 2])).rows == (("1",), ("2",))
    seen = preview_value(np.zeros((3, 4)))
    assert (seen.summary, seen.shape) == ("3 × 4 of float64", (3, 4))
    assert preview_value(np.array(7)).summary == "one value of int64"
    assert preview_value(np.array([object()])).rows == ()


def test_a_query_is_not_run_for_a_look():
    with duckdb.connect() as connection:
        relation = connection.sql("SELECT error('was run') AS broken, 1 AS fine")

        assert [name for name, _ in preview_value(relation).columns] == ["broken", "fine"]


def test_nothing_of_a_secret_is_shown():
    assert preview_value("hunter2", secret=True) == Preview(type="str", hidden=True)
    assert preview_value(SecretStr("hunter2")) == Preview(type="SecretStr", hidden=True)
    assert "hunter2" not in repr(preview_value({"password": SecretStr("hunter2")}))


def test_a_value_that_breaks_when_looked_at_shows_its_class():
    class Broken(dict):
        def items(self):
            raise RuntimeError("broken")

    assert preview_value(Broken(a=1)) == Preview(type="Broken")


def test_nothing_of_the_users_is_called():
    class Loud:
        def __repr__(self):
            raise AssertionError("called")

        __str__ = __len__ = __iter__ = __repr__

    assert preview_value([Loud()]).rows == (("<Loud>",),)
    assert preview_value(Loud()) == Preview(type="Loud")


def test_a_long_text_is_cut():
    assert len(preview_value("x" * 10_000).summary) == MAX_SUMMARY


def test_half_a_character_is_escaped_wherever_it_stands():
    seen = preview_value(pd.DataFrame({"text": ["\ud83d"]}, dtype=object))

    assert seen.rows == (("\\ud83d",),)
    assert preview_value({"\ud83d": ["\ud83d"]}).rows == (("\\ud83d", "list of 1"),)


def test_looking_imports_no_library_of_tables():
    script = (
        "import sys; from dagy_nb.engine.preview import preview_value; preview_value([1]);"
        "print(sorted({'pandas', 'numpy', 'polars', 'pyarrow', 'duckdb'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"

"""A digest is equal for equal content and for nothing else."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
import zoneinfo
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from dagy_nb.engine.content import NoDigest, digest_value
from dagy_nb.engine.content_files import FILES, _stamp, digest_path
from dagy_nb.model.event import ErrorFact

BRUSSELS, PARIS = zoneinfo.ZoneInfo("Europe/Brussels"), zoneinfo.ZoneInfo("Europe/Paris")
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=BRUSSELS)


class Model:
    """An object of a class of a module."""

    def __init__(self, weights: list[float]) -> None:
        self.weights = weights
        self.kind = "weights"


def digest(value: object) -> str:
    return digest_value(value).digest


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns or {"a": [1, 2, 3], "b": ["x", "y", "z"]})


EQUAL = [
    [1, [2, {"a": None}]],
    {"a": (1, 2), "b": {3, 4}},
    {"x", "y", "z"},
    float("nan"),
    NOON,
    Decimal("1.50"),
    np.arange(12).reshape(3, 4),
    np.array(["2020", "NaT"], dtype="datetime64[s]"),
    np.array([1, "a", None], dtype=object),
    np.zeros((3, 0)),
    np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    np.ma.array([1, 2], mask=[0, 1]),
    frame(),
    frame(c=pd.Categorical(["u", "v"])),
    frame(t=pd.date_range("2020", periods=2, tz="UTC")),
    frame(m=pd.array([1, None], dtype="Int64"), o=[1, "a"], n=[None, np.nan]),
    pd.Series([1, 2], name="s"),
    pl.DataFrame({"a": [1, None], "b": ["x", "y"]}),
    pa.table({"a": [1, 2]}),
    Model([1.0, 2.0]),
    ErrorFact(type="ValueError", code="raised.ValueError", message="no"),
    pd.NaT,
    pd.NA,
]


@pytest.mark.parametrize("value", EQUAL, ids=lambda each: type(each).__name__)
def test_a_copy_has_the_same_digest(value: object) -> None:
    import copy

    assert digest(copy.deepcopy(value)) == digest(value)


DIFFERENT = [
    (1, 1.0),
    (1, True),
    (0.0, -0.0),
    (None, 0),
    ("1", 1),
    (b"x", "x"),
    (b"x", bytearray(b"x")),
    ([1, 2], (1, 2)),
    ([1, 2], [2, 1]),
    ([[1], 2], [[1, 2]]),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({"a": 1}, {"a": 2}),
    ({1}, frozenset({1})),
    (["ab", "c"], ["a", "bc"]),
    (NOON, NOON.astimezone(PARIS)),
    (NOON, NOON.astimezone(dt.UTC)),
    (NOON, NOON.replace(tzinfo=None)),
    (NOON.date(), NOON.replace(hour=0, tzinfo=None)),
    (Decimal("1.5"), Decimal("1.50")),
    (np.int64(1), 1),
    (np.int64(1), np.int32(1)),
    (np.float64(2.5), np.float32(2.5)),
    (np.arange(4), np.arange(4).astype("int32")),
    (np.arange(4), np.arange(4).reshape(2, 2)),
    (np.ones((2, 3)), np.asfortranarray(np.ones((2, 3)))),
    (np.arange(4), np.arange(4).astype(">i8")),
    (np.arange(4), np.arange(4).view("f8")),
    (np.arange(4), np.arange(4).view("u8")),
    (np.arange(4).view("M8[s]"), np.arange(4).view("M8[ms]")),
    (np.array(["2020"], "M8[s]"), np.array(["2020"], "M8[D]")),
    (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[0, 0])),
    (pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-01", tz="UTC")),
    (pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-01 00:00:00.000000001")),
    (pd.Timestamp("2020").as_unit("s"), pd.Timestamp("2020").as_unit("ms")),
    (pd.Timedelta(1, "s"), pd.Timedelta(1, "ms")),
    (frame(a=[1], b=[2]), frame(b=[2], a=[1])),
    (frame(a=[1]), frame(a=[1.0])),
    (frame(a=["x"]), frame(a=pd.Categorical(["x"]))),
    (frame(a=["x"]), frame(a=["x"]).astype(object)),
    (frame(a=[1, 2]), frame(a=[1, 2]).set_index(pd.Index([5, 6]))),
    (frame(a=[1, 2]), pd.DataFrame({"a": [1, 2]}, index=pd.Index(np.array([0, 1])))),
    (frame(a=[1, 2]), frame(a=[1, 2]).rename_axis("row")),
    (
        frame(c=pd.Categorical(["a"], ["a", "b"])),
        frame(c=pd.Categorical(["a"], ["b", "a"])),
    ),
    (
        frame(c=pd.Categorical(["a"])),
        frame(c=pd.Categorical(["a"], ordered=True)),
    ),
    (
        frame(t=pd.date_range("2020", periods=1, tz="UTC")),
        frame(t=pd.date_range("2020", periods=1, tz="Europe/Brussels")),
    ),
    (frame(a=pd.array([1, None], "Int64")), frame(a=pd.array([1, 0], "Int64"))),
    (frame(a=[1, None]), frame(a=pd.array([1, None], "Int64"))),
    (frame(a=[0.0]), frame(a=[-0.0])),
    (pd.Series([1], name="a"), pd.Series([1], name="b")),
    (pd.Series([1]), pd.Series([1]).to_frame()),
    (pd.Index([1, 2]), pd.RangeIndex(1, 3)),
    (pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [1]}, schema={"a": pl.Int32})),
    (pl.DataFrame({"a": ["x"]}), pl.DataFrame({"a": ["x"]}, schema={"a": pl.Categorical})),
    (pl.Series("a", [1]), pl.DataFrame({"a": [1]})),
    (pa.table({"a": [1]}), pa.table({"a": [1]}).replace_schema_metadata({"k": "v"})),
    (pa.table({"a": [1]}), pa.table({"a": pa.array([1], pa.int32())})),
    (Model([1.0]), Model([2.0])),
    (Path("a"), "a"),
    (Path("no-such-a"), Path("no-such-b")),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=lambda each: repr(each)[:30])
def test_what_a_node_could_tell_apart_has_different_digests(one: object, other: object) -> None:
    assert digest(one) != digest(other)


@pytest.mark.parametrize("depth", [6, 40, 150])
def test_nothing_is_cut_at_any_depth(depth: int) -> None:
    def nest(value: int) -> object:
        nested: object = Model([float(value)])
        for _ in range(depth):
            nested = [nested]
        return nested

    assert digest(nest(1)) != digest(nest(2))
    assert digest(nest(1)) == digest(nest(1))


def test_a_slice_of_a_table_is_the_table_it_looks_like() -> None:
    whole = pa.table({"a": ["w", "x", "y", "z"], "b": [1, 2, 3, 4]})

    assert digest(whole.slice(1, 2)) == digest(pa.table({"a": ["x", "y"], "b": [2, 3]}))
    assert digest(whole.slice(1, 2)) != digest(whole.slice(2, 2))


def test_a_package_that_is_missing_is_named() -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None; import polars as pl\n"
        "from dagy_nb.engine.content import NoDigest, digest_value\n"
        "try: digest_value([pl.DataFrame({'a': [1]})])\n"
        "except NoDigest as error: print(error)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "is a list, which cannot be read without the package `pyarrow`\n"


ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)


class Odd:
    """Fails at whatever is asked of it."""

    def __fspath__(self) -> str:
        raise ValueError("odd")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (Odd(), "cannot be read"),
        ([Odd()], "cannot be read"),
        ((each for each in ()), "cannot be pickled"),
        (threading.Lock(), "cannot be pickled"),
        (pl.LazyFrame({"a": [1]}), "collect it"),
        (ENDLESS, "holds itself"),
        (SecretStr("x"), "holds a secret"),
        ({"deep": [SecretStr("x")]}, "holds a secret"),
        (Model([SecretStr("x")]), "holds a secret"),  # type: ignore[list-item]
    ],
)
def test_what_cannot_be_told_apart_says_why(value: object, why: str) -> None:
    with pytest.raises(NoDigest, match=why):
        digest_value(value)


def test_a_file_counts_by_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a")
    before = digest_value(path)
    os.utime(path, ns=(1, 1))
    touched = digest(path)
    path.write_text("b")

    assert touched == before.digest
    assert digest(path) != before.digest
    assert list(before.files) == [str(path)]


def test_a_file_written_twice_within_one_tick_is_read_twice(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a")
    stamp = path.stat().st_mtime_ns
    before = digest(path)
    path.write_text("b")
    os.utime(path, ns=(stamp, stamp))

    assert digest(path) != before


def test_a_file_counts_whatever_its_times_are_set_to(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a")
    hour = 3_600 * 10**9
    os.utime(path, ns=(hour, hour))
    FILES._known[str(path)] = (_stamp(path.stat()), digest_path(str(path)))  # it has rested
    before = digest(path)
    path.write_text("b")
    os.utime(path, ns=(hour, hour))

    assert digest(path) != before


def test_a_file_counts_wherever_in_an_object_its_path_is(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    held = Model([path])  # type: ignore[list-item]
    path.write_text("a")
    before = digest_value(held)
    path.write_text("b")

    assert digest(held) != before.digest
    assert list(before.files) == [str(path)]


def test_a_folder_counts_by_what_its_links_lead_to(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "one" / "link").symlink_to(tmp_path / "other")
    before = digest(tmp_path / "one")
    (tmp_path / "other" / "a").write_text("1")
    assert digest(tmp_path / "one") != before

    (tmp_path / "one" / "circle").symlink_to(tmp_path / "one")
    with pytest.raises(NoDigest, match="cannot be read"):
        digest(tmp_path / "one")


def test_a_folder_counts_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").write_text("1")
    before = digest(tmp_path)
    (tmp_path / "inner" / "a").rename(tmp_path / "inner" / "b")

    assert digest(tmp_path) != before


def test_a_file_of_the_run_counts_by_its_place_in_the_runs_folder(tmp_path: Path) -> None:
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        (tmp_path / run / "out.csv").write_text("same")
    one, two = (
        digest_value(tmp_path / run / "out.csv", folder=tmp_path / run) for run in ("one", "two")
    )

    assert one.digest == two.digest


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json, json)
def test_digests_of_plain_values_are_equal_exactly_where_their_texts_are(
    one: object, other: object
) -> None:
    assert (digest(one) == digest(other)) == (repr(one) == repr(other))


MADE_ELSEWHERE = """
import linecache, sys
from dagy_nb.engine.content import digest_value
from dagy_nb.nodes.cell import CellSource, compile_cell
from dagy_nb.nodes.registry import Registry

def cell(number, text):
    name = f"<cell {number} of {sys.argv[1]}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), globals())

cell(1, f"# {sys.argv[1]}\\nclass Plain:\\n    limit = 5\\n    def low(self): return {sys.argv[2]}\\n")
node = "class Point:\\n    pass\\ndef make() -> object:\\n    return Point()"
source = CellSource(text=node, place="nb.ipynb", filename=f"<node {sys.argv[1]}>")
Point = compile_cell(source, globals(), registry=Registry()).exports["Point"]
values = [Plain(), Point(), Plain]
for each in values[:2]:
    each.names = set("abcdefgh")
print(*(digest_value(each).digest for each in values))
"""


def make_elsewhere(name: str, text: str) -> list[str]:
    environment = {**os.environ, "PYTHONHASHSEED": name}
    command = [sys.executable, "-c", MADE_ELSEWHERE, name, text]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_objects_of_a_notebooks_classes_have_the_same_digest_in_another_kernel() -> None:
    one, same, other = (make_elsewhere(*each) for each in (("1", "1"), ("2", "1"), ("3", "2")))

    assert one == same
    assert [a == b for a, b in zip(one, other, strict=True)] == [False, True, False]

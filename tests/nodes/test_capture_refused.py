"""What a cell must not take from the notebook: data, by name and with the two ways out."""

from __future__ import annotations

import types

import pytest

from dagy_nb.errors import CaptureRefused

DATA = """
import threading, pandas as pd, logging
df = pd.DataFrame({"a": [1]})
limits = {"a": 1}
rows = [1]
pair = (1, [2])
lock = threading.Lock()
stream = open(__import__("os").devnull)
gen = (i for i in range(3))
big = "x" * 20_000
class Thing:
    def method(self): return 1
thing = Thing()
method = thing.method
def outer():
    def inner(): return 1
    return inner
made = outer()
unnamed = [lambda: 1][0]
stream.close()
"""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("df", "data of type DataFrame"),
        ("limits", "a dict, which can change"),
        ("rows", "a list, which can change"),
        ("pair", "a tuple that holds a list, which can change"),
        ("lock", "data of type lock"),
        ("stream", "data of type TextIOWrapper"),
        ("gen", "data of type generator"),
        ("big", "a str of 20,006 characters, more than 10,000"),
        ("thing", "data of type Thing"),
        ("method", "data of type method"),
        ("made", "made inside another function (`outer.<locals>.inner`)"),
        ("unnamed", "a function whose text cannot be read"),
    ],
)
def test_data_is_refused_by_name_with_the_two_ways_out(notebook, name, why):
    notebook.run(DATA)

    with pytest.raises(CaptureRefused) as caught:
        notebook.define(f"def f(x: int) -> int:\n    return {name}")

    assert caught.value.code == "capture.refused"
    assert caught.value.names == (name,)
    assert f"`{name}` (line 3) is {why}" in str(caught.value)
    assert f"Make `{name}` a config field of the node, or an input of it." in str(caught.value)
    assert notebook.registry.snapshot().revision == 0


def test_all_refused_names_are_told_at_once(notebook):
    notebook.run("a, b = [1], {2}")

    with pytest.raises(CaptureRefused) as caught:
        notebook.define("def f(x: int) -> int: return a, b")

    assert caught.value.names == ("a", "b")
    assert "each of them" in caught.value.suggestion


def test_data_that_a_captured_function_uses_is_refused_too(notebook):
    notebook.run("df = [1]\ndef low(): return df\ndef high(): return low()")

    with pytest.raises(CaptureRefused, match="`df`, which `low` uses, is a list") as caught:
        notebook.define("def f(x: int) -> int: return high()")

    assert caught.value.names == ("df",)


def test_data_read_before_the_cell_binds_its_name_is_refused(notebook):
    notebook.run("df = [1]")

    with pytest.raises(CaptureRefused):
        notebook.define("df = df + [2]\ndef f(x: int) -> int: return x")


@pytest.mark.parametrize(
    "text",
    [
        "def f(df: int) -> int: return df",
        "def f(x: int) -> int:\n    df = x\n    return df",
        "def f(x: int) -> list: return [df for df in range(x)]",
        "def f(x: int) -> int: return (lambda df: df)(x)",
        "def f(x: int) -> str: return 'df'",
        "def f(x: int) -> int: return x.df",
        "def f(x: df) -> df: return x",
        "class df: pass\ndef f(x: int) -> object: return df",
        "import math as df\ndef f(x: int) -> object: return df",
        "def f(x: int) -> int:\n    df: int\n    for df in [1]: pass\n    return df",
        "from math import *\ndef f(x: int) -> object: return sqrt(4)",
    ],
)
def test_a_name_that_is_the_cells_own_is_not_refused(notebook, text):
    notebook.run("df = [1]\nsqrt = [1]")

    assert notebook.define(text).node.spec.type == "f"


def test_a_module_that_cannot_be_imported_elsewhere_is_refused(notebook):
    notebook.names["ghost"] = types.ModuleType("ghost")

    with pytest.raises(CaptureRefused, match="no other process can import"):
        notebook.define("def f(x: int) -> object: return ghost")

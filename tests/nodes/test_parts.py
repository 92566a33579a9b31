"""What a node's code is made of is told by name, and what changed in it in words."""

from __future__ import annotations

import pytest

from dagy_nb.nodes.function import node
from dagy_nb.nodes.parts import OWN, SHAPE, list_parts, read_code, tell_changes

LIMIT = 5


def helper(x: int) -> int:
    """Used below."""
    return x * LIMIT


@node(register=False)
def of_module(x: int) -> int:
    """A node of a module."""
    return helper(x)


def test_a_cells_parts_are_its_own_text_helpers_and_constants(notebook):
    notebook.run("import math\nLIMIT = 5\ndef low(x): return x * LIMIT\ndef high(x): return low(x)")
    made = notebook.define("def f(x: int) -> float:\n    return high(x) + math.pi").node

    assert sorted(list_parts(made)) == [
        "constant LIMIT",
        "helper `high`",
        "helper `low`",
        SHAPE,
        "module math",
        OWN,
    ]
    assert list_parts(made)["constant LIMIT"] == "int 5"
    assert "x * LIMIT" in read_code(made)


def test_a_modules_node_has_parts_too():
    parts = list_parts(of_module)

    assert {OWN, "helper `helper`", "constant LIMIT"} <= set(parts)
    assert parts["constant LIMIT"] == "5"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({OWN: "1"}, {OWN: "1"}, ""),
        ({OWN: "1", SHAPE: "1"}, {OWN: "2", SHAPE: "2"}, "own code changed"),
        ({SHAPE: "1"}, {SHAPE: "2"}, "inputs, outputs or config fields changed"),
        ({"helper `f`": "1"}, {"helper `f`": "2"}, "helper `f` changed"),
        ({}, {"helper `f`": "2"}, "helper `f` is used now"),
        ({"helper `f`": "1"}, {}, "helper `f` is used no more"),
        ({"constant N": "int 5"}, {"constant N": "int 6"}, "constant N: 5 → 6"),
        ({"constant N": "str 'a b'"}, {"constant N": "str ''"}, "constant N: 'a b' → ''"),
        ({"constant N": "(int 1,)"}, {"constant N": "int 1"}, "constant N: (int 1,) → 1"),
        (
            {f"helper `{each}`": "1" for each in "abcde"},
            {f"helper `{each}`": "2" for each in "abcde"},
            "helper `a` changed; helper `b` changed; helper `c` changed; 2 more",
        ),
    ],
)
def test_changes_are_told_in_words(old, new, told):
    assert tell_changes(old, new) == told

"""A version changes when what the code does may change, and only then."""

from __future__ import annotations

import importlib
import linecache
import sys
import textwrap

import pytest

from dagy_nb.nodes.closure import _Closure, fingerprint_object
from dagy_nb.nodes.digest import digest

PLAIN = """
import math
from collections import Counter
LIMIT = 5
UNUSED = 1
def low(x): return x * LIMIT
def high(x): return low(x) + 1
def unused(x): return x
class Row:
    size = 1
"""
CELL = """
def f(x: int, k: int = 3) -> object:
    return high(x), Row, math.pi, Counter
"""


def version_of(notebook, plain=PLAIN, cell=CELL, **options):
    notebook.run(plain)
    return notebook.define(cell, **options).node.spec.version


@pytest.fixture
def version(notebook):
    return version_of(notebook)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 5", "LIMIT = 6"),
        ("LIMIT = 5", "LIMIT = 5.0"),
        ("LIMIT = 5", "LIMIT = True"),
        ("x * LIMIT", "x / LIMIT"),
        ("low(x) + 1", "low(x) + 2"),
        ("size = 1", "size = 2"),
        ("import math", "import cmath as math"),
        ("import Counter", "import OrderedDict as Counter"),
        ("def low(x): return x * LIMIT", "low = lambda x: x * LIMIT"),
    ],
)
def test_what_the_cell_uses_changes_its_version(notebook, version, old, new):
    assert old in PLAIN

    assert version_of(notebook, plain=PLAIN.replace(old, new)) != version
    assert version_of(notebook) == version


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return high(x)", "return high(x + 0)"),
        ("k: int = 3", "k: int = 4"),
        ("k: int = 3", "k: float = 3"),
        ("x: int", "x: float"),
        ("-> object", "-> list"),
        ("def f(x", "def f(z"),
        ("def f(", "K = 1\ndef f("),
    ],
)
def test_the_cells_own_code_and_shape_change_its_version(notebook, version, old, new):
    cell = CELL.replace(old, new)
    if "z" in new:
        cell = cell.replace("high(x)", "high(z)")

    assert version_of(notebook, cell=cell) != version


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("UNUSED = 1", "UNUSED = 2"),
        ("def unused(x): return x", "def unused(x): return 2"),
        ("def low(x): return", "def low(x):  # a comment\n    '''A docstring.'''\n    return"),
        ("class Row:\n    size = 1", "class Row:\n\n    # words\n    size = 1"),
        ("x * LIMIT", "(x * LIMIT)"),
        ("import math", "import math, json"),
        ("LIMIT = 5", "LIMIT = 2 + 3"),
    ],
)
def test_what_changes_nothing_keeps_the_version(notebook, version, old, new):
    assert old in PLAIN

    assert version_of(notebook, plain=PLAIN.replace(old, new)) == version


@pytest.mark.parametrize(
    "cell",
    [
        "# a comment\n" + CELL,
        CELL.replace("object:\n", "object:\n    '''A docstring.'''\n\n"),
        CELL.replace("    return", "  return"),
        CELL.replace("high(x), Row", "( high( x ),Row").replace("Counter", "Counter )"),
    ],
)
def test_layout_comments_and_docstrings_of_the_cell_keep_the_version(notebook, version, cell):
    assert version_of(notebook, cell=cell) == version


def test_the_place_of_a_cell_keeps_the_version(notebook, version):
    notebook.run("# moved\n" * 5 + PLAIN)
    notebook.registry = type(notebook.registry)()

    assert (
        notebook.define(CELL, filename="<elsewhere>", place="other.ipynb").node.spec.version
        == version
    )


def test_limits_and_words_are_not_part_of_the_version(notebook, version):
    assert version_of(notebook, timeout=7, runner="thread", retries=2, label="Words") == version


def test_another_cells_node_is_part_of_the_version(notebook):
    notebook.define("def first(x: int) -> int: return x")
    cell = "def second(x: int) -> int: return first(x)"
    before = notebook.define(cell).node.spec.version

    notebook.define("def first(x: int) -> int:\n    # comment only\n    return x")
    assert notebook.define(cell).node.spec.version == before

    notebook.define("def first(x: int) -> int: return x + 1")
    assert notebook.define(cell).node.spec.version != before


def test_functions_in_a_circle_change_together(notebook):
    plain = "def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n != 0 and even(n - 1)\nK = 1\n"
    cell = "def f(n: int) -> bool: return even(n)"
    before = version_of(notebook, plain, cell)

    assert version_of(notebook, plain.replace("n != 0", "n > 0"), cell) != before
    assert version_of(notebook, plain.replace("K = 1", "K = 2"), cell) == before


def test_the_schema_version_is_about_connectors_and_config_only(notebook):
    first = notebook.define(CELL.replace("high(x), Row, math.pi, Counter", "x")).node.spec
    second = notebook.define(CELL.replace("high(x), Row, math.pi, Counter", "x + 1")).node.spec
    third = notebook.define(
        CELL.replace("high(x), Row, math.pi, Counter", "x").replace("x: int", "x: str")
    ).node.spec

    assert first.version != second.version
    assert first.schema_version == second.schema_version
    assert third.schema_version != first.schema_version


# --- classes of modules ---------------------------------------------------------------------------

MODULE = """
import math
import {package}_low as low_module
from {package}_low import helper as imported
from dagy_nb.nodes.base import FlowNode, Output

LIMITS = {{"a": 1}}

class Node(FlowNode, register=False):
    y = Output()
    def execute(self):
        return later(LIMITS) + imported(1) + low_module.K + math.pi

def later(limits):
    return deepest() + len(limits)

def deepest():
    return 1

def unused():
    return 1
"""
LOW = "K = 1\ndef helper(x): return x\n"


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Write two modules, import them and return the parts of the node's version."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    count = iter(range(100))

    def parts(module=MODULE, low=LOW):
        folder = tmp_path / str(next(count))
        folder.mkdir()
        (folder / "fp_mod_low.py").write_text(low)
        (folder / "fp_mod.py").write_text(module.format(package="fp_mod"))
        with monkeypatch.context() as patch:
            patch.syspath_prepend(str(folder))
            made = importlib.import_module("fp_mod")
            found = {**_Closure(made.Node).parts, "": fingerprint_object(made.Node)}
            assert made.Node.spec.version == importlib.import_module("fp_mod").Node.spec.version
            del sys.modules["fp_mod"], sys.modules["fp_mod_low"]
        return found

    return parts


def differ(before, after):
    assert (before.pop("") == after.pop("")) is (before == after)
    return sorted(key for key in {**before, **after} if before.get(key) != after.get(key))


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("len(limits)", "2 * len(limits)", "later"),
        ("def deepest():\n    return 1", "def deepest():\n    return 2", "deepest"),
        ('{{"a": 1}}', '{{"a": 2}}', "LIMITS"),
        ("math.pi", "math.e", "Node"),
        ("import math", "import cmath as math", "math"),
    ],
)
def test_a_modules_class_has_all_of_its_file_that_it_uses(load, old, new, part):
    """What stands further down counts too."""
    assert old in MODULE

    assert differ(load(), load(MODULE.replace(old, new))) == [part]


def test_what_a_modules_class_does_not_use_does_not_count(load):
    changed = MODULE.replace(
        "def unused():\n    return 1", "def unused():\n    # words\n    return 2"
    )

    assert differ(load(), load("# more\n" + changed)) == []


def test_the_users_own_modules_count_by_content(load):
    assert differ(load(), load(low=LOW.replace("K = 1", "K = 2"))) == ["imported", "low_module"]


def test_a_class_without_text_has_a_version_of_its_code(registry):
    names = {"__name__": "nowhere"}
    text = textwrap.dedent(
        MODULE.split("class Node", maxsplit=1)[0].split("import {package}", maxsplit=1)[0]
    )
    head = text + "from dagy_nb.nodes.base import FlowNode\n"

    def make(body):
        exec(
            f"{head}class A(FlowNode, register=False):\n    def execute(self): return {body}", names
        )
        return names["A"].spec.version

    assert make("1") == make("1")
    assert make("1") != make("2")


def test_a_function_has_a_fingerprint_too():
    assert fingerprint_object(version_of) == fingerprint_object(version_of)
    assert fingerprint_object(version_of) != fingerprint_object(differ)


def test_a_digest_knows_where_a_text_ends():
    assert digest(["ab", "c"]) != digest(["a", "bc"]) != digest(["abc"])
    assert digest([]) != digest([""])


def test_a_class_that_its_first_text_made_again_has_its_first_version(notebook):
    """A kernel names a cell by its text, so one that is run again as it was keeps its place."""
    first = notebook.run(PLAIN)
    entry = linecache.cache[first]
    before = notebook.define(CELL).node.spec.version
    changed = version_of(notebook, plain=PLAIN.replace("size = 1", "size = 2"))

    exec(compile(PLAIN, first, "exec", dont_inherit=True), notebook.names)
    linecache.cache[first] = entry

    assert changed != before
    assert notebook.define(CELL).node.spec.version == before

"""What a cell takes from the notebook: bound when it is defined, or refused by name."""

from __future__ import annotations

import asyncio
import functools
import pickle
import sys
import time
from unittest.mock import MagicMock

import pytest

from dagy_nb.errors import CaptureRefused
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.context import ExecutionContext
from dagy_nb.nodes.function import node

CONTEXT = ExecutionContext(node_id="n")


def call(compiled, **inputs):
    result = compiled.node.create().invoke(CONTEXT, inputs)
    return result["output"] if set(result) == {"output"} else result


def test_modules_functions_and_constants_are_captured(notebook):
    notebook.run(
        "import math, os.path as p, re\n"
        "from collections import Counter as C\n"
        "from random import random, randint\n"
        "from functools import partial\n"
        "LIMIT, NAMES, WORD = 5, ('a', 'b'), re.compile('a+')\n"
        "Rows = list[dict[str, int]]\n"
    )
    compiled = notebook.define(
        "def f(x: int) -> list:\n"
        "    assert 0 <= random() < 1 and randint(2, 2) == 2 and partial(math.pow, 2)(2) == 4\n"
        "    return [math.floor(x), p.basename('a/b'), C('aa')['a'], LIMIT, NAMES, WORD.match('aab')[0], str(Rows)]"
    )

    assert call(compiled, x=1.5) == [1, "b", 2, 5, ("a", "b"), "aa", "list[dict[str, int]]"]


def test_a_name_that_a_comprehension_of_the_cell_has_too_is_captured(notebook):
    notebook.run("n = 5")
    compiled = notebook.define(
        "L = [n for n in range(3)]\ndef f(x: int) -> int: return x + n + L[2]"
    )

    assert call(compiled, x=1) == 8


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python has these from 3.12 on.")
def test_type_statements_of_the_notebook_are_captured_by_what_they_stand_for(notebook, elsewhere):
    notebook.run(
        "class Row:\n    size = 3\ntype Rows = list[int]\ntype Many = Rows\ntype One = Row\n"
        "type Later = Missing\ntype Loop = Loop"
    )
    compiled = notebook.define(
        "type Own = Many\ndef f(x: Many, y: One, z: Later = 0, *w: Loop) -> Own: return [*x, One.size]"
    )

    types = {
        each.name: each.data_types
        for each in (*compiled.node.spec.inputs, *compiled.node.spec.outputs)
    }
    assert types["x"] == types["output"] == (DataType.LIST,)
    assert types["y"] == (DataType.OBJECT,)
    assert types["w"] == (DataType.ANY,)
    script = (
        "import pickle, sys; from dagy_nb.nodes.context import ExecutionContext; "
        "print(pickle.load(sys.stdin.buffer).create().invoke(ExecutionContext(node_id='n'), {'x': [1], 'y': 2, 'w': ()}))"
    )
    assert elsewhere(script, pickle.dumps(compiled.node)) == b"{'output': [1, 3]}\n"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python has these from 3.12 on.")
def test_type_parameters_are_no_names_of_the_notebook(notebook):
    notebook.run("T = ['data']\ndef first[T](values: list[T]) -> T: return values[0]")
    compiled = notebook.define("def f[T](x: T) -> list[T]: return [first([x])]")

    assert compiled.notices == ()
    assert [each.data_types for each in compiled.node.spec.outputs] == [(DataType.LIST,)]
    assert call(compiled, x=1) == [1]


def test_what_is_bound_stays_bound(notebook):
    notebook.run(
        "import json as m\nLIMIT = 5\ndef inner(x): return x * LIMIT\ndef clean(x): return inner(x) + 1"
    )
    compiled = notebook.define("def f(x: int) -> int: return clean(x) + LIMIT + len(m.dumps(1))")
    before = call(compiled, x=1)

    notebook.run("import math as m\nLIMIT = 100\ndef inner(x): return 0\ndef clean(x): return 0")

    assert call(compiled, x=1) == before == 12
    again = notebook.define("def f(x: int) -> int: return clean(x) + LIMIT")
    assert call(again, x=1) == 100


def test_functions_that_need_each_other_are_captured_together(notebook):
    notebook.run(
        "def even(n): return n == 0 or odd(n - 1)\n"
        "def odd(n): return n != 0 and even(n - 1)\n"
        "alias = odd\n"
    )
    compiled = notebook.define("def f(n: int) -> bool: return even(n) and not alias(n)")
    notebook.run("def odd(n): return None")

    assert call(compiled, n=10) is True
    assert call(compiled, n=7) is False


def test_an_alias_of_an_older_definition_is_that_definition(notebook):
    notebook.run("def g(x): return x + 1")
    notebook.run("old = g")
    notebook.run("def g(x): return old(x) * 10")

    assert call(notebook.define("def f(x: int) -> int: return g(x)"), x=1) == 20


def test_decorated_async_and_lambda_definitions_are_captured(notebook):
    notebook.run(
        "import functools\n"
        "def twice(f):\n"
        "    @functools.wraps(f)\n"
        "    def call(*a): return 2 * f(*a)\n"
        "    return call\n"
        "@twice\n"
        "def decorated(x): return x\n"
        "@functools.lru_cache(maxsize=None)\n"
        "def cached(x): return x\n"
        "async def later(x): return x\n"
        "short = lambda x: x + 1\n"
        "if True:\n"
        "    def inside(x):\n"
        "        return x\n"
    )
    compiled = notebook.define(
        "async def f(x: int) -> int: return decorated(x) + cached(x) + await later(x) + short(x) + inside(x)"
    )

    assert asyncio.run(compiled.node.create().invoke(CONTEXT, {"x": 1})) == {"output": 7}


def test_a_class_of_the_notebook_stays_the_very_same(notebook):
    notebook.run("from dataclasses import dataclass\n@dataclass\nclass Row:\n    a: int = 1\n")
    compiled = notebook.define("def f(x: int) -> object: return Row(x)")

    assert type(call(compiled, x=3)) is notebook.names["Row"]
    assert compiled.notices == ()


def test_a_redefined_class_does_not_change_the_node(notebook):
    notebook.run("class Row:\n    def name(self): return 'old'")
    compiled = notebook.define("def f(x: int) -> str: return Row().name()")
    notebook.run("class Row:\n    def name(self): return 'new'")

    assert call(compiled, x=1) == "old"
    assert call(notebook.define("def f(x: int) -> str: return Row().name() + ''"), x=1) == "new"


def test_the_same_class_text_run_again_is_a_new_class_for_a_new_node(notebook):
    text = "class Row:\n    def name(self): return 'same'"
    cell = "def f(x: int) -> object: return Row()"
    notebook.run(text)
    first = notebook.define(cell)
    old = notebook.names["Row"]

    notebook.run(text)
    second = notebook.define(cell)

    assert type(call(first, x=1)) is old
    assert type(call(second, x=1)) is notebook.names["Row"] is not old
    assert first.node.spec.version == second.node.spec.version


def test_a_class_that_uses_what_can_change_is_copied_and_said_so(notebook):
    notebook.run(
        "LIMIT = 5\ndef scale(x): return x * LIMIT\nclass Row:\n    def size(self): return scale(1)\n"
    )
    compiled = notebook.define("def f(x: int) -> int: return Row().size()")
    notebook.run("LIMIT = 7\ndef scale(x): return 0")

    assert call(compiled, x=1) == 5
    assert notebook.names["Row"]().size() == 0
    (notice,) = compiled.notices
    assert notice.code == "node.copied_class"
    assert "`Row`" in notice.message


def test_class_hierarchies_enums_and_models_are_captured(notebook):
    notebook.run(
        "import enum\nfrom pydantic import BaseModel\n"
        "class Colour(enum.Enum):\n    RED = 1\n"
        "class Base:\n    kind = 'base'\n"
        "class Child(Base): pass\n"
        "class Inner(BaseModel):\n    a: int = 1\n"
        "class Outer(BaseModel):\n    inner: Inner = Inner()\n    colour: Colour = Colour.RED\n"
        "class Bad(ValueError): pass\n"
    )
    compiled = notebook.define(
        "def f(x: int) -> list:\n"
        "    try:\n        raise Bad('no')\n    except Bad as error:\n        told = str(error)\n"
        "    return [Child.kind, Outer().inner.a, Outer().colour is Colour.RED, told]"
    )

    assert call(compiled, x=1) == ["base", 1, True, "no"]
    assert compiled.notices == ()


def test_another_cells_node_and_what_it_defines_are_captured(notebook):
    notebook.define(
        "K = 2\ndef helper(x): return x * K\ndef first(x: int) -> int: return helper(x) + 1"
    )
    compiled = notebook.define("def second(x: int) -> int: return first(x) + helper(x) + K")
    notebook.define("K = 3\ndef helper(x): return 0\ndef first(x: int) -> int: return helper(x)")

    assert call(compiled, x=1) == 3 + 2 + 2


def test_a_node_of_a_plain_cell_is_captured(notebook):
    notebook.names["node"] = node
    notebook.run("@node\ndef first(x: int) -> int:\n    return x + 1\n")
    compiled = notebook.define("def second(x: int) -> int: return first(x) * 10")
    notebook.run("@node\ndef first(x: int) -> int:\n    return 0\n")

    assert call(compiled, x=1) == 20


def test_objects_that_answer_everything_are_refused(notebook):
    notebook.names["mock"] = MagicMock()

    with pytest.raises(CaptureRefused, match="data of type MagicMock"):
        notebook.define("def f(x: int) -> object: return mock")


def test_a_node_may_inherit_from_another_cells_node(notebook):
    notebook.define(
        "class Base(FlowNode):\n    x = Input()\n    y = Output()\n"
        "    def scale(self): return 2\n    def execute(self, x): return self.scale() * x"
    )
    compiled = notebook.define("class Child(Base):\n    def scale(self): return 3")

    assert compiled.node.create().invoke(CONTEXT, {"x": 2}) == 6


def test_a_cell_may_use_its_own_name_and_shadow_names_of_the_notebook(notebook):
    notebook.run("df = {'big': 1}\nx = [1]\nfact = 3")

    compiled = notebook.define(
        "def fact(n: int) -> int:\n    df = 1\n    [x for x in range(3)]\n    return n * fact(n - 1) if n > 1 else df"
    )

    assert call(compiled, n=5) == 120


def test_names_of_ipython_and_builtins_are_left_alone(notebook):
    def my_max(*a):
        raise AssertionError

    my_max.__module__ = "IPython.core.interactiveshell"

    @functools.wraps(open)
    def my_open(*a):
        raise AssertionError

    notebook.names.update(open=my_open, max=my_max, Out={}, In=[], _=3)

    compiled = notebook.define("def f(x: int) -> list:\n    return [open, max]")

    assert call(compiled, x=1) == [open, max]


def test_what_an_importable_module_holds_is_bound_by_its_name(notebook, tmp_path, monkeypatch):
    (tmp_path / "my_settings.py").write_text(
        "LIMITS = {'a': 1}\nclass Thing: pass\nthing = Thing()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    notebook.run("from my_settings import LIMITS, thing")

    compiled = notebook.define("def f(x: int) -> object: return [LIMITS, thing]")

    assert call(compiled, x=1)[1] is sys.modules["my_settings"].thing
    del sys.modules["my_settings"]


def test_a_logger_of_the_notebook_is_captured_by_name(notebook):
    notebook.run("import logging\nlog = logging.getLogger('mine')")

    assert call(notebook.define("def f(x: int) -> str: return log.name"), x=1) == "mine"


def test_the_namespace_is_only_read(notebook):
    notebook.run("LIMIT = 5\ndef low(): return LIMIT")
    before = dict(notebook.names)
    notebook.define("def f(x: int) -> int:\n    global LIMIT\n    LIMIT = 6\n    return low()")
    del notebook.names["f"]

    assert {k: v for k, v in notebook.names.items() if k != "LIMIT"} == {
        k: v for k, v in before.items() if k != "LIMIT"
    }


def test_a_chain_of_hundreds_of_functions_is_captured_soon(notebook):
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(3_000)  # as in a kernel
    try:
        notebook.run("def at_0(x): return x")
        for each in range(1, 450):
            notebook.run(f"def at_{each}(x): return at_{each - 1}(x) + 1")
        begun = time.thread_time()

        compiled = notebook.define("def f(x: int) -> int: return at_449(x)")

        assert time.thread_time() - begun < 4.0
        assert call(compiled, x=1) == 450
    finally:
        sys.setrecursionlimit(limit)

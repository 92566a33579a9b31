"""Cells become modules (D1)."""

from __future__ import annotations

import asyncio
import sys

import pytest

from dagy_nb.errors import DefinitionError
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.context import ExecutionContext

CONTEXT = ExecutionContext(node_id="n")

DELAY = '''
class Delay(FlowNode):
    """Mean delay."""
    flights = Input(DataType.LIST)
    report = Output(DataType.NUMBER)

    class Config(FlowNode.Config):
        factor: float = Field(1, ge=0)

    def execute(self, context, flights):
        return {"report": scale(sum(flights) / len(flights), self.config.factor)}

def scale(x, factor):
    return x * factor
'''


def call(compiled, config=None, **inputs):
    return compiled.node.create(config).invoke(CONTEXT, inputs)


def test_a_cell_defines_a_class(notebook):
    compiled = notebook.define(DELAY)

    assert call(compiled, {"factor": 2}, flights=[1, 3]) == {"report": 4.0}
    assert set(compiled.exports) == {"Delay", "scale"}
    assert compiled.exports["Delay"] is compiled.node is notebook.registry.get("Delay")
    assert compiled.notices == ()


def test_a_cell_defines_a_function(notebook):
    compiled = notebook.define(
        "def late(flights: list, minutes: float = 15) -> list:\n    return [f for f in flights if f > minutes]"
    )

    assert call(compiled, {"minutes": 2}, flights=[1, 3]) == {"output": [3]}
    assert compiled.node([1, 30]) == [30]
    assert compiled.exports == {"late": compiled.node}


def test_the_spec_says_where_the_cell_stands(notebook):
    spec = notebook.define(DELAY, place="flights.ipynb").node.spec

    assert str(spec.origin) == "cell flights.ipynb"
    assert spec.source == "%%flownode\n" + DELAY


def test_the_module_is_named_by_type_and_hash(notebook):
    compiled = notebook.define(DELAY)
    name = compiled.module.__name__

    assert name.startswith("dagy_nb_cells.Delay_")
    assert len(name.rpartition("_")[2]) == 16
    assert sys.modules[name] is compiled.module
    assert compiled.node.__module__ == name


def test_the_magics_options_are_class_attributes(notebook):
    function = notebook.define(
        "def f(x: int) -> int: return x", timeout=3, runner="process", retries=2
    ).node
    cls = notebook.define(DELAY, timeout=0, label="Slow").node

    assert (function.spec.timeout, function.spec.runner, function.spec.retries) == (3, "process", 2)
    assert (cls.spec.timeout, cls.spec.label) == (0, "Slow")
    with pytest.raises(DefinitionError, match="Did you mean `timeout`"):
        notebook.define(DELAY, timeuot=3)


def test_the_names_of_the_package_need_no_import(notebook):
    compiled = notebook.define(
        "class A(FlowNode):\n"
        "    x = Input(DataType.INTEGER)\n    y = Output()\n"
        "    class Config(FlowNode.Config):\n        k: int = Field(1)\n        s: SecretStr = SecretStr('')\n"
        "    def execute(self, context: ExecutionContext, x) -> ExecutionResult:\n"
        "        return ExecutionResult(outputs={'y': x})"
    )

    assert call(compiled, x=1).outputs == {"y": 1}


def test_nodes_of_a_module_that_a_cell_imports_are_registered_too(notebook, tmp_path, monkeypatch):
    (tmp_path / "my_nodes.py").write_text(
        "from dagy_nb.nodes.function import node\n@node\ndef imported(x: int) -> int: return x\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    compiled = notebook.define(
        "from my_nodes import imported\ndef f(x: int) -> int: return imported(x)"
    )

    assert compiled.node.spec.type == "f"
    assert set(notebook.registry.snapshot().classes) == {"f", "imported"}
    assert str(notebook.registry.snapshot().specs["imported"].origin) == "module my_nodes"
    del sys.modules["my_nodes"]


def test_the_users_own_name_goes_before_the_packages(notebook):
    notebook.run("def node(x): return x + 1")

    assert call(notebook.define("def f(x: int) -> int: return node(x)"), x=1) == {"output": 2}


EVERYTHING = '''
"""A cell's docstring."""
from __future__ import annotations

import json as j
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from pydantic import BaseModel

if TYPE_CHECKING:
    from nowhere import Nothing

LIMIT = 3
TABLE = {"a": 1}

@dataclass
class Row:
    a: int
    tags: list[str] = field(default_factory=list)

class Model(BaseModel):
    rows: list[Row]

class Out(NamedTuple):
    count: int
    text: str

def double(f):
    return lambda *a: 2 * f(*a)

@double
def _count(rows):
    def inner(row: Row):
        return row.a > LIMIT
    return sum(inner(r) for r in rows)

@lru_cache
def _cached(n):
    return n if n < 2 else _cached(n - 1) + _cached(n - 2)

async def _later(x):
    return x

async def summarise(rows: list, limit: int = 2) -> Out:
    """Summary."""
    model = Model(rows=[Row(await _later(a)) for a in rows])
    return Out(_count(model.rows), j.dumps([_cached(limit), TABLE, __name__.split(".")[0]]))
'''


def test_all_kinds_of_python_work_in_a_cell(notebook):
    compiled = notebook.define(EVERYTHING)

    result = asyncio.run(call(compiled, {"limit": 10}, rows=[1, 4, 5]))

    assert result == {"count": 4, "text": '[55, {"a": 1}, "dagy_nb_cells"]'}
    assert compiled.node.spec.description == "Summary."
    assert [(c.name, c.data_types[0]) for c in compiled.node.spec.outputs] == [
        ("count", DataType.INTEGER),
        ("text", DataType.TEXT),
    ]
    assert {"Row", "LIMIT", "j", "summarise", "_count"} <= set(compiled.exports)
    assert compiled.module.__doc__ == "A cell's docstring."


def test_annotations_work_without_the_future_import_too(notebook):
    compiled = notebook.define(
        "import pandas as pd\ndef f(table: pd.DataFrame, n: 'int' = 3) -> 'pd.DataFrame':\n    return table.head(n)"
    )

    assert compiled.node.spec.inputs[0].data_types == (DataType.TABLE,)
    assert compiled.node.spec.outputs[0].data_types == (DataType.TABLE,)
    assert compiled.notices == ()


def test_imports_of_the_notebook_are_seen_in_annotations(notebook):
    notebook.run("import pandas as pd")

    for head in ("", "from __future__ import annotations\n"):
        compiled = notebook.define(
            f"{head}def f(table: pd.DataFrame) -> pd.DataFrame:\n    return table"
        )
        assert compiled.node.spec.inputs[0].data_types == (DataType.TABLE,)


def test_data_used_in_an_annotation_only_is_not_captured(notebook):
    notebook.run("frame = {'a': [1]}")

    compiled = notebook.define("def f(x: frame, y: int) -> frame['a']:\n    return x + y")

    assert call(compiled, x=1, y=2) == {"output": 3}
    assert [n.code for n in compiled.notices] == ["node.unknown_annotation"] * 2


# --- running a cell again ------------------------------------------------------------------------


def test_the_same_text_twice_is_the_same_class(notebook):
    first, second = notebook.define(DELAY), notebook.define(DELAY)

    assert second.node is first.node
    assert notebook.registry.snapshot().revision == 1


def test_a_cell_with_work_at_its_top_does_it_again(notebook):
    notebook.run(
        "import itertools, builtins\nif not hasattr(builtins, '_count'): builtins._count = itertools.count()"
    )
    text = "import builtins\nSTART = next(builtins._count)\ndef f(x: int) -> int: return START"

    first, second = notebook.define(text), notebook.define(text)

    assert call(second, x=0)["output"] == call(first, x=0)["output"] + 1
    assert second.node is not first.node
    assert second.node.spec.version == first.node.spec.version
    assert notebook.registry.snapshot().revision == 1
    assert notebook.registry.get("f") is second.node


def test_a_changed_cell_replaces_the_type_and_old_instances_live_on(notebook):
    first = notebook.define("def f(x: int) -> int: return x + 1")
    old = first.node.create()

    second = notebook.define("def f(x: int) -> int: return x + 2")

    assert old.invoke(CONTEXT, {"x": 0}) == {"output": 1}
    assert call(second, x=0) == {"output": 2}
    assert notebook.registry.get("f") is second.node
    assert notebook.registry.snapshot().specs["f"].revision == 2
    assert [spec.version for spec in notebook.registry.previous("f")] == [first.node.spec.version]


def test_going_back_to_an_old_text_brings_the_old_class_back(notebook):
    first = notebook.define("def f(x: int) -> int: return x + 1")
    notebook.define("def f(x: int) -> int: return x + 2")

    third = notebook.define("def f(x: int) -> int: return x + 1")

    assert third.node is first.node is notebook.registry.get("f")
    assert notebook.registry.snapshot().specs["f"].revision == 3


def test_a_failed_cell_leaves_the_last_good_one(notebook):
    good = notebook.define(DELAY)
    with pytest.raises(ZeroDivisionError):
        notebook.define(DELAY + "\n1/0")

    assert notebook.registry.get("Delay") is good.node
    assert call(good, flights=[2]) == {"report": 2.0}

"""Cells become modules (D1)."""

from __future__ import annotations

import asyncio
import inspect
import linecache
import sys
import traceback

import pytest

from dagy_nb.errors import CaptureRefused, CellSyntaxError, DefinitionError, NameTaken
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.cell import CellSource, compile_cell
from dagy_nb.nodes.context import ExecutionContext
from dagy_nb.nodes.tracebacks import trim_traceback

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
    compiled = notebook.define("def late(flights: list, minutes: float = 15) -> list:\n    return [f for f in flights if f > minutes]")

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
    function = notebook.define("def f(x: int) -> int: return x", timeout=3, runner="process", retries=2).node
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
        compiled = notebook.define(f"{head}def f(table: pd.DataFrame) -> pd.DataFrame:\n    return table")
        assert compiled.node.spec.inputs[0].data_types == (DataType.TABLE,)


def test_data_used_in_an_annotation_only_is_not_captured(notebook):
    notebook.run("frame = {'a': [1]}")

    compiled = notebook.define("def f(x: frame, y: int) -> frame['a']:\n    return x + y")

    assert call(compiled, x=1, y=2) == {"output": 3}
    assert [n.code for n in compiled.notices] == ["node.unknown_annotation"] * 2


# --- what a cell refuses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x = 1", "node.none"),
        ("", "node.none"),
        ("class A: pass", "node.none"),
        ("def _hidden(x): pass", "node.none"),
        ("class A(FlowNode):\n    def execute(self): pass\nclass B(FlowNode):\n    def execute(self): pass", "node.several"),
        ("def f(x): pass\ndef g(x): pass", "node.several"),
        ("@node\ndef f(x): pass\n@node\ndef g(x): pass", "node.several"),
        ("@node\ndef f(x): pass\nclass B(FlowNode):\n    def execute(self): pass", "node.several"),
        ("class A(FlowNode):\n    x = Input()", "node.no_execute"),
        ("class A(FlowNode):\n    x = Input()\n    x = Output()", "node.connector_twice"),
        ("class A(FlowNode):\n    x = Input()\n    def execute(self): pass", "node.signature"),
        ("def f(x): yield x", "node.generator"),
        ("def f(**x): pass", "node.signature"),
        ("class A(FlowNode):\n    Config = dict\n    def execute(self): pass", "node.config_class"),
    ],
)  # fmt: skip
def test_a_cell_that_defines_no_one_node_leaves_nothing_behind(notebook, text, code):
    modules = set(sys.modules)

    with pytest.raises(DefinitionError) as caught:
        notebook.define(text)

    assert caught.value.code == code
    assert notebook.registry.snapshot().revision == 0
    assert set(sys.modules) - modules <= {"dagy_nb_cells"}
    assert set(notebook.names) == {"__name__", "__builtins__"} & set(notebook.names)


def test_two_nodes_are_named(notebook):
    with pytest.raises(DefinitionError, match="`f` and `g`"):
        notebook.define("def f(x): pass\ndef g(x): pass")


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("def low(x): return x\ndef high(x: int) -> int: return low(x)", "high"),
        ("def high(x: int) -> int: return low(x)\ndef low(x): return x", "high"),
        ("def _low(x): return x\ndef high(x: int) -> int: return x", "high"),
        ("def even(x): return x == 0 or odd(x - 1)\ndef odd(x: int) -> bool: return x and even(x - 1)", "odd"),
        ("@node\ndef chosen(x: int) -> int: return x\ndef other(x): return x", "chosen"),
        ("class Row: pass\ndef f(x: int) -> int: return x", "f"),
        ("class Base(FlowNode):\n    y = Output()\nclass A(Base):\n    def execute(self): return 1", "A"),
        ("class A(FlowNode):\n    def execute(self): return f(1)\ndef f(x): return x", "A"),
        ("class A(FlowNode):\n    def execute(self): return 1\ndef unused(x): return x", "A"),
        ("if True:\n    def f(x: int) -> int: return x\nelse: pass\ndef g(x: int) -> int: return f(x)", "g"),
    ],
)  # fmt: skip
def test_the_node_is_told_from_what_serves_it(notebook, text, node):
    assert notebook.define(text).node.spec.type == node


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("def f(:\n    pass", 2, "invalid syntax"),
        ("x = 1\ndef f(x):\nreturn x", 4, "expected an indented block"),
        ("x = 1\nreturn x", 3, "'return' outside function"),
        ("def f(x, x): pass", 2, "duplicate argument"),
        ("x = (1,\n", 2, "was never closed"),
        ("await x", 2, "'await' outside function"),
        ("def f():\n    nonlocal x", 3, "nonlocal"),
    ],
)
def test_a_syntax_error_has_the_cells_name_and_line(notebook, text, line, message):
    with pytest.raises(CellSyntaxError) as caught:
        notebook.define(text, filename="<cell In[7]>")

    error = caught.value
    assert isinstance(error, SyntaxError)
    assert error.code == "node.syntax"
    assert (error.filename, error.lineno) == ("<cell In[7]>", line)
    assert message in error.msg
    assert notebook.registry.snapshot().revision == 0


def test_code_that_raises_at_the_top_shows_the_users_lines_only(notebook):
    with pytest.raises(ZeroDivisionError) as caught:
        notebook.define("def broken(): return 1 / 0\n\nbroken()\ndef f(x): pass", filename="<cell In[8]>")

    frames = traceback.extract_tb(trim_traceback(caught.value.__traceback__))
    mine = [frame for frame in frames if frame.filename != __file__ and "conftest" not in frame.filename]
    assert [(frame.filename, frame.lineno, frame.name) for frame in mine] == [
        ("<cell In[8]>", 4, "<module>"),
        ("<cell In[8]>", 2, "broken"),
    ]
    assert [frame.line for frame in mine] == ["broken()", "def broken(): return 1 / 0"]
    own = [frame for frame in traceback.extract_tb(caught.value.__traceback__) if "dagy_nb/nodes" in frame.filename]
    assert {frame.name for frame in own} <= {"compile_cell", "_compile_new"}
    assert notebook.registry.snapshot().revision == 0


@pytest.mark.parametrize("raised", ["KeyboardInterrupt()", "SystemExit(3)", "BaseException()"])
def test_nothing_stays_of_a_cell_that_ends_early(notebook, raised):
    modules = set(sys.modules)
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        notebook.define(f"def f(x): pass\nraise {raised}")

    assert repr(caught.value) == raised.replace("(3)", "(3)")
    assert set(sys.modules) - modules <= {"dagy_nb_cells"}
    assert notebook.registry.snapshot().revision == 0


def test_a_definition_error_points_at_the_line_of_the_cell(notebook):
    with pytest.raises(DefinitionError) as caught:
        notebook.define("class A(FlowNode):\n    x = Input()\n    x = Input()\n", filename="<cell In[9]>")

    last = traceback.extract_tb(trim_traceback(caught.value.__traceback__))[-1]
    assert (last.filename, last.lineno) == ("<cell In[9]>", 4)


def test_another_notebooks_type_is_not_taken_over(notebook):
    notebook.define(DELAY, place="one.ipynb")
    modules = set(sys.modules)

    with pytest.raises(NameTaken) as caught:
        notebook.define(DELAY, place="other.ipynb")

    assert "one.ipynb" in str(caught.value)
    assert "other.ipynb" in str(caught.value)
    assert set(sys.modules) == modules


# --- running a cell again ------------------------------------------------------------------------


def test_the_same_text_twice_is_the_same_class(notebook):
    first, second = notebook.define(DELAY), notebook.define(DELAY)

    assert second.node is first.node
    assert notebook.registry.snapshot().revision == 1


def test_a_cell_with_work_at_its_top_does_it_again(notebook):
    notebook.run("import itertools, builtins\nif not hasattr(builtins, '_count'): builtins._count = itertools.count()")
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


# --- source ---------------------------------------------------------------------------------------


def test_inspect_finds_the_source_of_classes_and_functions(notebook):
    compiled = notebook.define(DELAY)

    assert inspect.getsource(compiled.node).startswith("class Delay(FlowNode):")
    assert inspect.getsource(compiled.node.execute).lstrip().startswith("def execute")
    assert inspect.getsource(compiled.node.Config).lstrip().startswith("class Config")
    assert inspect.getsource(compiled.exports["scale"]).startswith("def scale")
    assert inspect.getsourcelines(compiled.node)[1] == 3


def test_inspect_finds_the_source_of_function_nodes(notebook):
    compiled = notebook.define("def f(x: int) -> int:\n    return x")

    assert inspect.getsource(compiled.node) == "def f(x: int) -> int:\n    return x\n"


def test_old_and_new_sources_live_side_by_side(notebook):
    old = notebook.define("def f(x: int) -> int: return x + 1").node
    new = notebook.define("def f(x: int) -> int: return x + 2").node

    assert "x + 1" in inspect.getsource(old)
    assert "x + 2" in inspect.getsource(new)


def test_errors_in_a_node_show_the_line_of_the_cell(notebook):
    compiled = notebook.define("def f(x: int) -> int:\n    y = x\n    return y / 0", filename="<cell In[3]>")

    with pytest.raises(ZeroDivisionError) as caught:
        call(compiled, x=1)

    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno, last.line) == ("<cell In[3]>", 4, "return y / 0")


def test_a_text_without_the_magics_line_may_say_where_it_begins(notebook):
    source = CellSource("def f(x: int) -> int:\n    return 1 / x", filename="<cell In[4]>", first_line=5)
    compiled = compile_cell(source, {})

    with pytest.raises(ZeroDivisionError) as caught:
        call(compiled, x=0)

    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.lineno, last.line) == (6, "return 1 / x")
    assert "def f" in inspect.getsource(compiled.node)


def test_the_magics_line_is_a_comment_in_the_source(notebook):
    notebook.define(DELAY, filename="<cell In[5]>")

    assert linecache.getline("<cell In[5]>", 1) == "# %%flownode\n"
    linecache.checkcache()
    assert linecache.getline("<cell In[5]>", 3) == "class Delay(FlowNode):\n"


def test_warnings_of_the_compiler_are_shown_once_with_the_cells_line(notebook):
    with pytest.warns(SyntaxWarning) as caught:
        notebook.define("def f(x: int) -> bool:\n    return x is 1", filename="<cell In[6]>")

    assert {(w.filename, w.lineno) for w in caught} == {("<cell In[6]>", 3)}


def test_a_plain_dict_is_a_namespace(registry):
    names = {"np": pytest.importorskip("numpy")}

    compiled = compile_cell(CellSource("def f(x: int) -> int: return int(np.int64(x))"), names)

    assert call(compiled, x=3) == {"output": 3}
    assert set(names) == {"np"}
    assert registry.get("f") is compiled.node


def test_an_undefined_name_is_told_and_fails_where_it_is_used(notebook):
    compiled = notebook.define("def f(x: int) -> int:\n    return unknown(x)")

    (notice,) = compiled.notices
    assert (notice.code, notice.place.line) == ("node.undefined_name", 3)
    assert "`unknown`" in notice.message
    with pytest.raises(NameError, match="unknown"):
        call(compiled, x=1)


def test_a_refusal_names_the_line(notebook):
    notebook.run("df = [1]")

    with pytest.raises(CaptureRefused, match=r"`df` \(line 3\) is a list, which can change"):
        notebook.define("def f(x: int) -> int:\n    return df")

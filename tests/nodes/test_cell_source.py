"""The text of a cell: found by `inspect`, shown in tracebacks, with the cell's own lines."""

from __future__ import annotations

import inspect
import linecache
import traceback

import pytest

from dagy_nb.nodes.cell import CellSource, compile_cell
from dagy_nb.nodes.context import ExecutionContext
from tests.nodes.test_cell import DELAY

CONTEXT = ExecutionContext(node_id="n")


def call(compiled, **inputs):
    return compiled.node.create().invoke(CONTEXT, inputs)


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
    compiled = notebook.define(
        "def f(x: int) -> int:\n    y = x\n    return y / 0", filename="<cell In[3]>"
    )

    with pytest.raises(ZeroDivisionError) as caught:
        call(compiled, x=1)

    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno, last.line) == ("<cell In[3]>", 4, "return y / 0")


def test_a_text_without_the_magics_line_may_say_where_it_begins(notebook):
    source = CellSource(
        "def f(x: int) -> int:\n    return 1 / x", filename="<cell In[4]>", first_line=5
    )
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

"""Cells that define no one node: each is told with a code, and nothing is lost."""

from __future__ import annotations

import sys
import traceback

import pytest

from dagy_nb.errors import CaptureRefused, CellSyntaxError, DefinitionError, NameTaken
from dagy_nb.nodes.context import ExecutionContext
from dagy_nb.nodes.tracebacks import trim_traceback

CONTEXT = ExecutionContext(node_id="n")
DELAY = """
class Delay(FlowNode):
    def execute(self):
        return 1
"""


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
        ("class A(FlowNode, register=False):\n    def execute(self): pass", "node.none"),
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
        notebook.define(
            "def broken(): return 1 / 0\n\nbroken()\ndef f(x): pass", filename="<cell In[8]>"
        )

    frames = traceback.extract_tb(trim_traceback(caught.value.__traceback__))
    mine = [
        frame for frame in frames if frame.filename != __file__ and "conftest" not in frame.filename
    ]
    assert [(frame.filename, frame.lineno, frame.name) for frame in mine] == [
        ("<cell In[8]>", 4, "<module>"),
        ("<cell In[8]>", 2, "broken"),
    ]
    assert [frame.line for frame in mine] == ["broken()", "def broken(): return 1 / 0"]
    own = [
        frame
        for frame in traceback.extract_tb(caught.value.__traceback__)
        if "dagy_nb/nodes" in frame.filename
    ]
    assert {frame.name for frame in own} <= {"compile_cell", "_compile_new"}
    assert notebook.registry.snapshot().revision == 0


@pytest.mark.parametrize("raised", ["KeyboardInterrupt()", "SystemExit(3)", "BaseException()"])
def test_nothing_stays_of_a_cell_that_ends_early(notebook, raised):
    modules = set(sys.modules)
    with pytest.raises(BaseException) as caught:
        notebook.define(f"def f(x): pass\nraise {raised}")

    assert repr(caught.value) == raised.replace("(3)", "(3)")
    assert set(sys.modules) - modules <= {"dagy_nb_cells"}
    assert notebook.registry.snapshot().revision == 0


def test_a_definition_error_points_at_the_line_of_the_cell(notebook):
    with pytest.raises(DefinitionError) as caught:
        notebook.define(
            "class A(FlowNode):\n    x = Input()\n    x = Input()\n", filename="<cell In[9]>"
        )

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


def test_an_undefined_name_is_told_and_fails_where_it_is_used(notebook):
    compiled = notebook.define("def f(x: int) -> int:\n    return unknown(x)")

    (notice,) = compiled.notices
    assert (notice.code, notice.place.line) == ("node.undefined_name", 3)
    assert "`unknown`" in notice.message
    with pytest.raises(NameError, match="unknown"):
        compiled.node.create().invoke(CONTEXT, {"x": 1})


def test_a_refusal_names_the_line(notebook):
    notebook.run("df = [1]")

    with pytest.raises(CaptureRefused, match=r"`df` \(line 3\) is a list, which can change"):
        notebook.define("def f(x: int) -> int:\n    return df")

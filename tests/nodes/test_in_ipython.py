"""Cells under a real IPython shell: names of cells, lines in its tracebacks, captured plain cells."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
import io, json, re, sys
from contextlib import redirect_stdout
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

config = Config()
config.HistoryManager.enabled = False
config.InteractiveShell.colors = "NoColor"
shell = InteractiveShell.instance(config=config)
from dagy_nb.nodes.cell import CellSource, compile_cell

def flownode(line, cell):
    raw = f"%%flownode {line}".rstrip() + "\\n" + cell
    filename = shell.compile.cache("#" + raw, shell.execution_count - 1, raw_code=raw)
    compiled = compile_cell(CellSource(raw, filename=filename), shell.user_ns)
    shell.user_ns.update(compiled.exports)

shell.register_magic_function(flownode, "cell")

def run(text):
    out = io.StringIO()
    with redirect_stdout(out):
        result = shell.run_cell(text, store_history=True)
    told = re.sub(r"\\x1b\\[[0-9;]*m", "", out.getvalue())
    error = result.error_before_exec or result.error_in_exec
    return [type(error).__name__ if error else "", repr(result.result), told]

print(json.dumps([run(cell) for cell in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    cells = {
        "plain": "LIMIT = 5\nclass Row:\n    def __init__(self, a): self.a = a\n\ndef clean(x):\n    return Row(x * LIMIT)",
        "define": "%%flownode\ndef f(x: int) -> object:\n    if x < 0:\n        raise ValueError('negative')\n    return clean(x)",
        "use": "type(f.create().invoke(None, {'x': 2})['output']) is Row, f(3).a",
        "redefine": "LIMIT = 100\ndef clean(x): return None",
        "bound": "f.create().invoke(None, {'x': 2})['output'].a",
        "raise": "f.create().invoke(None, {'x': -1})",
        "source": "import inspect; inspect.getsource(f)",
        "syntax": "%%flownode\ndef f(x:\n    return x",
        "top": "%%flownode\ndef f(x): pass\n\n1 / 0",
        "open": "%%flownode\ndef g(x: int) -> str:\n    display\n    return open.__module__ + type(get_ipython()).__name__",
        "opened": "g.create().invoke(None, {'x': 1})['output']",
        "magic": "%time 1\nrows = [1]\ndef h(x): return x",
        "after": "%%flownode\ndef k(x: int) -> int: return h(x)",
        "data": "%%flownode\ndef k(x: int) -> int: return rows",
        "await": "%%flownode\nimport asyncio\nasync def later(x: int) -> int:\n    await asyncio.sleep(0)\n    return x",
        "awaited": "(await later.create().invoke(None, {'x': 7}))['output']",
        "mistake": "%%flownode\nclass A(FlowNode):\n    x = Input()\n    x = Output()",
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        input=json.dumps(list(cells.values())),
        check=False,
        text=True,
        capture_output=True,
        cwd=tmp_path_factory.mktemp("shell"),
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(cells, json.loads(done.stdout), strict=True))


def test_plain_cells_are_captured_from_the_shell(told):
    assert told["define"][0] == ""
    assert told["use"][1] == "(True, 15)"
    assert told["bound"][1] == "10"
    assert told["after"][0] == ""


def test_the_shells_traceback_shows_the_cells_own_name_and_lines(told):
    error, _, text = told["raise"]

    assert error == "ValueError"
    assert "Cell In[2], line 4" in text
    assert "----> 4         raise ValueError('negative')" in text
    assert "3     if x < 0:" in text


def test_a_syntax_error_looks_like_a_plain_cells(told):
    error, _, text = told["syntax"]

    assert error == "CellSyntaxError"
    assert "Cell In[8], line 2" in text
    assert "def f(x:" in text
    assert "'(' was never closed" in text


def test_an_error_at_the_top_of_a_cell_shows_its_line(told):
    error, _, text = told["top"]

    assert error == "ZeroDivisionError"
    assert "Cell In[9], line 4" in text
    assert "----> 4 1 / 0" in text
    assert "nodes/cell.py" not in text


def test_a_mistake_in_a_definition_shows_its_line(told):
    error, _, text = told["mistake"]

    assert error == "DefinitionError"
    assert "line 4" in text
    assert "----> 4     x = Output()" in text


def test_source_and_builtins_are_the_users(told):
    assert "raise ValueError" in told["source"][1]
    assert told["opened"][1] in {"'_ioInteractiveShell'", "'ioInteractiveShell'"}
    assert told["awaited"][1] == "7"


def test_data_of_the_shell_is_refused(told):
    error, _, text = told["data"]

    assert error == "CaptureRefused"
    assert "`rows` (line 2) is a list, which can change" in text

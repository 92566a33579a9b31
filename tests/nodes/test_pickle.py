"""Node classes of cells pickle plainly: here, and into a process that never saw the notebook."""

from __future__ import annotations

import inspect
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import cloudpickle
import pytest

from dagy_nb.nodes.context import ExecutionContext

CONTEXT = ExecutionContext(node_id="n")

PLAIN = """
import math
from dataclasses import dataclass
LIMIT = 5
@dataclass
class Row:
    a: int
def inner(x): return x * LIMIT
def clean(x): return inner(x) + math.floor(1.5)
def even(n): return n == 0 or odd(n - 1)
def odd(n): return n != 0 and even(n - 1)
class Sized:
    def size(self): return inner(1)
"""
CELL = """
from dataclasses import dataclass

@dataclass
class Own:
    row: object

class Big(FlowNode):
    '''Doc.'''
    x = Input(DataType.INTEGER)
    y = Output()

    class Config(FlowNode.Config):
        k: int = Field(1, ge=0)

    def execute(self, context, x):
        return Own(Row(clean(x) * self.config.k + even(4) + Sized().size()))
"""
DUMPS = [pickle.dumps, pickle._dumps, cloudpickle.dumps]
PROTOCOLS = [4, 5]
READ = """
import pickle, sys
node_class, instance = pickle.loads(sys.stdin.buffer.read())
value = instance.invoke(None, {'x': 3})
import inspect
told = (repr(value), node_class.spec.model_dump_json(), inspect.getsource(node_class), node_class.__module__ in sys.modules)
sys.stdout.buffer.write(pickle.dumps((told, node_class, instance, value)))
"""


@pytest.fixture
def big(notebook):
    notebook.run(PLAIN)
    return notebook.define(CELL, timeout=3)


@pytest.mark.parametrize("dumps", DUMPS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_classes_and_instances_come_back_in_this_process(big, dumps, protocol):
    node = big.node
    instance = node.create({"k": 2})

    again_class, again = pickle.loads(dumps((node, instance), protocol))

    assert again_class is node
    assert type(again) is node
    assert again.config == instance.config
    assert pickle.loads(dumps(big.exports["Own"], protocol)) is big.exports["Own"]


@pytest.mark.parametrize("dumps", DUMPS)
def test_a_fresh_process_rebuilds_the_module_from_what_the_pickle_carries(big, dumps, elsewhere):
    instance = big.node.create({"k": 2})
    here = instance.invoke(CONTEXT, {"x": 3})

    told, node, again, value = pickle.loads(elsewhere(READ, dumps((big.node, instance))))

    shown, spec, source, is_loaded = told
    assert shown == repr(here) == "Own(row=Row(a=38))"
    assert spec == big.node.spec.model_dump_json()
    assert source == inspect.getsource(big.node)
    assert is_loaded
    assert node is big.node
    assert again.config == instance.config
    assert value == here


def test_values_of_the_cells_and_the_notebooks_classes_travel_alone(big, elsewhere):
    value = big.node.create().invoke(CONTEXT, {"x": 3})
    script = "import pickle, sys; v = pickle.loads(sys.stdin.buffer.read()); sys.stdout.buffer.write(pickle.dumps(v))"

    own = pickle.loads(elsewhere(script, pickle.dumps(type(value)("plain"))))

    assert own == type(value)("plain")


def test_the_tracebacks_of_a_fresh_process_show_the_cells_lines(notebook, elsewhere):
    notebook.run("def low(x):\n    return 1 / x")
    compiled = notebook.define(
        "def f(x: int) -> float:\n    return low(x)", filename="<cell In[3]>"
    )
    script = (
        "import pickle, sys, traceback\n"
        "node = pickle.loads(sys.stdin.buffer.read())\n"
        "try: node.create().invoke(None, {'x': 0})\n"
        "except ZeroDivisionError: print(traceback.format_exc())\n"
    )

    told = elsewhere(script, pickle.dumps(compiled.node)).decode()

    assert 'File "<cell In[3]>", line 3, in f\n    return low(x)' in told
    assert "line 2, in low\n    return 1 / x" in told


def test_what_a_fresh_process_rebuilt_can_go_on_to_a_third(big, elsewhere):
    hand_on = (
        "import pickle, sys\n"
        "v = pickle.loads(sys.stdin.buffer.read())\n"
        "sys.stdout.buffer.write(pickle.dumps(v))"
    )
    data = elsewhere(hand_on, elsewhere(hand_on, pickle.dumps((big.node, big.node.create()))))
    told, node, _, _ = pickle.loads(elsewhere(READ, data))

    assert node is big.node
    assert told[0] == "Own(row=Row(a=22))"


def test_function_nodes_and_their_config_travel(notebook, elsewhere):
    notebook.run("import pandas as pd")
    node = notebook.define(
        "def late(flights: pd.DataFrame, minutes: float = 15) -> pd.DataFrame:\n    return flights[flights.a > minutes]"
    ).node
    script = (
        "import pickle, sys, pandas as pd\n"
        "i = pickle.loads(sys.stdin.buffer.read())\n"
        "print(len(i.invoke(None, {'flights': pd.DataFrame({'a': [1, 20, 30]})})['output']), len(type(i)(pd.DataFrame({'a': [99]}))))"
    )

    assert elsewhere(script, pickle.dumps(node.create({"minutes": 25}))) == b"1 1\n"


def test_old_instances_travel_after_a_redefinition(notebook, elsewhere):
    notebook.run("def g(x): return x + 1")
    old = notebook.define("def f(x: int) -> int: return g(x)").node.create()
    notebook.run("def g(x): return x + 100")
    new = notebook.define("def f(x: int) -> int: return g(x)").node.create()
    script = (
        "import pickle, sys\n"
        "old, new = pickle.loads(sys.stdin.buffer.read())\n"
        "print(old.invoke(None, {'x': 0}), new.invoke(None, {'x': 0}), type(old) is type(new))"
    )

    assert pickle.loads(pickle.dumps(old)).invoke(CONTEXT, {"x": 0}) == {"output": 1}
    told = elsewhere(script, pickle.dumps((old, new)))
    assert told == b"{'output': 1} {'output': 100} False\n"


def test_instances_travel_after_the_notebooks_helpers_are_gone(notebook, elsewhere):
    notebook.run(PLAIN)
    node = notebook.define(CELL).node
    for name in ("Row", "clean", "inner", "even", "odd", "Sized", "LIMIT", "math"):
        del notebook.names[name]

    told, *_ = pickle.loads(elsewhere(READ, pickle.dumps((node, node.create()))))

    assert told[0] == "Own(row=Row(a=22))"


def run_there(instance, x):
    return instance.invoke(CONTEXT, {"x": x}), type(instance)


def test_a_spawned_pool_runs_nodes_of_cells(big):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        value, node = pool.submit(run_there, big.node.create(), 3).result(timeout=50)

    assert node is big.node
    assert value == big.node.create().invoke(CONTEXT, {"x": 3})
    assert type(value) is big.exports["Own"]


def test_a_rebuilt_node_does_not_enter_the_registry(big, elsewhere):
    script = (
        "import pickle, sys\n"
        "from dagy_nb.nodes.registry import default_registry\n"
        "pickle.loads(sys.stdin.buffer.read())\n"
        "print(default_registry().snapshot().revision)"
    )

    assert elsewhere(script, pickle.dumps(big.node)) == b"0\n"


def test_loading_twice_makes_one_module(big, elsewhere):
    script = (
        "import pickle, sys\n"
        "data = sys.stdin.buffer.read()\n"
        "print(pickle.loads(data) is pickle.loads(data))"
    )

    assert elsewhere(script, pickle.dumps(big.node)) == b"True\n"


def test_a_pickle_is_small_and_holds_no_code_twice(big):
    data = pickle.dumps([big.node, big.node.create(), big.exports["Own"]])

    assert data.count(b"class Big(FlowNode)") == 2  # once to run, once to show
    assert len(data) < 4_000


def test_the_name_of_a_module_comes_back_as_plain_text(big):
    assert big.module.__name__ in sys.modules
    assert str(pickle.loads(pickle.dumps(big.node.__module__))) == big.module.__name__
    assert type(pickle.loads(pickle.dumps(big.node.__module__))) is str

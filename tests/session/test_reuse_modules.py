"""A node runs again where a module of the user's own, however it comes to use that, is another one now."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from dagy_nb.nodes import packages, parts
from dagy_nb.nodes.registry import use_registry
from dagy_nb.session.flow import Flow
from tests.session.own_modules import Files
from tests.session.reusing import Notebook, ran

FLOW = "name: one\nnodes: {n: {type: use}}"


@pytest.fixture
def open_kernel(tmp_path: Path, files: Files) -> Iterator[Callable[..., Flow]]:
    """Return what opens a notebook in a new kernel, with its modules not loaded, and gives its flow."""
    opened: list[Notebook] = []

    def open_one(cell: str, plain: str = "") -> Flow:
        files.forget()
        made = Notebook(tmp_path / ".dagy")
        opened.append(made)
        with use_registry(made.registry):
            if plain:
                made.run(plain)
            made.define(cell)
            return made.flow(FLOW)

    yield open_one
    for each in opened:
        each.session.close()


TOP = "from own_low import LIMIT\ndef top(): return LIMIT"
PACK = {"own_pack__INIT": "", "own_pack__low": "def top(): return 1"}


@pytest.mark.parametrize(
    ("texts", "plain", "cell", "changed"),
    [
        pytest.param(
            {"own_low": "LIMIT = 1", "own_top": TOP},
            "import own_top",
            "return own_top.top()",
            {"own_low": "LIMIT = 2"},
            id="a constant that a module imports",
        ),
        pytest.param(
            {"own_low": "LIMIT = 1", "own_top": TOP.replace("def top():", "def top():\n    ")},
            "from own_top import top",
            "return top()",
            {"own_low": "LIMIT = 2"},
            id="the same of a function",
        ),
        pytest.param(
            {
                "own_low": "LIMIT = 1",
                "own_top": "def top():\n    from own_low import LIMIT\n    return LIMIT",
            },
            "import own_top",
            "return own_top.top()",
            {"own_low": "LIMIT = 2"},
            id="what a module imports in a function",
        ),
        pytest.param(
            PACK,
            "",
            "from own_pack import low\n    return low.top()",
            {"own_pack__low": "def top(): return 2"},
            id="a module of a package in a body",
        ),
        pytest.param(
            {"own_space__low": "def top(): return 1"},
            "",
            "from own_space.low import top\n    return top()",
            {"own_space__low": "def top(): return 2"},
            id="a module in a folder without a file of its own",
        ),
        pytest.param(
            {**PACK, "own_pack__high": "from .low import top"},
            "from own_pack.high import top",
            "return top()",
            {"own_pack__low": "def top(): return 2"},
            id="a relative import",
        ),
        pytest.param(
            {"own_low": "LIMIT = 1"},
            "",
            "import importlib\n    return importlib.import_module('own_low').LIMIT",
            {"own_low": "LIMIT = 2"},
            id="an import by name",
        ),
        pytest.param(
            {"own_low": "from enum import IntEnum\nclass Mode(IntEnum):\n    FAST = 1"},
            "from own_low import Mode\nMODE = Mode.FAST",
            "return int(MODE)",
            {"own_low": "from enum import IntEnum\nclass Mode(IntEnum):\n    FAST = 2"},
            id="a member of an enum",
        ),
    ],
)
def test_a_change_of_a_file_that_a_node_uses_runs_it_again_in_a_new_kernel(
    files: Files, open_kernel: Callable[..., Flow], texts, plain, cell, changed
) -> None:
    files.write(**texts)
    cell = f"def use() -> int:\n    {cell}"
    assert open_kernel(cell, plain).run(reuse=True).wait()["n"].value == 1
    assert ran(open_kernel(cell, plain).run(reuse=True).wait()) == {}

    files.write(**changed)
    run = open_kernel(cell, plain).run(reuse=True).wait()

    assert run["n"].value == 2
    assert ran(run)["n"].startswith("code: ")


def test_a_module_that_is_loaded_anew_runs_the_node_again(
    files: Files, open_kernel: Callable[..., Flow]
) -> None:
    files.write(own_low="LIMIT = 0")
    flow = open_kernel("def use() -> int:\n    return own_low.LIMIT", "import own_low")
    values, reasons = [], []
    for limit in (0, 1, 2, 3, 1):
        files.write(own_low=f"LIMIT = {limit}")
        importlib.reload(sys.modules["own_low"])
        run = flow.run(reuse=True).wait()
        values.append(run["n"].value)
        reasons.append(ran(run).get("n"))

    assert values == [0, 1, 2, 3, 1]
    assert reasons[1:] == ["code: module own_low changed"] * 3 + [None]


def patch(name: str) -> None:
    """Put what a module's file holds now into the loaded module, as IPython's `%autoreload` does."""
    module = sys.modules[name]
    fresh: dict[str, Any] = {"__name__": name}
    exec(Path(str(module.__file__)).read_text(), fresh)
    module.LIMIT = fresh["LIMIT"]
    module.top.__code__ = fresh["top"].__code__


@pytest.mark.parametrize(
    "text", ["LIMIT = {}\ndef top(): return LIMIT", "LIMIT = 0\ndef top(): return {}"]
)
def test_a_module_that_is_changed_in_place_runs_the_node_again(
    files: Files, open_kernel: Callable[..., Flow], text: str
) -> None:
    files.write(own_low=text.format(1))
    flow = open_kernel("def use() -> int:\n    return own_low.top()", "import own_low")
    values, again = [], []
    for number in (1, 2, 3, 1):
        files.write(own_low=text.format(number))
        patch("own_low")
        run = flow.run(reuse=True).wait()
        values.append(run["n"].value)
        again.append(ran(flow.run(reuse=True).wait()))

    assert values == [1, 2, 3, 1]
    assert again == [{}] * 4


@pytest.mark.parametrize("reload", [importlib.reload, lambda module: patch(module.__name__)])
def test_a_modules_own_node_runs_again_where_its_module_is_another_now(
    tmp_path: Path, files: Files, reload: Callable[..., object]
) -> None:
    text = (
        "from dagy_nb.nodes.function import node\nLIMIT = {}\ndef top(): return LIMIT\n"
        "@node(register=False)\ndef use() -> int:\n    return top()"
    )
    files.write(own_low=text.format(1))
    files.forget()
    with Notebook(tmp_path / ".dagy") as made:
        values = []
        flow = None
        for number in (1, 2, 3):
            files.write(own_low=text.format(number))
            if flow is not None:
                reload(sys.modules["own_low"])
            made.registry.register(importlib.import_module("own_low").use)
            flow = flow or made.flow(FLOW)
            values.append(flow.run(reuse=True).wait()["n"].value)
            assert ran(flow.run(reuse=True).wait()) == {}

    assert values == [1, 2, 3]


@pytest.mark.parametrize("plain", ["", "import own_low"])
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled file", "no compiled file"])
def test_a_file_edited_after_it_was_loaded_does_not_stand_for_what_was_loaded(
    files: Files,
    open_kernel: Callable[..., Flow],
    monkeypatch: pytest.MonkeyPatch,
    plain: str,
    compiled: bool,
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", not compiled)
    files.write(own_low="LIMIT = 1")
    cell = "def use() -> int:\n    import own_low\n    return own_low.LIMIT"
    flow = open_kernel(cell, plain)
    if not plain:  # the node loads it
        assert flow.run(reuse=True, force="n").wait()["n"].value == 1
    files.write(own_low="LIMIT = 22")
    assert flow.run(reuse=True, force="n").wait()["n"].value == 1  # nobody loaded it anew

    assert open_kernel(cell, plain).run(reuse=True).wait()["n"].value == 22


def test_a_modules_node_runs_again_with_what_it_imports_in_its_body(
    tmp_path: Path, files: Files, open_kernel: Callable[..., Flow]
) -> None:
    files.write(
        own_low="LIMIT = 1",
        own_top="from dagy_nb.nodes.function import node\n@node(register=False)\n"
        "def use() -> int:\n    from own_low import LIMIT\n    return LIMIT",
    )

    def run_once():
        files.forget()
        with Notebook(tmp_path / ".dagy") as made:
            made.registry.register(importlib.import_module("own_top").use)
            run = made.flow(FLOW).run(reuse=True).wait()
        return run

    assert run_once()["n"].value == 1
    assert ran(run_once()) == {}
    files.write(own_low="LIMIT = 2")
    assert run_once()["n"].value == 2


@pytest.mark.parametrize(
    "setting", ["Kept.limit = {}", "def other(self): return {}\nKept.limit = property(other)"]
)
def test_what_a_later_cell_sets_on_a_class_runs_the_node_again(
    open_kernel: Callable[..., Flow], setting: str
) -> None:
    plain = f"class Kept:\n    limit = 0\n{setting}"
    cell = "def use() -> int:\n    return Kept().limit"
    for limit in (1, 2):
        run = open_kernel(cell, plain.format(limit)).run(reuse=True).wait()
        assert run["n"].value == limit
    assert ran(run) == {"n": "code: what `Kept` holds changed"}
    assert ran(open_kernel(cell, plain.format(2)).run(reuse=True).wait()) == {}


NODES = """
class Base(FlowNode):
    step = 0

class use(Base):
    out = Output(DataType.ANY)
    limit, many, mark = 0, [0], {!r}

    def execute(self):
        return self.limit + self.many[0] + self.step
"""


@pytest.mark.parametrize(
    "setting",
    [
        "use.limit = 1",
        "use.many[0] = 1",
        "Base.step = 1",
        "use.execute = lambda self: 1",
    ],
)
def test_what_is_set_on_a_node_class_runs_the_node_again(tmp_path: Path, setting: str) -> None:
    with Notebook(tmp_path / ".dagy") as notebook:
        notebook.run("from dagy_nb import DataType, FlowNode, Output")
        notebook.define(NODES.format(setting), runner="inline")  # an equal cell is the same class
        flow = notebook.flow(FLOW)
        assert flow.run(reuse=True).wait()["n"].value == 0
        notebook.run(setting)
        run = flow.run(reuse=True).wait()

        assert (run["n"].value, ran(run)) == (1, {"n": "code: what `use` holds changed"})
        assert ran(flow.run(reuse=True).wait()) == {}


def test_another_version_of_a_package_runs_the_nodes_that_use_it(
    open_kernel: Callable[..., Flow], monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = "def use() -> int:\n    return len(np.zeros(3))"
    open_kernel(cell, "import numpy as np").run(reuse=True).wait()
    monkeypatch.setitem(packages._KNOWN, "numpy", "99.1")
    monkeypatch.setattr(parts, "_AROUND", WeakKeyDictionary())  # as in a new kernel
    run = open_kernel(cell, "import numpy as np").run(reuse=True).wait()

    assert ran(run) == {"n": f"code: package numpy: {version('numpy')} → 99.1"}

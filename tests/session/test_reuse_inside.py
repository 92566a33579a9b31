"""What counts of a node's config, of its parameters and of the nodes that it runs inside itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.session.reusing import Notebook, ran


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    with Notebook(tmp_path / ".dagy") as made:
        made.run("import os\nfrom pathlib import Path\nfrom pydantic import BaseModel, ConfigDict")
        made.registry.discover()
        yield made


def test_a_field_that_the_config_does_not_name_counts(notebook: Notebook) -> None:
    notebook.define(
        "class N(FlowNode):\n    y = Output('INTEGER')\n    class Config(FlowNode.Config):\n"
        "        model_config = ConfigDict(extra='allow')\n"
        "    def execute(self): return self.config.more"
    )
    text = "name: one\nnodes: {{n: {{type: N, config: {{more: {}}}}}}}"
    notebook.flow(text.format(1)).run(reuse=True).wait()
    run = notebook.flow(text.format(2)).run(reuse=True).wait()

    assert run["n"].value == 2
    assert ran(run) == {"n": "config: config field more: 1 → 2"}


def test_a_default_that_is_made_each_time_counts_as_it_is_now(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REUSE_WORD", "a")
    notebook.define(
        "class N(FlowNode):\n    y = Output('TEXT')\n    class Config(FlowNode.Config):\n"
        "        word: str = Field(default_factory=lambda: os.environ['REUSE_WORD'])\n"
        "    def execute(self): return self.config.word"
    )
    flow = notebook.flow("name: one\nnodes: {n: {type: N}}")
    flow.run(reuse=True).wait()
    monkeypatch.setenv("REUSE_WORD", "b")
    run = flow.run(reuse=True).wait()

    assert run["n"].value == "b"
    assert ran(run) == {"n": "config: config field word: 'a' → 'b'"}


def test_a_file_that_a_nested_config_names_counts_by_what_it_holds(
    notebook: Notebook, tmp_path: Path
) -> None:
    data = tmp_path / "data.txt"
    notebook.run(
        "class Source(BaseModel):\n    path: Path\n    def read(self): return self.path.read_text()"
    )
    notebook.define(
        "class N(FlowNode):\n    y = Output('TEXT')\n    class Config(FlowNode.Config):\n"
        "        source: Source\n    def execute(self): return self.config.source.read()"
    )
    flow = notebook.flow(
        f"name: one\nnodes: {{n: {{type: N, config: {{source: {{path: '{data}'}}}}}}}}"
    )
    data.write_text("a")
    flow.run(reuse=True).wait()
    assert ran(flow.run(reuse=True).wait()) == {}
    data.write_text("b")
    run = flow.run(reuse=True).wait()

    assert run["n"].value == "b"
    assert ran(run) == {"n": "input: file data.txt changed"}


@pytest.mark.parametrize("config", ["{{}}", "{{path: '{data}'}}"])
def test_a_file_that_a_node_inside_reads_counts(
    notebook: Notebook, tmp_path: Path, config: str
) -> None:
    data = tmp_path / "data.txt"
    notebook.define(f"def load(path: Path = Path('{data}')) -> str:\n    return path.read_text()")
    inner = f"name: inner\nnodes: {{l: {{type: load, config: {config.format(data=data)}}}}}"
    notebook.flow(inner).as_node("Inner")
    flow = notebook.flow("name: one\nnodes: {n: {type: Inner}}")
    data.write_text("a")
    flow.run(reuse=True).wait()
    assert ran(flow.run(reuse=True).wait()) == {}
    data.write_text("b")
    run = flow.run(reuse=True).wait()

    assert run["n"].value == "b"
    assert ran(run) == {"n": "code: l, which it runs, changed"}


def test_parameters_that_a_node_inside_reads_count(notebook: Notebook) -> None:
    notebook.define("def items() -> list:\n    return [1, 2]")
    notebook.define("def times(x: int, context) -> int:\n    return x * context.parameters['m']")
    flow = notebook.flow(
        "name: one\nparameters: {m: {type: integer, default: 1}}\n"
        "nodes: {i: {type: items}, n: {type: Map, config: {node: times, input: x}}}\n"
        "edges: [i.output -> n.items]"
    )
    flow.run(reuse=True).wait()
    run = flow.run(reuse=True, m=10).wait()

    assert run["n"].outputs["results"] == [10, 20]
    assert ran(flow.run(reuse=True, m=10).wait()) == {}


def test_code_of_another_module_that_gets_the_context_may_read_all_parameters(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_base.py").write_text(
        "from dagy_nb.nodes.base import FlowNode\nfrom dagy_nb.nodes.connectors import Output\n"
        "class Base(FlowNode):\n    y = Output('INTEGER')\n"
        "    def execute(self, context): return context.parameters['m']\n"
    )
    notebook.run("from own_base import Base")
    notebook.define("class N(Base):\n    pass")
    flow = notebook.flow(
        "name: one\nparameters: {m: {type: integer, default: 1}}\nnodes: {n: {type: N}}"
    )
    flow.run(reuse=True).wait()
    run = flow.run(reuse=True, m=2).wait()

    assert run["n"].value == 2
    assert ran(run) == {"n": "config: parameter m: 1 → 2"}


def test_a_file_that_a_node_between_two_equal_ones_writes_counts_for_the_second(
    notebook: Notebook, tmp_path: Path
) -> None:
    data = tmp_path / "data.txt"
    notebook.define(
        "class Load(FlowNode):\n    after = Input('TEXT', cardinality='optional')\n"
        "    text = Output('TEXT')\n    class Config(FlowNode.Config):\n"
        f"        path: Path = Path('{data}')\n"
        "    def execute(self, after=None): return self.config.path.read_text()"
    )
    write = (
        f"def write(text: str) -> str:\n    {{}}Path('{data}').write_text('b')\n    return 'done'"
    )
    notebook.define(write.format(""))
    flow = notebook.flow(
        "name: f\nnodes: {one: {type: Load}, w: {type: write}, two: {type: Load}}\n"
        "edges: [one.text -> w.text, w.output -> two.after]"
    )
    data.write_text("a")
    assert flow.run(reuse=True).wait()["two"].value == "b"
    notebook.define(write.format("0 and "))
    data.write_text("a")

    assert flow.run(reuse=True).wait()["two"].value == "a"


FLAKY = (
    "def reach(x: int) -> int:\n    from pathlib import Path\n"
    "    if x == 2 and not Path('{up}').exists(): raise OSError('network down')\n    return x * 10"
)


@pytest.mark.parametrize("is_deep", [False, True])
def test_a_map_that_dropped_failures_runs_again_and_is_kept_once_all_is_well(
    notebook: Notebook, tmp_path: Path, is_deep: bool
) -> None:
    up = tmp_path / "up"
    notebook.define("def items() -> list:\n    return [1, 2, 3]")
    notebook.define(FLAKY.format(up=up))
    text = (
        "nodes: {i: {type: items}, n: {type: Map, config: {node: reach, input: x, on_error: drop}}}\n"
        "edges: [i.output -> n.items]"
    )
    flow = notebook.flow(f"name: one\n{text}")
    if is_deep:
        flow.as_node("Deep")
        flow = notebook.flow("name: two\nnodes: {n: {type: Deep}}")
    down = flow.run(reuse=True).wait()
    assert (down.state, down["n"].outputs["results"]) == ("COMPLETED", [10, 30])

    up.touch()
    again = flow.run(reuse=True).wait()

    assert again["n"].outputs["results"] == [10, 20, 30]
    assert ran(again)["n"] == "not_reusable: some of what it ran inside itself failed"
    assert ran(flow.run(reuse=True).wait()) == {}


def test_a_run_that_goes_on_takes_a_map_with_dropped_failures_as_it_was(
    notebook: Notebook, tmp_path: Path
) -> None:
    up, mended = tmp_path / "up", tmp_path / "mended"
    notebook.define("def items() -> list:\n    return [1, 2, 3]")
    notebook.define(FLAKY.format(up=up))
    notebook.define(
        "def last(x: list) -> list:\n    from pathlib import Path\n"
        f"    if not Path('{mended}').exists(): raise ValueError('not yet')\n    return x"
    )
    flow = notebook.flow(
        "name: one\nnodes: {i: {type: items}, l: {type: last},"
        " n: {type: Map, config: {node: reach, input: x, on_error: drop}}}\n"
        "edges: [i.output -> n.items, n.results -> l.x]"
    )
    failed = flow.run(keep=True).wait(check=False)
    up.touch()
    mended.touch()

    done = flow.resume(failed.id).wait()

    assert done.outputs["l.output"] == [10, 30]
    assert list(ran(done)) == ["l"]

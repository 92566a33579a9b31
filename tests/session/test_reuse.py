"""What is never reused, what is kept unasked, and what happens when what is kept cannot be taken."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagy_nb.engine import aside, ingredients
from dagy_nb.errors import RunFailed, StoreError
from dagy_nb.model.event import Event, NodeQueued
from dagy_nb.model.state import NodeState, Why
from tests.session.reusing import Notebook, ran, reused


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    with Notebook(tmp_path / ".dagy") as made:
        made.run("import sys")
        yield made


def one_node(notebook: Notebook, cell: str, config: str = "{}", **options: object):
    node = notebook.define(cell, **options)
    return notebook.flow(f"name: one\nnodes: {{n: {{type: {node.__name__}, config: {config}}}}}")


NODE = """class N(FlowNode):
    {}
    def execute(self): return {}
"""


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (NODE.format("y = Output('INTEGER'); side_effects = True", 1), "it has side effects"),
        (NODE.format("y = Output('INTEGER'); deterministic = False", 1), "it is not deterministic"),
        (NODE.format("y = Output('TEXT', secret=True)", "'x'"), "its output `y` is secret"),
    ],
)
def test_such_a_node_runs_each_time_and_says_why(notebook: Notebook, cell: str, why: str) -> None:
    flow = one_node(notebook, cell)
    flow.run(reuse=True).wait()

    assert flow.plan()["n"].detail == why
    run = flow.run(reuse=True).wait()
    assert ran(run) == {"n": f"not_reusable: {why}"}


def test_a_secret_output_is_never_written(notebook: Notebook, tmp_path: Path) -> None:
    cell = (
        "class N(FlowNode):\n    y = Output('TEXT', secret=True)\n"
        "    def execute(self): return 'canary-7531' * 900"
    )
    notebook.define(cell)
    notebook.define("def shout(text: str) -> int:\n    raise ValueError('no')")
    flow = notebook.flow(
        "name: two\nnodes: {n: {type: N}, s: {type: shout}}\nedges: [n.y -> s.text]"
    )
    flow.run(keep=True, tap=True).wait(check=False)
    flow.run().wait(check=False)
    notebook.session.close()

    kept = [path for path in (tmp_path / ".dagy" / "outputs").rglob("*") if path.is_file()]
    assert kept
    assert not any(b"canary-7531" in path.read_bytes() for path in kept)


def test_what_cannot_be_hashed_runs_and_says_so(
    notebook: Notebook, caplog: pytest.LogCaptureFixture
) -> None:
    notebook.define("def steps() -> object:\n    return (each for each in ())")
    notebook.define("def use(x: object) -> int:\n    return 1")
    flow = notebook.flow(
        "name: two\nnodes: {s: {type: steps}, u: {type: use}}\nedges: [s.output -> u.x]"
    )
    flow.run(reuse=True).wait()
    told = ran(flow.run(reuse=True).wait())

    assert list(told) == ["s", "u"]
    assert told["u"].startswith("not_reusable: what enters `x` is a builtins.generator")
    assert "What s made is not kept: its output `output` is a builtins.generator" in caplog.text


def test_a_failure_is_never_reused(notebook: Notebook) -> None:
    flow = one_node(notebook, "def bad() -> int:\n    raise ValueError('no')")
    for _ in range(2):
        with pytest.raises(RunFailed):
            flow.run(reuse=True).wait()


def test_a_file_that_a_node_made_must_still_be_what_it_was(
    notebook: Notebook, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    notebook.run("from pathlib import Path")
    flow = one_node(
        notebook,
        "def write(place: str = '') -> Path:\n    Path(place).write_text('a')\n    return Path(place)",
        f"{{place: '{out}'}}",
    )
    flow.run(reuse=True).wait()
    assert ran(flow.run(reuse=True).wait()) == {}

    out.write_text("b")
    assert ran(flow.run(reuse=True).wait()) == {
        "n": "not_reusable: file out.csv, which it made, changed"
    }
    out.unlink()
    assert "is gone" in ran(flow.run(reuse=True).wait())["n"]


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_damaged_values_are_not_taken_and_that_is_no_error(
    notebook: Notebook, tmp_path: Path, harm: str
) -> None:
    flow = one_node(notebook, "def big() -> list:\n    return list(range(20_000))")
    flow.run(reuse=True).wait()
    (path,) = (tmp_path / ".dagy" / "outputs" / "values").rglob("*-pickle")
    data = path.read_bytes()
    if harm == "flip":
        path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    elif harm == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        path.unlink()

    run = flow.run(reuse=True).wait()

    what = "gone" if harm == "remove" else "damaged"
    assert ran(run) == {"n": f"not_reusable: its kept outputs are {what}"}
    assert ran(flow.run(reuse=True).wait()) == {}


def test_a_kept_value_is_checked_against_its_connector_when_it_is_read(notebook: Notebook) -> None:
    flow = one_node(notebook, "def number() -> int:\n    return 1")
    flow.run(reuse=True).wait()
    notebook.session.outputs.load = lambda _: "text"  # type: ignore[method-assign]
    run = flow.run(reuse=True).wait()

    with pytest.raises(StoreError) as caught:
        run["n"].value
    assert caught.value.code == "outputs.damaged"
    assert "not INTEGER" in str(caught.value)


# --- more of what is kept ---------------------------------------------------------------------------


def test_a_node_that_took_long_is_kept_unasked(tmp_path: Path) -> None:
    with Notebook(tmp_path / ".dagy", keep_after=1e-9) as notebook:
        notebook.define("def number(value: int = 1) -> int:\n    return value")
        notebook.define("def double(x: int) -> int:\n    return 2 * x")
        flow = notebook.flow(
            "name: two\nnodes: {n: {type: number}, d: {type: double}}\nedges: [n.output -> d.x]"
        )
        flow.run().wait()

        assert ran(flow.run(reuse=True).wait()) == {}


@pytest.mark.parametrize("rows", [1, 200])
def test_what_a_node_changed_in_place_is_not_kept_for_what_it_was(
    tmp_path: Path, rows: int
) -> None:
    with Notebook(tmp_path / ".dagy", keep_after=1e-9) as notebook:
        notebook.define(f"def rows() -> list:\n    return [1] * {rows}")
        notebook.define(f"def grown() -> list:\n    return [1] * {rows} + [2]")
        notebook.define("def grow(x: list) -> int:\n    x.append(2)\n    return len(x)")
        text = "name: two\nnodes: {{r: {{type: {}}}, g: {{type: grow}}}}\nedges: [r.output -> g.x]"
        notebook.flow(text.format("rows")).run().wait()

        run = notebook.flow(text.format("grown")).run(reuse=True).wait()
        assert run["g"].value == rows + 2


def test_what_is_kept_unasked_is_looked_at_beside_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that a config names may take long; what the next node changes meanwhile is kept as it was."""
    names = []

    def list_files(*given: Any) -> Any:
        names.append(threading.current_thread().name)
        return ingredients.list_files(*given)

    monkeypatch.setattr(aside, "list_files", list_files)
    with Notebook(tmp_path / ".dagy", keep_after=1e-9) as notebook:
        notebook.define("def rows() -> list:\n    return [1, [2]]")
        notebook.define("def grow(x: list) -> list:\n    x[1].append(3)\n    return x")
        flow = notebook.flow(
            "name: two\nnodes: {r: {type: rows}, g: {type: grow}}\nedges: [r.output -> g.x]"
        )
        flow.run().wait()
        run = flow.run(reuse=True).wait()

        assert names
        assert {each.rpartition(" ")[0] for each in names} == {"dagy keep"}
        assert "r" in reused(run)
        assert run["g"].value == [1, [2, 3]]


def test_equal_nodes_run_once_in_one_run(notebook: Notebook) -> None:
    notebook.define("def number(value: int = 1) -> int:\n    return value")
    notebook.define("def both(a: int, b: int) -> int:\n    return a + b")
    flow = notebook.flow(
        "name: twins\nnodes: {x: {type: number}, y: {type: number}, s: {type: both}}\n"
        "edges: [x.output -> s.a, y.output -> s.b]"
    )
    assert flow.plan()["y"].action == "maybe"
    run = flow.run(reuse=True).wait()

    assert run["s"].value == 2
    assert len(reused(run)) == 1
    assert run[reused(run)[0]].record.reused_from == run.id


def test_a_node_before_an_equal_one_that_is_quicker_is_not_said_to_run(notebook: Notebook) -> None:
    notebook.define("def first() -> int:\n    return 2")
    notebook.define("def same(x: int) -> int:\n    return x")
    notebook.define("def twice(x: int) -> int:\n    return 2 * x")
    flow = notebook.flow(
        "name: late\n"
        "nodes: {a: {type: first}, b: {type: same}, c: {type: twice}, d: {type: twice}}\n"
        "edges: [a.output -> b.x, b.output -> c.x, a.output -> d.x]"
    )
    said = flow.plan()
    run = flow.run(reuse=True).wait()

    assert [said[name].action for name in "abcd"] == ["run", "run", "maybe", "maybe"]
    assert reused(run) == ["c"]


def test_a_node_of_known_inputs_may_take_what_one_of_unknown_inputs_makes(
    notebook: Notebook,
) -> None:
    notebook.define("def first() -> int:\n    return 2")
    notebook.define("def same(x: int) -> int:\n    return x")
    notebook.define("def twice(x: int) -> int:\n    return 2 * x")
    notebook.flow("name: known\nnodes: {a: {type: first}}").run(reuse=True).wait()
    flow = notebook.flow(
        "name: known\n"
        "nodes: {a: {type: first}, b: {type: same}, c: {type: twice}, d: {type: twice}}\n"
        "edges: [a.output -> c.x, a.output -> b.x, b.output -> d.x]"
    )
    said = flow.plan()

    assert [said[name].action for name in "abcd"] == ["reuse", "run", "maybe", "maybe"]


def test_where_one_of_equal_nodes_fails_the_other_runs_too(notebook: Notebook) -> None:
    notebook.define("def bad(value: int = 1) -> int:\n    raise ValueError('no')")
    flow = notebook.flow("name: twins\nnodes: {x: {type: bad}, y: {type: bad}}")
    run = flow.run(reuse=True).wait(check=False)

    assert {node.state for node in run.values()} == {NodeState.FAILED}


def test_code_that_reads_the_parameters_itself_runs_again_for_others(notebook: Notebook) -> None:
    notebook.define("def month(context) -> int:\n    return context.parameters['m']")
    notebook.define("def plain(context) -> int:\n    return len(context.node_id)")
    flow = notebook.flow(
        "name: two\nparameters: {m: {type: integer, default: 1}}\n"
        "nodes: {a: {type: month}, b: {type: plain}}"
    )
    flow.run(reuse=True).wait()
    run = flow.run(reuse=True, m=2).wait()

    assert ran(run) == {"a": "config: parameter m: 1 → 2"}
    assert run["a"].value == 2


def test_large_values_wait_for_their_digest_and_are_let_go_of(notebook: Notebook) -> None:
    notebook.define("def big() -> list:\n    return list(range(50_000))")
    notebook.define("def size(x: list) -> int:\n    return len(x)")
    flow = notebook.flow(
        "name: two\nnodes: {b: {type: big}, s: {type: size}}\nedges: [b.output -> s.x]"
    )
    first = flow.run(reuse=True).wait()

    assert "<kept on disk>" in repr(first.outputs)
    assert first.outputs["b.output"] == list(range(50_000))
    assert ran(flow.run(reuse=True).wait()) == {}


def test_a_store_that_cannot_be_written_warns_once_and_the_run_completes(
    notebook: Notebook, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".dagy").mkdir(exist_ok=True)
    (tmp_path / ".dagy" / "outputs").write_text("in the way")
    notebook.define("def number(value: int = 1) -> int:\n    return value")
    flow = notebook.flow(
        "name: three\nnodes: {a: {type: number}, b: {type: number, config: {value: 2}}}"
    )
    handle = flow.run(reuse=True)
    run = handle.wait()

    assert {node.state for node in run.values()} == {NodeState.COMPLETED}
    assert {node.record.why for node in run.values()} == {Why.NEVER_RAN}
    assert sum("not all of it is kept" in each.message for each in caplog.records) == 1


def test_a_cancel_reaches_nodes_that_are_looked_at(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(notebook.session.outputs, "find", lambda _: gate.wait(10) and None)
    notebook.run("from pathlib import Path")
    flow = one_node(notebook, f"def read(path: Path = Path('{tmp_path}')) -> int:\n    return 1")
    handle = flow.run(reuse=True)
    handle.cancel()
    try:
        run = handle.wait(5, check=False)
    finally:
        gate.set()

    assert run["n"].state is NodeState.CANCELLED


def test_a_helper_of_a_module_counts_by_its_content(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "reuse_helpers.py"
    module.write_text("def scale(x): return x * 2")
    cell = "from reuse_helpers import scale\ndef use() -> int:\n    return scale(2)"
    flow = one_node(notebook, cell)
    flow.run(reuse=True).wait()
    assert ran(flow.run(reuse=True).wait()) == {}

    del sys.modules["reuse_helpers"]
    module.write_text("def scale(x): return x * 300")
    flow = one_node(notebook, f"{cell}  # as in a new kernel")
    run = flow.run(reuse=True).wait()

    assert run["n"].value == 600
    assert ran(run) == {"n": "code: module reuse_helpers changed"}


def test_a_module_imported_in_a_body_counts_before_it_is_loaded(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "reuse_late.py").write_text("def scale(x): return x * 2")
    cell = "def use() -> int:\n    from reuse_late import scale\n    return scale(2)"
    flow = one_node(notebook, cell)

    told = [ran(flow.run(reuse=True).wait()) for _ in range(2)]

    assert told == [{"n": "never_ran: nothing is kept of it"}, {}]


def test_steps_behind_reused_ones_are_reused_without_standing_in_line(notebook: Notebook) -> None:
    notebook.define("def one() -> int:\n    return 1")
    notebook.define("def more(x: int) -> int:\n    return x + 1")
    nodes = "".join(f", n{place}: {{type: more}}" for place in range(1, 600))
    edges = ", ".join(f"n{place}.output -> n{place + 1}.x" for place in range(599))
    flow = notebook.flow(f"name: long\nnodes: {{n0: {{type: one}}{nodes}}}\nedges: [{edges}]")
    flow.run(reuse=True, runner="inline").wait()
    facts: list[Event] = []
    record = notebook.session.store.append
    notebook.session.store.append = lambda *told, **how: facts.extend(told) or record(*told, **how)

    run = flow.run(reuse=True).wait()

    assert len(reused(run)) == 600
    assert run.outputs["n599.output"] == 600
    assert sum(isinstance(each, NodeQueued) for each in facts) == 3  # one for each 256 of them


def test_a_forecast_knows_that_a_forced_node_may_make_what_another_takes(
    notebook: Notebook,
) -> None:
    notebook.define("def one() -> int:\n    return 1")
    flow = notebook.flow("name: equal\nnodes: {a: {type: one}, b: {type: one}}")

    forecast = flow.plan(force="a")

    assert forecast.actions == {"a": "run", "b": "maybe"}
    assert "which makes the same" in forecast["b"].detail

"""A step that does not start enters no other one as what is kept of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagy_nb.model.state import NodeState, Reason
from dagy_nb.nodes.builtin.branch import Branch
from tests.session.reusing import Notebook, reused

CELLS = (
    "def one() -> int:\n    return 1",
    "def plus(x: int | None) -> int:\n    return (x or 0) + 10",
    "def total(*xs: int) -> list:\n    return list(xs)",
)
BRANCHES = """
name: f
nodes:
  o: {type: one}
  b: {type: Branch, config: {when: "value == 1"}}
  yes: {type: plus}
  no: {type: plus%s}
  t: {type: total}
edges: [o.output -> b.value, b.then -> yes.x, b.otherwise -> no.x, yes.output -> t.xs, no.output -> t.xs]
"""
LATE = """
name: f
nodes: {s: {type: held}, p: {type: plus}, q: {type: plus}, t: {type: total, trigger: all_done}}
edges: [s.output -> p.x, p.output -> q.x, p.output -> t.xs, q.output -> t.xs]
"""
TWINS = """
name: f
nodes: {{a: {{type: {0}}}, b: {{type: {0}}}, t: {{type: total, trigger: all_done}}}}
edges: [a.output -> t.xs, b.output -> t.xs]
"""


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    with Notebook(tmp_path / ".dagy") as made:
        made.registry.register(Branch)
        for each in CELLS:
            made.define(each, runner="inline")
        yield made


@pytest.fixture
def gate(notebook: Notebook, tmp_path: Path) -> Path:
    """What the node `held` waits for."""
    made = tmp_path / "gate"
    notebook.define(
        f"def held() -> int:\n    import os, time\n    while not os.path.exists({str(made)!r}):\n"
        "        time.sleep(0.01)\n    return 1",
        runner="thread",
    )
    return made


def test_what_a_branch_not_taken_would_make_does_not_count_behind_it(notebook: Notebook) -> None:
    notebook.flow(BRANCHES % ", trigger: all_done").run(reuse=True).wait()
    flow = notebook.flow(BRANCHES % "")

    for _ in range(2):
        run = flow.run(reuse=True).wait()
        assert run["no"].reason is Reason.BRANCH_NOT_TAKEN
        assert run["t"].value == [11]
    assert reused(run) == ["o", "b", "yes", "t"]


def test_what_is_kept_of_a_cancelled_step_does_not_count_behind_it(
    notebook: Notebook, gate: Path
) -> None:
    gate.touch()
    flow = notebook.flow(LATE)
    assert flow.run(reuse=True).wait()["t"].value == [11, 21]
    gate.unlink()

    handle = flow.run(reuse=True, force=["s"])
    handle.cancel("q")
    gate.touch()
    run = handle.wait(check=False)

    assert (run["q"].state, run["p"].reason) == (NodeState.CANCELLED, Reason.UP_TO_DATE)
    assert run["t"].value == [11]


def test_a_step_that_was_cancelled_while_it_waited_for_an_equal_one_made_nothing(
    notebook: Notebook, gate: Path
) -> None:
    notebook.define(
        "def late(x: int) -> int:\n    import time\n    time.sleep(0.3)\n    return x + 1"
    )
    flow = notebook.flow(TWINS.format("held"))
    flow.add("late", id="c")
    flow.connect("a.output", "c.x")
    flow.connect("c.output", "t.xs")
    handle = flow.run(reuse=True)
    while handle.record.nodes["a"].state is not NodeState.RUNNING:
        handle.settle(0.01)
    handle.cancel("b")
    gate.touch()

    assert handle.wait(check=False)["t"].value == [1, 2]
    assert flow.run(reuse=True).wait()["t"].value == [1, 1, 2]


def test_nobody_waits_for_an_equal_step_that_was_cancelled_while_it_was_looked_at(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.run("from pathlib import Path")
    notebook.define(f"def named(path: Path = Path({str(tmp_path)!r})) -> int:\n    return 1")
    looks, goes_on = threading.Event(), threading.Event()

    def look(path: str) -> str:
        looks.set()
        assert goes_on.wait(30)
        return "1"

    monkeypatch.setattr("dagy_nb.engine.content_files.digest_path", look)
    handle = notebook.flow(TWINS.format("named")).run(reuse=True)
    assert looks.wait(30)
    handle.cancel("a")
    while handle.record.nodes["a"].state is not NodeState.CANCELLED:
        handle.settle(0.01)
    goes_on.set()

    run = handle.wait(30, check=False)
    assert (run["b"].value, run["t"].value) == (1, [1])

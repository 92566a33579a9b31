"""A step that does not start enters no other one as what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dagy_nb.model.state import NodeState, Reason
from dagy_nb.nodes.builtin.branch import Branch
from dagy_nb.nodes.registry import use_registry
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


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    made = Notebook(tmp_path / ".dagy")
    with use_registry(made.registry):
        made.registry.register(Branch)
        for each in CELLS:
            made.define(each, runner="inline")
        yield made
    made.session.close()


def test_what_a_branch_not_taken_would_make_does_not_count_behind_it(notebook: Notebook) -> None:
    notebook.flow(BRANCHES % ", trigger: all_done").run(reuse=True).wait()
    flow = notebook.flow(BRANCHES % "")

    for _ in range(2):
        run = flow.run(reuse=True).wait()
        assert run["no"].reason is Reason.BRANCH_NOT_TAKEN
        assert run["t"].value == [11]
    assert reused(run) == ["o", "b", "yes", "t"]


def test_what_is_kept_of_a_cancelled_step_does_not_count_behind_it(
    notebook: Notebook, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    notebook.define(
        f"def held() -> int:\n    import os, time\n    while not os.path.exists({str(gate)!r}):\n"
        "        time.sleep(0.01)\n    return 1",
        runner="thread",
    )
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

"""A node that was reused the last time is reused again without a new look, but only where that still holds."""

from __future__ import annotations

import pytest

from dagy_nb.engine.judging import Judge
from tests.session.reusing import Notebook, ran, reused

FLOW = (
    "name: three\nnodes: {a: {type: one}, b: {type: more}, c: {type: more}}\n"
    "edges: [a.output -> b.x, b.output -> c.x]"
)
BIG = "'x' * 5_000"


@pytest.fixture
def notebook(tmp_path):
    with Notebook(tmp_path / ".dagy") as made:
        made.define(f"def one() -> str:\n    return {BIG}")
        made.define("def more(x: str) -> str:\n    return x + '!'")
        yield made


@pytest.fixture
def judged(monkeypatch):
    """The steps that were looked at anew."""
    names: list[str] = []
    judge = Judge.judge

    def listen(self, step, find):
        names.append(step.node_id)
        return judge(self, step, find)

    monkeypatch.setattr(Judge, "judge", listen)
    return names


def test_what_was_reused_is_reused_again_without_a_new_look(notebook, judged):
    flow = notebook.flow(FLOW)
    flow.run(reuse=True).wait()
    flow.run(reuse=True).wait()
    judged.clear()

    run = flow.run(reuse=True).wait()

    assert (sorted(reused(run)), judged) == (["a", "b", "c"], [])
    assert run.outputs["c.output"] == "x" * 5_000 + "!!"


def remove_values(notebook):
    for path in notebook.session.outputs.folder.joinpath("values").rglob("*"):
        if path.is_file():
            path.unlink()


@pytest.mark.parametrize(
    ("change", "looked_at", "runs"),
    [
        (
            lambda notebook: notebook.define("def more(x: str) -> str:\n    return x + '?'"),
            "abc",
            "bc",
        ),
        (remove_values, "abc", "abc"),
    ],
    ids=["a cell changed", "the values are gone"],
)
def test_a_change_is_seen(notebook, judged, change, looked_at, runs):
    flow = notebook.flow(FLOW)
    for _ in range(3):
        flow.run(reuse=True).wait()
    judged.clear()

    change(notebook)
    run = flow.run(reuse=True).wait()

    assert "".join(sorted(ran(run))) == runs
    assert "".join(sorted(set(judged))) == looked_at


def test_what_is_forced_runs_and_what_follows_is_recalled(notebook, judged):
    flow = notebook.flow(FLOW)
    for _ in range(3):
        flow.run(reuse=True).wait()
    judged.clear()

    run = flow.run(force="a").wait()

    assert sorted(ran(run)) == ["a"]
    assert sorted(reused(run)) == ["b", "c"]


def test_a_node_that_made_something_else_meanwhile_is_not_recalled(notebook):
    notebook.define("import time\ndef odd() -> int:\n    return time.time_ns()")
    notebook.define("def twice(x: int) -> int:\n    return 2 * x")
    flow = notebook.flow(
        "name: odd\nnodes: {o: {type: odd}, t: {type: twice}}\nedges: [o.output -> t.x]"
    )
    first = [flow.run(reuse=True).wait().outputs["t.output"] for _ in range(3)]

    forced = flow.run(force="o").wait().outputs
    again = flow.run(reuse=True).wait().outputs

    assert len(set(first)) == 1
    assert forced["t.output"] == again["t.output"] == 2 * forced["o.output"]
    assert forced["t.output"] != first[0]


def test_what_enters_for_the_first_time_is_waited_for(notebook, tmp_path):
    notebook.define(
        "import os\nfrom typing import Any\n"
        "def heavy(place: str = '') -> bytes:\n"
        "    if not os.path.exists(place):\n        raise FileNotFoundError(place)\n"
        "    return bytes(3_000_000)"
    )
    notebook.define("def size(data: bytes) -> int:\n    return len(data or b'')")
    flow = notebook.flow(
        f"name: late\nnodes: {{h: {{type: heavy, config: {{place: '{tmp_path}/there'}}}},"
        " s: {type: size, trigger: all_done}}\nedges: [h.output -> s.data]"
    )
    before = [flow.run(reuse=True).wait(check=False).outputs["s.output"] for _ in range(3)]

    (tmp_path / "there").touch()
    run = flow.run(reuse=True).wait()

    assert (before, run.outputs["s.output"]) == ([0, 0, 0], 3_000_000)


@pytest.mark.parametrize("options", [{"reuse": True}, {"keep": True}], ids=["reuse", "keep"])
def test_a_run_goes_on_where_what_is_kept_cannot_be_looked_up(notebook, options):
    flow = notebook.flow(FLOW)
    for _ in range(3):
        flow.run(reuse=True).wait()

    for path in notebook.session.outputs.folder.glob("index.sqlite*"):
        path.unlink()
    notebook.session.outputs.folder.joinpath("index.sqlite").mkdir()
    run = flow.run(**options).wait()

    assert sorted(ran(run)) == ["a", "b", "c"]
    assert run.outputs["c.output"] == "x" * 5_000 + "!!"

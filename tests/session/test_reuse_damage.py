"""What is kept and cannot be read any more costs one run at the most, and never hangs one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagy_nb.engine.shelf import Shelf
from dagy_nb.model.state import NodeState, RunState
from tests.session.reusing import Notebook, ran, reused

BIG = "def big() -> list:\n    return list(range(20_000))"
SIZE = "def size(x: list) -> int:\n    return len(x)"
FLOW = "name: two\nnodes: {b: {type: big}, s: {type: size}}\nedges: [b.output -> s.x]"


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    with Notebook(tmp_path / ".dagy") as made:
        made.define(BIG)
        made.define(SIZE)
        yield made


def harm(notebook: Notebook) -> None:
    """Flip a bit as a bad disk does: nothing else of the file changes."""
    (path,) = (notebook.session.outputs.folder / "values").rglob("*-pickle")
    times, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_value_that_rotted_fails_who_reads_it_and_is_made_again(notebook: Notebook) -> None:
    flow = notebook.flow(FLOW)
    flow.run(reuse=True).wait()
    harm(notebook)

    run = flow.run(reuse=True, force="s").wait(20, check=False)
    assert (run.state, run["s"].state) == (RunState.FAILED, NodeState.FAILED)
    assert run["s"].error.code == "outputs.damaged"

    again = flow.run(reuse=True, force="s").wait(20)
    assert again["s"].value == 20_000
    assert ran(again)["b"] == "not_reusable: its kept outputs are gone"
    assert reused(flow.run(reuse=True).wait()) == ["b", "s"]


def test_a_forced_node_replaces_a_value_that_rotted(notebook: Notebook) -> None:
    flow = notebook.flow(FLOW)
    flow.run(reuse=True).wait()
    harm(notebook)
    flow.run(reuse=True, force="b").wait()

    assert flow.run(reuse=True, force="s").wait(20)["s"].value == 20_000


def test_a_value_that_cannot_be_read_here_is_made_again(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = notebook.flow(FLOW)
    flow.run(reuse=True).wait()
    with monkeypatch.context() as patch:
        patch.setattr("dagy_nb.store.outputs.unpack_value", lambda *_: 1 / 0)
        assert flow.run(reuse=True, force="s").wait(20, check=False).state is RunState.FAILED

    again = flow.run(reuse=True, force="s").wait()
    assert list(ran(again)) == ["b", "s"]


def test_what_a_user_removed_is_not_taken_by_the_kernel_that_goes_on(notebook: Notebook) -> None:
    flow = notebook.flow(FLOW)
    flow.run(reuse=True).wait()
    shutil.rmtree(notebook.session.outputs.folder)

    assert [each.action for each in flow.plan().nodes.values()] == ["run", "run"]
    assert list(ran(flow.run(reuse=True).wait())) == ["b", "s"]
    assert reused(flow.run(reuse=True).wait()) == ["b", "s"]
    notebook.session.outputs.close()  # as the kernel ends
    assert reused(flow.run(reuse=True).wait()) == ["b", "s"]


def test_a_fault_while_the_last_node_ends_does_not_keep_the_run_from_ending(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a fault of the engine's own")

    monkeypatch.setattr(Shelf, "end", fail)
    run = notebook.flow("name: one\nnodes: {b: {type: big}}").run().wait(20, check=False)

    assert run.state is RunState.COMPLETED
    assert "cannot be carried on" in caplog.text

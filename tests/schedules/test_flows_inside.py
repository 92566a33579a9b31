"""Flow runs inside a notebook run belong to it; a failing node is named beside its cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dagy_nb.engine.clock import SystemClock
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.store import open_store
from dagy_nb.store.journal_store import JournalStore
from tests.schedules.build import run

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(90)]

NODES = """\
%load_ext dagy_nb
from dagy_nb import Flow, node

@node
def start(value: int = 1) -> int:
    return value

@node
def divide(x: int) -> float:
    return 1 / x
"""
FLOW = """\
flow = Flow("halves", parameters={"value": 1})
flow.add(start, id="start", value=flow.param("value"))
flow.add(divide, id="divide")
flow.connect("start.output", "divide.x")
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JournalStore]:
    opened = open_store(tmp_path / ".dagy", SystemClock())
    yield opened
    opened.close()


def test_a_flow_run_inside_carries_the_notebook_run_s_id(
    tmp_path: Path, store: JournalStore
) -> None:
    done = run(
        tmp_path, store, "# parameters:\nvalue = 1", NODES, FLOW, "flow.run(value=value).wait()",
        parameters={"value": 4},
    )  # fmt: skip

    assert done.ok, done.explain()
    (inside,) = done.flows
    assert (inside.parent_run_id, inside.flow, inside.state) == (
        done.run_id,
        "halves",
        RunState.COMPLETED,
    )
    assert inside.parameters == {"value": 4}
    assert [node.state for node in inside.nodes.values()] == [NodeState.COMPLETED] * 2


def test_a_failing_node_is_named_with_its_cell(tmp_path: Path, store: JournalStore) -> None:
    done = run(tmp_path, store, NODES, FLOW, "flow.run(value=0).wait()", "print('never')")

    assert done.state is RunState.FAILED
    assert done.error is not None
    assert done.cell is not None
    assert (done.error.type, done.error.code.split(".")[0]) == ("RunFailed", "run")
    assert done.cell.index == 2
    (failed,) = done.failures
    assert (failed.flow, failed.node_id, failed.state) == ("halves", "divide", NodeState.FAILED)
    assert failed.error is not None
    assert failed.error.type == "ZeroDivisionError"
    assert "node divide of flow halves FAILED: ZeroDivisionError" in done.explain()
    assert done.explain().count("[run.failed]") == 1
    assert "In [3]" in done.explain()


def test_a_failed_flow_whose_error_is_let_pass_is_no_failure_of_the_notebook(
    tmp_path: Path, store: JournalStore
) -> None:
    done = run(tmp_path, store, NODES, FLOW, "flow.run(value=0).wait(check=False)")

    assert done.ok
    assert [node.node_id for node in done.failures] == ["divide"]


WAITING = """\
from dagy_nb import Flow
flow = Flow("waits")
flow.add("Wait", id="wait", seconds=60)
"""


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("flow.run(timeout=0.1).wait()", "TIMED_OUT"),
        ("handle = flow.run()\nhandle.cancel()\nhandle.wait()", "CANCELLED"),
        ("handle = flow.run()\nhandle.cancel()\nhandle.wait(check=False)", "COMPLETED"),
    ],
)
def test_a_notebook_that_a_flow_run_ended_ends_as_that_did(
    tmp_path: Path, store: JournalStore, cell: str, state: str
) -> None:
    done = run(tmp_path, store, WAITING, cell)

    assert done.state == state
    (inside,) = done.flows
    assert inside.state == ("CANCELLED" if "cancel" in cell else "TIMED_OUT")
    if not done.ok:
        assert done.error is not None
        assert done.error.code == f"run.{state.lower()}"
        assert store.run(done.run_id).cells[-1].state == state

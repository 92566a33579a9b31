"""Every store: facts in, the same records out, whichever store it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dagy_nb.abc import Store
from dagy_nb.errors import StoreError, UnknownName
from dagy_nb.model.event import CancelRequested, Event, LogWritten, NodeEnded, RunEnded
from dagy_nb.model.state import NodeState, Reason, RunKind, RunState
from tests.sockets.stores import settle, store, stores
from tests.store.facts import (
    NOON,
    begin_run,
    failed_run,
    notebook_run,
    run_node,
    whole_run,
)

__all__ = ["settle", "store", "stores"]


def test_it_is_a_store(store):
    assert isinstance(store, Store)


def test_a_run_is_read_as_it_was_recorded(store, settle):
    store.append(*whole_run("20270115-run1", "a", "b"))
    settle()

    run = store.run("20270115-run1")

    assert (run.state, run.kind, run.flow, run.backend) == (
        RunState.COMPLETED,
        RunKind.FLOW,
        "delays",
        "kernel",
    )
    assert run.parameters == {"month": 2}
    assert (run.queued_at, run.started_at, run.ended_at) == (NOON, NOON + 0.001, NOON + 1.0)
    assert list(run.nodes) == ["a", "b"]
    node = run.nodes["b"]
    assert (node.state, node.node_type, node.node_version) == (NodeState.COMPLETED, "Work", "v1")
    assert (node.attempts, node.runner, node.timeout) == (1, "thread", 30.0)
    assert (node.started_at, node.ended_at) == (NOON + 0.12, NOON + 0.14)
    assert node.previews["output"].columns == (("a", "int"),)
    assert node.previews["output"].shape == (2, 3)


def test_a_failed_run_tells_why(store, settle):
    store.append(*failed_run("20270115-run1"))
    settle()

    run = store.run("20270115-run1")

    assert run.state is RunState.FAILED
    assert run.cancel_requested
    assert run.error is not None
    assert (run.error.code, run.error.message) == ("raised.ValueError", "no rows")
    failed, skipped, cancelled = run.nodes.values()
    assert (failed.state, failed.reason, failed.attempts, failed.fraction) == (
        NodeState.FAILED,
        Reason.RAISED,
        2,
        0.5,
    )
    assert failed.error == run.error
    assert (skipped.state, skipped.reason, skipped.cause) == (
        NodeState.SKIPPED,
        Reason.UPSTREAM_FAILED,
        ("a",),
    )
    assert cancelled.state is NodeState.CANCELLED


def test_a_notebook_run_has_its_cells(store, settle):
    store.append(*notebook_run("20270115-nb"))
    settle()

    run = store.run("20270115-nb")

    assert (run.kind, run.notebook) == (RunKind.NOTEBOOK, "report.ipynb")
    assert [(cell.index, cell.cell_id, cell.state) for cell in run.cells] == [
        (0, "c0", NodeState.COMPLETED),
        (1, "c1", NodeState.FAILED),
    ]


def test_a_run_goes_on_after_it_was_folded(store, settle):
    store.append(*begin_run("20270115-run1", "a", "b"), *run_node("20270115-run1", "a"))
    settle()
    half = store.run("20270115-run1")
    store.append(
        *run_node("20270115-run1", "b", at=NOON + 0.1),
        RunEnded(at=NOON + 1, run_id="20270115-run1", state=RunState.COMPLETED),
    )
    settle()

    whole = store.run("20270115-run1")

    assert (half.state, half.nodes["a"].state, half.nodes["b"].state) == (
        RunState.RUNNING,
        NodeState.COMPLETED,
        NodeState.PENDING,
    )
    assert whole.state is RunState.COMPLETED
    assert whole.nodes["a"] == half.nodes["a"]
    assert [node.state for node in whole.nodes.values()] == [NodeState.COMPLETED] * 2


def test_a_final_state_is_never_left(store, settle):
    store.append(*whole_run("20270115-run1", "a"))
    settle()
    store.append(
        NodeEnded(
            at=NOON + 5,
            run_id="20270115-run1",
            node_id="a",
            state=NodeState.FAILED,
            reason=Reason.RAISED,
        ),
        RunEnded(at=NOON + 5, run_id="20270115-run1", state=RunState.FAILED),
    )
    settle()

    run = store.run("20270115-run1")

    assert (run.state, run.ended_at) == (RunState.COMPLETED, NOON + 1)
    assert run.nodes["a"].state is NodeState.COMPLETED


def test_the_beginning_of_an_id_is_enough(store, settle):
    store.append(*whole_run("20270115-run1"), *whole_run("20270116-run2"))
    settle()

    assert store.run("20270116").run_id == "20270116-run2"
    for asked in ("2027011", "2027", "202", "nothing-like-it"):
        with pytest.raises(UnknownName) as caught:
            store.run(asked)
        assert caught.value.code == "unknown.run"


def test_where_nothing_is_recorded_that_is_said(store):
    with pytest.raises(UnknownName) as caught:
        store.run("20270116")
    assert caught.value.suggestion == "There are no runs here."


def test_a_flow_named_where_a_run_is_meant_leads_to_its_newest_run(store, settle):
    store.append(*whole_run("20270115-run1"))
    settle()
    store.append(*whole_run("20270116-run2", at=NOON + 9))

    with pytest.raises(UnknownName, match="its newest run is `20270116-run2`") as caught:
        store.run(store.run("20270115-run1").flow)
    assert caught.value.code == "unknown.run"


def test_pages_list_every_run_once_newest_first(store, settle):
    for number in range(25):
        store.append(*whole_run(f"run-{number:04d}", at=NOON + number // 2))  # pairs at one time
        if number == 17:
            settle()

    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = store.runs(limit=7, cursor=cursor)
        seen += [run.run_id for run in page.runs]
        cursor, pages = page.next_cursor, pages + 1
        assert all(not run.nodes for run in page.runs)

    assert seen == [f"run-{number:04d}" for number in reversed(range(25))]
    assert pages == 4


def test_a_page_may_be_of_some_runs_only(store, settle):
    store.append(*whole_run("run-0001"), *failed_run("run-0002"), *notebook_run("run-0003"))
    settle()
    store.append(*whole_run("run-0004"))

    assert [run.run_id for run in store.runs(state="FAILED").runs] == ["run-0003", "run-0002"]
    assert [run.run_id for run in store.runs(kind="notebook").runs] == ["run-0003"]
    assert [run.run_id for run in store.runs(flow="delays").runs] == [
        "run-0004",
        "run-0002",
        "run-0001",
    ]
    assert store.runs(flow="nothing").runs == ()


def test_a_wrong_cursor_is_refused(store):
    with pytest.raises(StoreError) as caught:
        store.runs(cursor="page 2")

    assert caught.value.code == "store.cursor"


def test_logs_come_in_the_order_they_were_written(store, settle):
    for number in range(30):
        store.append(
            LogWritten(
                at=NOON + number // 10,
                run_id="run-0001",
                node_id="ab"[number % 2],
                level="INFO",
                text=f"line {number}",
            )
        )
        if number == 15:
            settle()

    lines = store.logs("run-0001")

    assert [line.text for line in lines] == [f"line {number}" for number in range(30)]
    assert [line.text for line in store.logs("run-0001", "b")] == [
        f"line {n}" for n in range(1, 30, 2)
    ]
    for last in (1, 3, 8, 99):
        kept = [*lines[0::2][-last:], *lines[1::2][-last:]]
        assert store.logs("run-0001", last=last) == sorted(kept, key=lines.index)
    assert store.logs("run-0001", "b", last=2) == lines[1::2][-2:]
    assert (lines[0].level, lines[0].node_id, lines[0].at) == ("INFO", "a", NOON)
    assert store.logs("run-0002") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tab\tand \"quotes\" and 'more'",
        "two\nlines\r\n",
        "zero\x00byte",
        "é ü 漢 🙂",
        "\u2028 \x85",
        "x" * 100_000,
    ],
    ids=["empty", "quotes", "lines", "zero", "unicode", "line ends", "long"],
)
def test_any_text_survives(store, settle, text):
    store.append(LogWritten(at=NOON, run_id="run-0001", text=text))
    settle()

    assert [line.text for line in store.logs("run-0001")] == [text]
    assert store.connect().execute("SELECT text FROM logs").fetchall() == [(text,)]


def test_another_process_asks_to_cancel(stores, settle):
    store, other = stores.open(), stores.open()
    store.append(*begin_run("run-0001", "a", "b"), *begin_run("run-0002", "a"))
    before = store.cancel_requested("run-0001")

    other.append(CancelRequested(at=NOON, run_id="run-0001", node_id="a", by="you"))
    one_node = store.cancel_requested("run-0001")
    other.append(CancelRequested(at=NOON, run_id="run-0001", by="you"))

    assert before is None
    assert list(one_node or ()) == ["a"]
    assert store.cancel_requested("run-0001") == ()
    assert store.cancel_requested("run-0002") is None
    settle()
    assert store.run("run-0001").cancel_requested


def test_a_cancel_before_the_run_is_found(stores, settle):
    stores.open().append(CancelRequested(at=NOON, run_id="run-0001"))
    settle()

    later = stores.open()

    assert later.cancel_requested("run-0001") == ()
    with pytest.raises(UnknownName):
        later.run("run-0001")
    later.append(*begin_run("run-0001", "a"))
    settle()
    assert later.run("run-0001").cancel_requested


def inside(parent: str, node_id: str, run_id: str, at: float = NOON) -> list[Event]:
    """A run inside a node of another run, or (without a node) inside a notebook run."""
    begin, *rest = whole_run(run_id, "a", at=at)
    return [replace(begin, parent_run_id=parent, parent_node_id=node_id), *rest]


def test_runs_inside_a_node_are_listed_under_their_parent_only(store, settle):
    store.append(
        *whole_run("20270115-run1", "each"),
        *inside("20270115-run1", "each", "20270115-run1b", at=NOON + 1),
        *inside("20270115-run1", "each", "20270115-run1a", at=NOON + 2),
        *notebook_run("20270115-nb", at=NOON + 3),
        *inside("20270115-nb", "", "20270115-run2", at=NOON + 4),
    )
    settle()

    def ids(**choice: object) -> list[str]:
        return [run.run_id.partition("-")[2] for run in store.runs(**choice).runs]

    assert ids() == ["run2", "nb", "run1"]
    assert ids(parent="20270115-run1") == ["run1a", "run1b"]
    assert ids(parent="20270115-nb") == ["run2"]
    assert ids(parent="20270115-run2") == []
    assert ids(nested=True) == ["run2", "nb", "run1a", "run1b", "run1"]
    assert ids(limit=1) == ["run2"]
    child = store.run("20270115-run1a")
    assert (child.parent_run_id, child.parent_node_id) == ("20270115-run1", "each")


def test_pages_without_the_runs_inside_nodes_are_full(store, settle):
    for number in range(6):
        store.append(*whole_run(f"20270115-run{number}", "each", at=NOON + number))
        for item in range(5):
            name = f"20270115-item{number}{item}"
            store.append(*inside(f"20270115-run{number}", "each", name, at=NOON + number + 0.5))
        if number == 2:
            settle()

    first = store.runs(limit=4)
    second = store.runs(limit=4, cursor=first.next_cursor)

    assert [run.run_id[-4:] for run in first.runs] == ["run5", "run4", "run3", "run2"]
    assert [run.run_id[-4:] for run in second.runs] == ["run1", "run0"]
    assert second.next_cursor is None


def test_the_beginning_of_an_id_means_the_run_that_is_listed(store, settle):
    store.append(
        *whole_run("20270115-run1", "each"),
        *inside("20270115-run1", "each", "20270115-run1-item", at=NOON + 1),
        *inside("20270115-run1", "each", "20270116-item", at=NOON + 1),
    )
    settle()

    assert store.run("20270115").run_id == "20270115-run1"
    assert store.run("20270115-run1-").run_id == "20270115-run1-item"
    assert store.run("20270116").run_id == "20270116-item"

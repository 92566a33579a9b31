"""Every store: facts in, the same records out, whichever store it is."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dagy_nb.abc import Store
from dagy_nb.errors import ConflictError, StoreError, UnknownName
from dagy_nb.model.event import CancelRequested, LogWritten, NodeEnded, RunEnded
from dagy_nb.model.state import NodeState, Reason, RunKind, RunState
from dagy_nb.store.journal_store import JournalStore
from dagy_nb.store.memory import MemoryStore
from tests.store.facts import (
    NOON,
    TurnedClock,
    begin_run,
    failed_run,
    make_flow,
    notebook_run,
    run_node,
    see_flow,
    see_node,
    whole_run,
)

TABLES = (
    "runs",
    "node_runs",
    "cell_runs",
    "flow_versions",
    "node_versions",
    "events",
    "logs",
    "audit",
)


class Stores:
    """Opens stores over the same records: another one is another process's."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self._folder = folder
        self._memory = MemoryStore(TurnedClock())
        self.opened: list[Store] = []

    def open(self) -> Store:
        store: Store = self._memory
        if self.kind != "memory":
            store = JournalStore(self._folder, TurnedClock(), fold_after=None)
        self.opened.append(store)
        return store


@pytest.fixture(params=["memory", "journal", "journal, folded", "journal, published"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    made = Stores(request.param, tmp_path / ".dagy")
    yield made
    for store in made.opened:
        store.close()


@pytest.fixture
def store(stores: Stores) -> Store:
    return stores.open()


@pytest.fixture
def settle(stores: Stores) -> Callable[[], None]:
    """Fold between writing and reading, where this is what is tested."""

    def fold() -> None:
        store = stores.opened[0]
        if isinstance(store, JournalStore) and stores.kind != "journal":
            assert store.fold(publish=stores.kind == "journal, published")

    return fold


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


def test_publishing_numbers_the_versions_of_a_flow(store, settle):
    first, second = make_flow(month=1), make_flow(month=2)

    made = [
        store.publish_flow(first, node_versions={"Work": "v1"}, author="ada", reason="new"),
        store.publish_flow(second, node_versions={"Work": "v2"}),
        store.publish_flow(make_flow("other"), node_versions={}),
    ]
    settle()

    assert [(each.flow, each.version) for each in made] == [
        ("delays", 1),
        ("delays", 2),
        ("other", 1),
    ]
    assert (made[0].author, made[0].reason, made[0].node_versions) == ("ada", "new", {"Work": "v1"})
    assert store.flow_version("delays").spec == second
    assert store.flow_version("delays", 1) == made[0]
    assert [each.version for each in store.flow_versions("delays")] == [2, 1]
    assert [(each.flow, each.version) for each in store.flow_versions()] == [
        ("delays", 2),
        ("other", 1),
    ]


def test_the_same_content_is_the_same_version(store, settle):
    first, second = make_flow(month=1), make_flow(month=2)
    store.publish_flow(first, node_versions={})
    store.publish_flow(second, node_versions={})
    settle()

    again = store.publish_flow(first, node_versions={}, reason="back")

    assert again.version == 1
    assert store.flow_version("delays").version == 1  # published last
    assert [each.version for each in store.flow_versions("delays")] == [2, 1]


def test_publishing_on_an_old_version_is_refused(store, settle):
    store.publish_flow(make_flow(month=1), node_versions={}, expected=0)
    settle()
    store.publish_flow(make_flow(month=2), node_versions={}, expected=1)

    with pytest.raises(ConflictError) as caught:
        store.publish_flow(make_flow(month=3), node_versions={}, expected=1)

    assert caught.value.code == "store.conflict"
    assert [each.version for each in store.flow_versions("delays")] == [2, 1]
    assert store.publish_flow(make_flow(month=3), node_versions={}, expected=2).version == 3


def test_content_that_ran_has_a_number_too(store, settle):
    ran, published = make_flow(month=1), make_flow(month=2)
    store.append(see_flow(ran), *whole_run("run-0001", flow=ran))
    settle()

    version = store.publish_flow(published, node_versions={}, expected=0)
    store.append(
        see_flow(published, at=NOON + 5), *whole_run("run-0002", flow=published, at=NOON + 5)
    )
    settle()

    assert version.version == 2
    assert [each.version for each in store.flow_versions("delays")] == [2, 1]
    assert store.flow_version("delays", 1).spec == ran
    assert store.run("run-0001").flow_version == 1
    assert store.run("run-0002").flow_version == 2
    assert [run.flow_version for run in store.runs().runs] == [2, 1]


def test_what_only_ran_does_not_become_the_head_of_a_published_flow(store, settle):
    store.publish_flow(make_flow(month=1), node_versions={})
    store.append(see_flow(make_flow(month=2), at=NOON + 9))
    settle()

    assert store.flow_version("delays").version == 1
    assert [each.version for each in store.flow_versions("delays")] == [2, 1]
    assert store.publish_flow(make_flow(month=3), node_versions={}, expected=1).version == 3


def test_unknown_flows_and_versions_are_named(store):
    store.publish_flow(make_flow(), node_versions={})

    for flow, version, code in (
        ("delay", None, "unknown.flow"),
        ("delays", 7, "unknown.flow_version"),
    ):
        with pytest.raises(UnknownName) as caught:
            store.flow_version(flow, version)
        assert caught.value.code == code
        assert caught.value.suggestion
    assert store.flow_versions("delay") == []


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


def test_sql_sees_every_table(store, settle):
    flow = make_flow()
    store.append(
        see_node(), see_flow(flow), *whole_run("run-0001", flow=flow), *notebook_run("run-0002")
    )
    settle()
    store.publish_flow(flow, node_versions={"Work": "v1"}, author="ada", reason="good")
    store.append(*failed_run("run-0003", at=NOON + 60))

    connection = store.connect()

    counts = {
        name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES
    }
    facts = len(whole_run("run-0001")) + len(notebook_run("run-0002")) + len(failed_run("run-0003"))
    assert counts == {
        "runs": 3,
        "node_runs": 5,
        "cell_runs": 2,
        "flow_versions": 1,
        "node_versions": 1,
        "events": facts
        - 2
        + 4,  # two log lines stand in logs; node seen, flow seen, numbered, published
        "logs": 2,
        "audit": 2,
    }
    assert connection.execute(
        "SELECT run_id, kind, flow, flow_version, state, backend, parent_run_id, parameters->>'month', error FROM runs ORDER BY run_id"
    ).fetchall() == [
        ("run-0001", "flow", "delays", 1, "COMPLETED", "kernel", None, "2", None),
        ("run-0002", "notebook", None, 0, "FAILED", "papermill", None, None, "NameError: x"),
        ("run-0003", "flow", "delays", 0, "FAILED", "kernel", None, "2", "ValueError: no rows"),
    ]
    assert connection.execute(
        "SELECT node_id, node_type, node_version, state, reason, why, attempts, runner, error FROM node_runs "
        "WHERE run_id IN ('run-0001', 'run-0003') ORDER BY run_id, node_id"
    ).fetchall() == [
        ("a", "Work", "v1", "COMPLETED", None, "never_ran", 1, "thread", None),
        ("b", "Work", "v1", "COMPLETED", None, "never_ran", 1, "thread", None),
        ("a", "Work", "v1", "FAILED", "raised", None, 2, "process", "ValueError: no rows"),
        ("b", "Work", "v1", "SKIPPED", "upstream_failed", None, 0, "thread", None),
        ("c", "Work", "v1", "CANCELLED", None, None, 0, "thread", None),
    ]
    assert connection.execute(
        "SELECT started_at, ended_at FROM runs WHERE run_id = 'run-0001'"
    ).fetchone() == (
        dt.datetime(2027, 1, 15, 8, 0, 0, 1000),
        dt.datetime(2027, 1, 15, 8, 0, 1),
    )
    assert connection.execute(
        "SELECT actor, action, resource_id, after->>'reason' FROM audit ORDER BY happened_at"
    ).fetchall() == [("ada", "publish", "delays", "good"), ("you", "cancel", "run-0003", None)]


def test_a_connection_stays_open_and_is_the_users_own(store, settle):
    store.append(*whole_run("run-0001"))
    first = store.connect()
    first.execute("CREATE TABLE mine AS SELECT * FROM runs")
    settle()
    store.append(*whole_run("run-0002", at=NOON + 9))

    second = store.connect()

    assert first.execute("SELECT count(*) FROM runs").fetchone() == (1,)
    assert second.execute("SELECT count(*) FROM runs").fetchone() == (2,)
    assert second.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'mine'"
    ).fetchone() == (0,)


def test_parameters_may_be_anything(store, settle):
    values = {
        "nan": float("nan"),
        "deep": {"list": [1, [2.5, None, {"é": True}]]},
        "big": 10**25,
        "text": "\ud800",
    }
    begin, *rest = whole_run("run-0001")
    store.append(dataclasses.replace(begin, parameters=values), *rest)
    settle()

    found = store.run("run-0001").parameters

    assert found["deep"] == {"list": [1, [2.5, None, {"é": True}]]}
    assert found["big"] == 10**25
    assert store.connect().execute("SELECT parameters->>'nan' FROM runs").fetchone() == ("NaN",)


def test_nothing_is_there_at_first(store):
    assert store.runs().runs == ()
    assert store.flow_versions() == []
    assert store.cancel_requested("run-0001") is None
    assert store.connect().execute("SELECT count(*) FROM runs").fetchone() == (0,)
    with pytest.raises(UnknownName):
        store.run("run-0001")

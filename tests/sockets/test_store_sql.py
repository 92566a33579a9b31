"""Every store: the same tables in SQL."""

from __future__ import annotations

import dataclasses
import math

import pytest

from dagy_nb.errors import UnknownName
from dagy_nb.model.event import (
    AttemptFailed,
    AttemptStarted,
    ErrorFact,
    NodeEnded,
    NodesReused,
    Preview,
    ReusedNode,
)
from dagy_nb.model.state import NodeState, Reason
from tests.sockets.stores import settle, store, stores
from tests.store.facts import (
    NOON,
    begin_run,
    end_run,
    failed_run,
    make_flow,
    notebook_run,
    see_flow,
    see_node,
    whole_run,
)

__all__ = ["settle", "store", "stores"]


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
        "SELECT started_at::VARCHAR, typeof(ended_at) FROM runs WHERE run_id = 'run-0001'"
    ).fetchone() == ("2027-01-15 08:00:00.001", "TIMESTAMP")
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
        "endless": {"up": float("inf"), "down": float("-inf")},
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
    assert math.isnan(found["nan"])
    assert found["endless"] == {"up": float("inf"), "down": float("-inf")}
    number = store.connect().execute("SELECT (parameters->>'nan')::DOUBLE FROM runs").fetchone()[0]
    assert math.isnan(number)


def test_nothing_is_there_at_first(store):
    assert store.runs().runs == ()
    assert store.flow_versions() == []
    assert store.cancel_requested("run-0001") is None
    assert store.connect().execute("SELECT count(*) FROM runs").fetchone() == (0,)
    with pytest.raises(UnknownName):
        store.run("run-0001")


def ask_attempts(store, run_id):
    return (
        store.connect()
        .execute(
            "SELECT node_id, attempt, state, reason, error_code, runner, epoch(started_at) - $noon, "
            "epoch(ended_at) - $noon, epoch(retry_at) - $noon, enforcement "
            "FROM attempts WHERE run_id = $run_id ORDER BY node_id, attempt",
            {"noon": NOON, "run_id": run_id},
        )
        .fetchall()
    )


def near(*seconds):
    return [None if each is None else pytest.approx(each, abs=2e-6) for each in seconds]


def test_sql_sees_every_attempt(store, settle):
    """The first was retried, the second is how the node ended; a node that never ran has none."""
    store.append(*failed_run("run-0001"), *whole_run("run-0002", "a", at=NOON + 10))
    settle()

    first, second = ask_attempts(store, "run-0001")
    (only,) = ask_attempts(store, "run-0002")

    told = ("raised", "raised.ValueError", "process")
    assert first == ("a", 1, "FAILED", None, *told[1:], *near(0.02, 0.04, 0.05), None)
    assert second == ("a", 2, "FAILED", *told, *near(0.06, 0.07, None), None)
    assert only[:6] == ("a", 1, "COMPLETED", None, None, "thread")
    assert store.connect().execute(
        "SELECT error FROM attempts ORDER BY run_id, attempt"
    ).fetchall() == [("ValueError: no rows",), ("ValueError: no rows",), (None,)]


def test_nodes_that_were_reused_together_stand_in_records_and_events_each_by_itself(store, settle):
    nodes = tuple(
        ReusedNode(
            node_id=name,
            reused_from="run-0000",
            key=f"key {name}",
            previews={"out": Preview(type="int", summary="1")},
        )
        for name in ("a", "b")
    )
    together = NodesReused(at=NOON + 1, run_id="run-0001", nodes=nodes)
    store.append(*begin_run("run-0001", "a", "b"), together, *end_run("run-0001", at=NOON + 2))
    settle()

    told = store.run("run-0001")
    rows = store.connect().execute(
        "SELECT kind, node_id, data->>'key' FROM events WHERE run_id = 'run-0001' "
        "AND node_id IS NOT NULL ORDER BY happened_at, position"
    )

    assert rows.fetchall() == [("node_ended", "a", "key a"), ("node_ended", "b", "key b")]
    assert [node.state for node in told.nodes.values()] == [NodeState.SKIPPED] * 2
    assert told.nodes["b"].previews == nodes[1].previews
    assert (told.nodes["b"].reused_from, told.nodes["b"].key) == ("run-0000", "key b")


def test_an_attempt_that_timed_out_says_how_it_was_ended(store, settle):
    error = ErrorFact(type="NodeTimeout", code="run.timed_out", message="more than 1 s")
    where = {"run_id": "run-0001", "node_id": "a"}
    store.append(
        *begin_run("run-0001", "a"),
        AttemptStarted(at=NOON + 1, attempt=1, runner="process", **where),
        AttemptFailed(
            at=NOON + 2,
            attempt=1,
            error=error,
            state=NodeState.TIMED_OUT,
            enforcement="killed",
            retry_at=NOON + 4.5,
            **where,
        ),
    )
    settle()
    waiting = ask_attempts(store, "run-0001")
    store.append(AttemptStarted(at=NOON + 5, attempt=2, runner="process", **where))
    settle()
    running = ask_attempts(store, "run-0001")
    store.append(NodeEnded(at=NOON + 6, state=NodeState.CANCELLED, attempts=2, **where))
    settle()
    ended = ask_attempts(store, "run-0001")

    first = ("a", 1, "TIMED_OUT", None, "run.timed_out", "process", *near(1, 2, 4.5), "killed")
    assert waiting == [first]
    assert running[0] == ended[0] == first
    assert running[1] == ("a", 2, "RUNNING", None, None, "process", *near(5, None, None), None)
    assert ended[1] == ("a", 2, "CANCELLED", None, None, "process", *near(5, 6, None), None)


def test_a_cancel_while_waiting_for_the_next_attempt_leaves_the_last_one_as_it_ended(store, settle):
    where = {"run_id": "run-0001", "node_id": "a"}
    store.append(
        *begin_run("run-0001", "a"),
        AttemptStarted(at=NOON + 1, attempt=1, runner="thread", **where),
        AttemptFailed(
            at=NOON + 2,
            attempt=1,
            error=ErrorFact(type="OSError", code="raised.OSError", message="no"),
            reason=Reason.RAISED,
            **where,
        ),
        NodeEnded(at=NOON + 3, state=NodeState.CANCELLED, attempts=1, **where),
    )
    settle()

    (attempt,) = ask_attempts(store, "run-0001")

    assert attempt[2:5] == ("FAILED", "raised", "raised.OSError")
    assert attempt[6:9] == tuple(near(1, 2, None))

"""Every store: the same tables in SQL."""

from __future__ import annotations

import dataclasses

import pytest

from dagy_nb.errors import UnknownName
from tests.sockets.stores import settle, store, stores
from tests.store.facts import (
    NOON,
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

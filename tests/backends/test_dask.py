"""Whole runs on a Dask cluster: begun once, wherever its workers and messages are."""

from __future__ import annotations

import pytest

from dagy_nb.errors import BackendError, RunnerError
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.session.dask import use_dask
from dagy_nb.session.flow import Flow
from tests.backends.elsewhere import (
    PATIENCE,
    waiting,
)
from tests.cluster import start_quickly
from tests.flows import chain, number
from tests.runners.test_dask_late import list_left, send_late
from tests.victims.watching import wait_until

pytestmark = pytest.mark.timeout(150)


def test_a_run_that_waits_for_a_worker_is_cancelled_at_once(session):
    """A cluster without workers: the run is queued, and can be given up."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster:
        use_dask(cluster.scheduler_address, session=session)
        handle = chain(session).run(backend="dask")
        assert handle.state is RunState.QUEUED

        handle.cancel()
        run = handle.wait(10, check=False)

        assert run.state is RunState.CANCELLED
        session.runners["dask"].connection.use()


def test_nodes_with_the_dask_runner_find_their_cluster_there(session, dask):
    run = chain(session).run(backend="dask", runner="dask").wait(PATIENCE)

    assert run.outputs["n2.output"] == 4
    assert {each.record.runner for each in run.values()} == {"dask"}


def test_only_what_is_kept_comes_back(session, dask, monkeypatch):
    from dagy_nb.session import planning

    make_plan = planning.make_plan
    monkeypatch.setattr(
        planning, "make_plan", lambda *args, **kw: make_plan(*args, **kw, keep_outputs=False)
    )
    run = chain(session).run(backend=dask).wait(PATIENCE)

    assert run.outputs == {"n2.output": 4}


def test_runs_inside_a_node_are_recorded_here(session, dask):
    inner = Flow("inner", session=session)
    inner.add("double", id="twice")
    flow = Flow("outer", session=session)
    flow.add(number, id="top", value=3)
    flow.add(inner.as_node("Twice"), id="sub")
    flow.connect("top.output", "sub.x")

    run = flow.run(backend=dask).wait(PATIENCE)

    children = [
        each for each in session.store.runs(parent=run.id).runs if each.parent_run_id == run.id
    ]
    assert [each.state for each in children] == [RunState.COMPLETED]


def test_a_cluster_that_is_not_there_is_said_before_anything_is_recorded(session, monkeypatch):
    from dagy_nb.runners.dask import connection

    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    use_dask("tcp://127.0.0.1:9", session=session)

    with pytest.raises(RunnerError) as caught:
        chain(session).run(backend="dask")

    assert caught.value.code == "runner.cluster_unreachable"
    assert not session.store.runs().runs


def test_a_node_is_cancelled_before_a_worker_has_begun_its_run(session, tmp_path):
    from distributed import LocalCluster

    start_quickly()
    with LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=":0") as cluster:
        use_dask(cluster.scheduler_address, session=session)
        handle = waiting(session, tmp_path).run(backend="dask")
        handle.cancel("first", by="a test")
        assert handle.state is RunState.QUEUED
        cluster.scale(1)
        assert wait_until(
            lambda: handle.record.nodes["first"].state is NodeState.CANCELLED, PATIENCE
        )
        assert handle.record.nodes["beside"].state is not NodeState.CANCELLED

        handle.cancel("beside")
        assert handle.wait(PATIENCE, check=False).state is RunState.CANCELLED
        session.runners["dask"].connection.use()


def test_what_dask_hands_out_again_is_not_carried_again(session, dask, monkeypatch):
    from dagy_nb.backends.dask.far import carry_run_here

    client = session.runners["dask"].connection.connect().client
    submitted, submit = [], client.submit

    def note(function, *args, **options):
        if function is carry_run_here:
            submitted.append(args)
        return submit(function, *args, **options)

    monkeypatch.setattr(client, "submit", note)
    chain(session).run(backend=dask).wait(PATIENCE)

    assert client.submit(carry_run_here, *submitted[0], key="again", pure=False).result(60).lost


def test_a_cluster_that_goes_while_the_run_is_sent_leaves_no_record(session, dask, monkeypatch):
    client = session.runners["dask"].connection.connect().client

    def refuse(*args, **options):
        raise OSError("gone")

    monkeypatch.setattr(client, "submit", refuse)
    with pytest.raises(BackendError) as caught:
        chain(session).run(backend=dask)

    assert caught.value.code == "backend.cluster_lost"
    assert not session.store.runs().runs
    assert wait_until(lambda: not client.run_on_scheduler(list_left), PATIENCE)


def test_facts_that_come_a_second_late_come_before_the_end(session, dask):
    client = session.runners["dask"].connection.connect().client
    heard = []
    client.run(send_late, 1.0)
    try:
        handle = chain(session).run(backend=dask)
        handle.subscribe(heard.append)
        run = handle.wait(PATIENCE)
    finally:
        client.run(send_late, 0)

    assert run.outputs["n2.output"] == 4
    assert type(heard[-1]).__name__ == "RunEnded"
    assert {each.state for each in run.values()} == {NodeState.COMPLETED}

"""What comes late, twice or for nobody: messages, second beginnings, calls that were given up meanwhile."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

from dagy_nb.nodes.base import FlowNode
from dagy_nb.runners.dask.call import DaskCall
from dagy_nb.runners.dask.inputs import LARGE
from tests.cluster import cluster_address
from tests.runners import victims as v
from tests.runners.dask_nodes import PATIENCE, Teller, Total, find_dask_worker, read_pids
from tests.victims.watching import wait_until

pytestmark = pytest.mark.timeout(120)


class Printer(FlowNode, register=False):
    """Prints a line."""

    def execute(self, context):
        print("printed by", context.node_id)


@pytest.fixture
def client(dask_runner):
    return dask_runner.connection.connect().client


@pytest.fixture
def submitted(client, monkeypatch):
    """What is given to Dask, as it was given."""
    seen, submit = [], client.submit

    def note(*args, **options):
        seen.append(args)
        return submit(*args, **options)

    monkeypatch.setattr(client, "submit", note)
    return seen


def send_late(seconds, *, only="", gate=None):
    """Let messages leave a Dask worker late; run there. 0 puts it back as it was.

    Args:
        seconds: How late.
        only: What the names of the work have in them whose messages come late.
        gate: Path of a file for which they wait too.
    """
    from pathlib import Path

    from dagy_nb.runners.dask.telling import Telling

    at_once = getattr(Telling, "_at_once", None) or Telling._send
    Telling._at_once = at_once

    def send_later(self):
        if gate is None or Path(gate).exists():
            at_once(self)
        else:
            self._worker.loop.call_later(seconds, send_later, self)

    def send(self):
        if only in self._name:
            self._worker.loop.call_later(seconds, send_later, self)
        else:
            at_once(self)

    Telling._send = send if seconds else at_once


@pytest.fixture
def late(client):
    """Has messages of the cluster's workers come late."""
    yield lambda *args, **options: client.run(send_late, *args, **options)
    client.run(send_late, 0)


def list_left(dask_scheduler):
    """Return what the scheduler has of ours; run there."""
    events = dask_scheduler.extensions["events"]._events
    return sorted(each for each in (*dask_scheduler.tasks, *events) if "dagy-" in str(each))


def is_clean(client):
    is_so = wait_until(lambda: not client.run_on_scheduler(list_left), 5, every=0.1)
    assert is_so, client.run_on_scheduler(list_left)
    return is_so


def test_what_dask_hands_out_again_after_the_end_is_not_begun(dask_runner, client, submitted):
    v.run(dask_runner, v.Adder, {"a": 1, "b": 2})
    assert is_clean(client)

    ending = client.submit(*submitted[0], key="again", pure=False).result(PATIENCE)

    assert ending.lost


def test_nothing_of_a_call_stays_on_the_cluster(dask_runner, client, tmp_path):
    v.run(dask_runner, v.Adder, {"a": 1, "b": 2})
    ear, live = v.begin(dask_runner, v.call_of(Teller, config={"folder": str(tmp_path)}))
    assert ear.begun.wait(PATIENCE)
    live.stop()
    assert ear.over.wait(PATIENCE)

    assert is_clean(client)
    assert not dask_runner.connection.connect()._listeners


def test_messages_that_come_a_second_late_come_before_the_end(dask_runner, late):
    late(1.0)

    ear = v.run(dask_runner, Printer)

    assert ear.told == ["started", "line", "ended"]


def test_who_waits_for_late_messages_holds_up_no_other_end(dask_runner, late, tmp_path):
    late(0.05, only="slow", gate=str(tmp_path / "gate"))
    slow, _ = v.begin(dask_runner, v.call_of(Printer, node_id="slow"))
    ends = [v.begin(dask_runner, v.call_of(Printer, node_id=f"quick{n}"))[0] for n in range(3)]

    assert all(ear.over.wait(PATIENCE) for ear in ends)
    assert not slow.over.is_set()
    (tmp_path / "gate").touch()
    assert slow.over.wait(PATIENCE)
    assert slow.told == ["started", "line", "ended"]


class Gated:
    """A value that is packed when the test says so."""

    entered = threading.Event()
    opened = threading.Event()

    def __reduce__(self):
        self.entered.set()
        assert self.opened.wait(PATIENCE)
        return (int, ())


def test_a_call_that_was_given_up_while_it_was_packed_is_not_sent(dask_runner, client, submitted):
    ear, live = v.begin(dask_runner, v.call_of(v.Liar, {"value": Gated()}))
    assert Gated.entered.wait(PATIENCE)

    live.stop()
    live.abandon()
    Gated.opened.set()
    assert v.run(dask_runner, v.Adder, {"a": 1, "b": 2}).outcome.outputs

    assert wait_until(lambda: not dask_runner._live, 5)
    assert len(submitted) == 1
    assert not ear.told
    assert not dask_runner.connection.connect()._listeners


def where_is_it(dask_scheduler):
    """Return the addresses of the workers that hold scattered values; run on the scheduler."""
    return [
        each.address
        for task in dask_scheduler.tasks.values()
        if str(task.key).startswith("Freight-")
        for each in task.who_has or ()
    ]


def test_a_large_value_whose_worker_died_goes_to_the_cluster_again(dask_runner, client):
    value = np.ones(LARGE)
    assert v.run(dask_runner, Total, {"values": value}).outcome.outputs == {"total": LARGE}
    holders = set(client.run_on_scheduler(where_is_it))
    assert holders

    for pid in client.run(os.getpid, workers=list(holders)).values():
        os.kill(pid, signal.SIGKILL)
    (known,) = dask_runner._shelf._known.values()
    assert wait_until(lambda: known.future.status != "finished", PATIENCE)

    assert v.run(dask_runner, Total, {"values": value}).outcome.outputs == {"total": LARGE}


def test_a_call_whose_input_was_lost_on_its_way_is_a_crash_that_may_be_tried_again(
    dask_runner, client
):
    value = np.ones(LARGE)
    v.run(dask_runner, Total, {"values": value})
    (known,) = dask_runner._shelf._known.values()
    # Dask does so with what needs a value that only a dead worker had.
    client.cancel([known.future], force=True)
    channel = dask_runner.connection.connect()
    ear = v.Ear()
    call = DaskCall(
        v.call_of(v.Adder, {"a": 1, "b": 2}), ear, dask_runner.connection, None, None, lambda: None
    )
    call._finish(channel, known.future)

    assert known.future.status == "cancelled"
    assert ear.outcome.crashed
    assert ear.outcome.error.code == "runner.worker_died"
    assert "input" in ear.outcome.error.message


def test_a_large_value_goes_to_another_cluster_too(dask_runner):
    from distributed import LocalCluster

    value = np.ones(LARGE)
    v.run(dask_runner, Total, {"values": value})
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as other:
        dask_runner.connection.use(other.scheduler_address)
        assert v.run(dask_runner, Total, {"values": value}).outcome.outputs == {"total": LARGE}
        dask_runner.connection.use(cluster_address())


def test_a_large_input_waits_for_a_cluster_without_workers_as_a_small_one_does(dask_runner):
    """As on clusters that grow when there is something to do."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=":0") as empty:
        dask_runner.connection.use(empty.scheduler_address)
        ear, _ = v.begin(dask_runner, v.call_of(Total, {"values": np.ones(LARGE)}))
        client = dask_runner.connection.connect().client
        assert wait_until(lambda: client.run_on_scheduler(list_left), PATIENCE, every=0.1)
        assert not ear.over.is_set()

        empty.scale(1)
        assert ear.outcome.outputs == {"total": LARGE}
        dask_runner.connection.use(cluster_address())


def test_the_worker_of_a_killed_call_is_named(dask_runner, tmp_path):
    ear, _ = v.begin(dask_runner, v.call_of(Teller, config={"folder": str(tmp_path)}))
    pids = read_pids(tmp_path / "node-1")

    os.kill(find_dask_worker(pids, cluster_address()), signal.SIGKILL)

    assert ear.outcome.error.code == "runner.worker_died"
    assert "worker tcp://" in ear.outcome.error.message

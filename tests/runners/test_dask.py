"""Nodes on a Dask cluster: told live, ended for certain, run once, never hung."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from dagy_nb.model.retry import RetryKind, RetrySpec
from dagy_nb.model.state import NodeState, Reason
from dagy_nb.nodes.base import FlowNode
from dagy_nb.nodes.cell import CellSource, compile_cell
from dagy_nb.runners.dask.call import DaskCall
from dagy_nb.runners.dask.claim import offer
from dagy_nb.runners.dask.far import carry_call
from dagy_nb.runners.dask.inputs import InputShelf
from tests.cluster import THREADS, WORKERS, cluster_address
from tests.runners import victims as v
from tests.runners.dask_nodes import (
    PATIENCE,
    Impatient,
    Teller,
    find_dask_worker,
    read_pids,
)
from tests.victims.watching import is_alive, wait_until

pytestmark = pytest.mark.timeout(120)


def test_lines_and_progress_come_while_the_body_runs(dask_runner, tmp_path):
    ear, live = v.begin(dask_runner, v.call_of(Teller, config={"folder": str(tmp_path)}))

    assert wait_until(lambda: ("STDOUT", "waiting") in ear.lines, PATIENCE)
    assert not ear.over.is_set()
    live.stop()
    assert ear.over.wait(PATIENCE)


def test_everything_is_told_before_the_end_and_in_order(dask_runner):
    class Chatter(FlowNode, register=False):
        def execute(self, context):
            for number in range(2_000):
                print(number)
                if number % 500 == 0:
                    context.progress(number / 2_000, str(number))

    ear = v.run(dask_runner, Chatter)

    told = [int(text) for _, text in ear.lines if text.isdigit()]
    assert told == sorted(told)
    assert len(told) >= 1_000
    assert ear.told[-1] == "ended"
    assert [fraction for fraction, _ in ear.progress] == sorted(f for f, _ in ear.progress)


def test_a_node_of_a_cell_runs_there_with_its_helpers(clustered, session):
    cell = (
        "%%flownode\nBASE = 3\ndef helper(x):\n    return BASE * x\n\n"
        "class CellTimes(FlowNode):\n    y = Output(DataType.INTEGER)\n"
        "    def execute(self):\n        import sys\n        return helper(14)\n"
    )
    setup = "%%flownode\nfrom dagy_nb import DataType, FlowNode, Output\n"
    compile_cell(
        CellSource(setup + cell.removeprefix("%%flownode\n")), {}, registry=session.registry
    )
    clustered.add("CellTimes", id="times", runner="dask")

    assert clustered.run().wait(PATIENCE).outputs == {"times.y": 42}


def test_a_node_whose_worker_is_killed_is_failed_and_its_process_is_gone(clustered, tmp_path):
    clustered.add(Teller, id="teller", folder=str(tmp_path), runner="dask")
    handle = clustered.run()
    pids = read_pids(tmp_path / "teller-1")
    body = psutil.Process(pids[0])

    os.kill(find_dask_worker(pids, cluster_address()), signal.SIGKILL)
    run = handle.wait(PATIENCE, check=False)

    node = run["teller"]
    assert (node.state, node.reason) == (NodeState.FAILED, Reason.CRASHED)
    assert node.error.code == "runner.worker_died"
    assert wait_until(lambda: not is_alive(body), 2)


def test_a_node_whose_worker_is_killed_is_tried_again_where_it_asks_for_that(clustered, tmp_path):
    clustered.add(
        Impatient,
        id="again",
        folder=str(tmp_path),
        runner="dask",
        retries=1,
        retry=RetrySpec(on=(RetryKind.CRASHED,)),
    )
    handle = clustered.run()
    pids = read_pids(tmp_path / "again-1")

    os.kill(find_dask_worker(pids, cluster_address()), signal.SIGKILL)
    run = handle.wait(PATIENCE, check=False)

    assert run["again"].state is NodeState.COMPLETED, run["again"].error
    assert run.outputs == {"again.y": 2}
    assert run["again"].record.attempts == 2


def test_a_body_never_runs_twice_for_one_attempt(clustered, tmp_path):
    """Dask gives the work of a dead worker to another one; ours says no."""
    clustered.add(Teller, id="once", folder=str(tmp_path), runner="dask")
    handle = clustered.run()
    path = tmp_path / "once-1"
    pids = read_pids(path)
    path.unlink()

    os.kill(find_dask_worker(pids, cluster_address()), signal.SIGKILL)
    handle.wait(PATIENCE, check=False)

    assert not wait_until(path.exists, 2)


def test_a_task_that_begins_a_second_time_is_told_that_it_is_lost(dask_runner):
    """What Dask does on its own when a worker dies between two messages."""
    channel = dask_runner.connection.connect()
    client = channel.client
    call = DaskCall(
        v.call_of(v.Adder, {"a": 1, "b": 2}), v.Ear(), None, InputShelf(), None, lambda: None
    )
    freight, places, values = call._pack(channel)
    offer("twice", client)

    endings = [
        client.submit(
            carry_call, freight, places, values, "twice", "nowhere", key=f"try {number}", pure=False
        ).result(PATIENCE)
        for number in range(2)
    ]

    assert [each.lost for each in endings] == [False, True]


def test_a_call_that_waits_for_a_place_is_stopped_without_beginning(dask_runner, tmp_path):
    config = {"folder": str(tmp_path)}
    busy = [
        v.begin(dask_runner, v.call_of(Teller, node_id=f"busy{number}", config=config))
        for number in range(WORKERS * THREADS)
    ]
    assert wait_until(lambda: all(ear.begun.is_set() for ear, _ in busy), PATIENCE)
    ear, waiting = v.begin(dask_runner, v.call_of(Teller, node_id="waiting", config=config))

    assert waiting.stop() in {"killing", "cancelled"}
    for _, live in busy:
        live.stop()

    assert all(each.over.wait(PATIENCE) for each, _ in busy)
    assert wait_until(lambda: not dask_runner._live, PATIENCE)
    assert not ear.begun.is_set()
    assert not (tmp_path / "waiting-1").exists()


def test_a_worker_of_ours_that_dies_fails_only_its_node(dask_runner):
    class Suicide(FlowNode, register=False):
        def execute(self):
            os.kill(os.getpid(), signal.SIGKILL)

    outcome = v.run(dask_runner, Suicide).outcome

    assert outcome.crashed
    assert outcome.error.code == "runner.worker_died"
    assert v.run(dask_runner, v.Adder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}


def test_a_body_ends_when_the_notebook_is_gone(tmp_path):
    """A killed notebook leaves nothing running on a cluster that lives on."""
    script = f"""
import sys; sys.path[:] = {sys.path!r}
from dagy_nb.runners.dask.connection import DaskConnection
from dagy_nb.runners.dask.runner import DaskRunner
from tests.runners import victims as v
from tests.runners.dask_nodes import Teller
import threading
if __name__ == "__main__":
    v.begin(DaskRunner(DaskConnection({cluster_address()!r})), v.call_of(Teller, config={{"folder": {str(tmp_path)!r}}}))
    threading.Event().wait(60)
"""
    notebook = subprocess.Popen([sys.executable, "-c", script])
    try:
        body = psutil.Process(read_pids(tmp_path / "node-1")[0])
    finally:
        notebook.kill()
        notebook.wait()

    assert wait_until(lambda: not is_alive(body), 5)

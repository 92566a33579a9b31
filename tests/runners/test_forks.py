"""A fork of a process that has run nodes: it has workers, threads and loops of its own, and leaves the parent's alone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import psutil
import pytest

from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Output
from dagy_nb.runners.dask.connection import DaskConnection
from dagy_nb.runners.dask.runner import DaskRunner
from dagy_nb.runners.inline import InlineRunner
from dagy_nb.runners.process import ProcessRunner
from dagy_nb.runners.thread import ThreadRunner
from tests.cluster import cluster_address, start_quickly
from tests.runners import process_victims as p
from tests.runners import victims as v
from tests.runners.forks import call_in_fork, is_open
from tests.victims.watching import is_alive, wait_until

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning"),
]


class TellProcess(FlowNode, register=False):
    output = Output(DataType.INTEGER)

    async def execute(self):
        return os.getpid()


RUNNERS = {
    "process": (ProcessRunner, p.tell_process),
    "thread": (ThreadRunner, p.tell_process),
    "inline": (InlineRunner, TellProcess),
}


@pytest.fixture(params=RUNNERS)
def begun(request):
    """A runner that has run a node, the node, and where that ran."""
    kind, node_class = RUNNERS[request.param]
    made = kind() if kind is InlineRunner else kind(slots=1)
    yield made, node_class, v.run(made, node_class).outcome.outputs["output"]
    made.close()


def test_a_fork_runs_nodes_by_itself_and_its_parent_goes_on(begun):
    runner, node_class, before = begun

    def act():
        return [os.getpid(), *(tell(runner, node_class) for _ in range(2))]

    fork, first, again = call_in_fork(act)

    assert first == again != before
    assert first == fork or not isinstance(runner, (InlineRunner, ThreadRunner))
    assert tell(runner, node_class) == before


def tell(runner, node_class):
    return v.run(runner, node_class).outcome.outputs["output"]


@pytest.mark.parametrize("find", [cluster_address, lambda: None], ids=["shared", "own"])
def test_a_fork_uses_the_cluster_of_its_parent(find):
    start_quickly()
    runner = DaskRunner(DaskConnection(find()))
    tell(runner, p.tell_process)
    lock = runner._lock
    lock.acquire()  # as another thread may have it

    def act():
        own = tell(runner, p.tell_process)
        runner.close()
        return own

    told = call_in_fork(act)
    lock.release()

    assert isinstance(told, int), told
    assert isinstance(tell(runner, p.tell_process), int)
    runner.close()


def test_a_fork_that_closes_a_runner_leaves_the_workers_of_its_parent_alone():
    runner = ProcessRunner(slots=1)
    before = tell(runner, p.tell_process)

    def act():
        own = tell(runner, p.tell_process)
        runner.close()
        return own, psutil.pid_exists(own) and is_alive(psutil.Process(own))

    own, is_left = call_in_fork(act)

    assert not is_left
    assert own != before
    assert tell(runner, p.tell_process) == before
    runner.close()
    assert wait_until(lambda: not psutil.pid_exists(before), v.PATIENCE)


def test_a_fork_that_ends_leaves_busy_workers_of_its_parent_alone():
    runner = ProcessRunner(slots=1)
    ear, _ = v.begin(runner, v.call_of(p.sleep, config={"seconds": 1.0}))
    assert ear.begun.wait(v.PATIENCE)

    own = call_in_fork(lambda: tell(runner, p.tell_process))

    assert ear.outcome.outputs == {"output": 1.0}
    runner.close()
    assert isinstance(own, int)
    assert wait_until(lambda: not psutil.pid_exists(own), v.PATIENCE)


def test_a_fork_that_is_made_while_locks_are_held_runs_nodes(begun):
    runner, node_class, _ = begun
    pools = [
        getattr(runner, name)
        for name in ("_threads", "_pool", "_loops", "workers")
        if hasattr(runner, name)
    ]
    locks = [getattr(each, "_lock", None) or each._roster._changed for each in pools]
    taken, done = threading.Event(), threading.Event()

    def hold():
        for lock in locks:
            lock.acquire()
        taken.set()
        done.wait(v.PATIENCE)
        for lock in locks:
            lock.release()

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(v.PATIENCE)
    try:
        told = call_in_fork(lambda: tell(runner, node_class))
    finally:
        done.set()
        holder.join()

    assert isinstance(told, int), told


def test_forks_close_no_files_of_others(begun):
    """Their numbers may be those that pipes of this process had, or of the fork that is forked."""
    begun[0].close()

    def act():
        others = [os.open(os.devnull, os.O_RDONLY) for _ in range(64)]
        lost = call_in_fork(lambda: [each for each in others if not is_open(each)])
        for each in others:
            os.close(each)
        return lost

    assert act() == []
    assert call_in_fork(act) == []


def test_a_runner_that_was_closed_stays_closed_in_a_fork():
    runner = ProcessRunner(slots=1)
    runner.close()

    words = call_in_fork(lambda: tell(runner, p.tell_process))

    assert "closed" in words


def test_a_fork_that_ends_as_a_program_does_ends_its_workers():
    script = (
        "import os, sys; from tests.runners.processes import run, tell_process; "
        "from dagy_nb.runners.process import ProcessRunner; "
        "runner = ProcessRunner(slots=1); one = tell_process(runner); child = os.fork(); "
        "print(tell_process(runner), flush=True); "
        "child and os.waitpid(child, 0); child and print(tell_process(runner) == one)"
    )
    # From 3.12 on Python warns of every fork of a process with threads.
    options = ["-W", "error::ResourceWarning", "-W", "ignore:This process:DeprecationWarning"]
    said = subprocess.run(
        [sys.executable, *options, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    first, second, is_kept = said.stdout.split()
    assert (is_kept, said.stderr) == ("True", "")
    assert first != second
    assert not any(psutil.pid_exists(int(pid)) for pid in (first, second))

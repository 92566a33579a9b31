"""Clusters that go, are not there, do not fit, or belong to the user: each said by its code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import pytest

from dagy_nb.errors import RunFailed, RunnerError
from dagy_nb.model.datatype import DataType
from dagy_nb.model.state import NodeState, Reason, RunState
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.runners.dask import connection as connection_module
from dagy_nb.session.dask import use_dask
from dagy_nb.session.flow import Flow
from tests.cluster import cluster_address, start_program
from tests.flows import chain
from tests.runners.dask_nodes import (
    PATIENCE,
    Teller,
    read_pids,
)
from tests.victims.watching import is_alive, wait_until

pytestmark = pytest.mark.timeout(120)


class Programs:
    """A scheduler and workers as programs of their own, as on a real cluster, without anything that revives them."""

    def __init__(self, folder: Path) -> None:
        self._told = folder / "scheduler.json"
        self.workers: list[BaseProcess] = []
        self._begin("0")

    def restart(self) -> None:
        """Kill everything, and start it anew at the same address."""
        self.close()
        self._told.unlink()
        self._begin(self.address.rpartition(":")[2])
        self.add_worker()

    def _begin(self, at: str) -> None:
        self.scheduler = self._start("dask_scheduler", "--port", at)
        assert wait_until(lambda: self._told.exists() and self._told.stat().st_size > 0, PATIENCE)
        self.address = json.loads(self._told.read_text())["address"]

    def add_worker(self) -> BaseProcess:
        made = self._start("dask_worker", "--no-nanny", "--nthreads", "2")
        self.workers.append(made)
        return made

    def close(self) -> None:
        for each in (self.scheduler, *self.workers):
            each.kill()
            each.join()

    def _start(self, program: str, *words: str) -> BaseProcess:
        return start_program(program, "--scheduler-file", str(self._told), "--no-dashboard", *words)


@pytest.fixture
def programs(tmp_path):
    made = Programs(tmp_path)
    yield made
    made.close()


def start_telling(session, folder, name, **options):
    """Start a flow of one node that waits; return its run, and the node's process once it runs."""
    flow = Flow(name, session=session)
    flow.add(Teller, id=name, folder=str(folder))
    handle = flow.run(**options)
    return handle, psutil.Process(read_pids(folder / f"{name}-1")[0])


def test_what_goes_is_a_crash_not_a_hang(session, programs, tmp_path, monkeypatch):
    """First the only worker, which nobody revives, then the scheduler."""
    use_dask(programs.address, session=session)
    only = programs.add_worker()
    handle, body = start_telling(session, tmp_path, "alone", runner="dask")
    whole, _ = start_telling(session, tmp_path, "carried", backend="dask")
    only.kill()
    node = handle.wait(PATIENCE, check=False)["alone"]

    assert (node.state, node.reason) == (NodeState.FAILED, Reason.CRASHED)
    assert node.error.code == "runner.worker_died"
    assert wait_until(lambda: not is_alive(body), 10)
    assert whole.wait(PATIENCE, check=False).error.code == "backend.worker_died"

    programs.add_worker()
    handle, body = start_telling(session, tmp_path, "lost", runner="dask")
    whole, _ = start_telling(session, tmp_path, "whole", backend="dask")
    programs.scheduler.kill()
    node = handle.wait(PATIENCE, check=False)["lost"]

    assert (node.state, node.reason) == (NodeState.FAILED, Reason.CRASHED)
    assert node.error.code == "runner.cluster_lost"
    assert wait_until(lambda: not is_alive(body), 10)
    assert whole.wait(PATIENCE, check=False).error.code == "backend.cluster_lost"

    monkeypatch.setattr(connection_module, "CONNECT_SECONDS", 0.5)
    with pytest.raises(RunnerError) as caught:
        chain(session).run(runner="dask")
    assert caught.value.code == "runner.cluster_unreachable"


def test_an_address_where_nobody_is_is_refused_before_the_run(session, monkeypatch):
    monkeypatch.setattr(connection_module, "CONNECT_SECONDS", 0.5)
    use_dask("tcp://127.0.0.1:9", session=session)

    with pytest.raises(RunnerError) as caught:
        chain(session).run(runner="dask")

    assert caught.value.code == "runner.cluster_unreachable"
    assert "tcp://127.0.0.1:9" in caught.value.reason
    assert not session.store.runs().runs


UNGUARDED = """
from dagy_nb import Flow, node


@node
def first() -> int:
    return 1


flow = Flow("unguarded")
flow.add(first)
try:
    flow.run(runner="dask")
except BaseException as error:
    print(getattr(error, "code", error))
    raise SystemExit(1)
"""


def test_a_script_without_guard_is_told_of_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)

    ended = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "DAGY_HOME": str(tmp_path / "home")},
    )

    # Its own process says so last, those of the cluster, which import the script too, before it.
    assert set(ended.stdout.split()) == {"runner.cluster_unreachable"}, ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr


def test_a_cluster_with_another_version_is_refused_before_the_run(session, monkeypatch):
    monkeypatch.setattr(connection_module, "__version__", "99.0")
    use_dask(cluster_address(), session=session)

    with pytest.raises(RunnerError) as caught:
        chain(session).run(runner="dask")

    assert caught.value.code == "runner.cluster_unfit"
    assert "99.0" in caught.value.reason
    assert "dagy_nb==99.0" in caught.value.suggestion
    assert not session.store.runs().runs


def test_a_client_of_the_users_own_is_used_and_stays_theirs(session):
    from distributed import Client

    with Client(cluster_address(), set_as_default=False) as client:
        heard = []
        client.subscribe_topic("all", heard.append)
        use_dask(client, session=session)

        assert chain(session).run(runner="dask").wait(PATIENCE).outputs["n2.output"] == 4
        session.runners["dask"].close()
        assert client.submit(lambda: 1, pure=False).result() == 1
        assert client._event_handlers["all"] == heard.append


def test_what_is_no_cluster_is_refused(session):
    with pytest.raises(RunnerError) as caught:
        use_dask(42, session=session)

    assert caught.value.code == "runner.dask_target"


def test_a_node_that_cannot_be_pickled_fails_by_name(clustered):
    lock = threading.Lock()

    class LockTaker(FlowNode, register=False):
        value = Input(DataType.ANY)

        def execute(self, value):
            return None

    class LockMaker(FlowNode, register=False):
        value = Output(DataType.ANY)

        def execute(self):
            return lock

    clustered.add(LockMaker, id="maker", runner="thread")
    clustered.add(LockTaker, id="locked", runner="dask")
    clustered.connect("maker.value", "locked.value")

    with pytest.raises(RunFailed):
        clustered.run().wait(PATIENCE)
    assert clustered.last_run.result["locked"].error.code == "runner.unpicklable_input"


def test_without_dask_everything_else_works(tmp_path):
    """Its import is blocked; flows run, and who asks for it is told how to get it."""
    script = f"""
import sys; sys.path[:] = {sys.path!r}
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("distributed", "dask"):
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Block())
from pathlib import Path
from dagy_nb.errors import DagyError
from dagy_nb.session.current import make_session
from dagy_nb.settings import Settings
from dagy_nb.store.memory import MemoryStore
from tests.flows import chain
session = make_session(Settings(home=Path({str(tmp_path)!r})), store=MemoryStore())
flow = chain(session)
print(flow.run().wait().outputs["n2.output"])
for options in ({{"runner": "dask"}}, {{"backend": "dask"}}):
    try:
        flow.run(**options)
    except DagyError as error:
        print(error.code, "|", error.suggestion)
session.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith("n")]
    assert lines[0] == "4"
    assert lines[1].startswith("runner.needs_extra | pip install")
    assert lines[2].startswith("backend.unavailable | pip install")


def test_a_scheduler_that_comes_back_at_its_address_is_used_anew(session, tmp_path):
    """Dask's client connects again by itself, but hears nothing any more."""
    programs = Programs(tmp_path)
    try:
        programs.add_worker()
        use_dask(programs.address, session=session)
        chain(session).run(runner="dask").wait(PATIENCE)
        programs.restart()
        channel = session.runners["dask"].connection._channel
        # Where the new one takes long, the client gives up.
        assert wait_until(lambda: channel.client.status in {"running", "closed"}, PATIENCE)

        flow = Flow("again", session=session)
        flow.add(Teller, id="again", folder=str(tmp_path), seconds=0.0)
        run = flow.run(runner="dask").wait(PATIENCE)
        whole = chain(session).run(backend="dask").wait(PATIENCE)

        assert [each.text for each in session.store.logs(run.id)] == ["waiting"]
        assert whole.outputs["n2.output"] == 4
    finally:
        programs.close()


def test_a_client_that_was_closed_is_named_before_the_run(session):
    from distributed import Client

    client = Client(cluster_address(), set_as_default=False)
    use_dask(client, session=session)
    client.close()

    with pytest.raises(RunnerError) as caught:
        chain(session).run(runner="dask")

    assert caught.value.code == "runner.cluster_unreachable"
    assert "closed" in caught.value.reason


def test_a_frozen_worker_holds_nobody_up(session, programs, monkeypatch):
    monkeypatch.setattr(connection_module, "CONNECT_SECONDS", 2.0)
    use_dask(programs.address, session=session)
    frozen = programs.add_worker()
    from distributed import Client

    with Client(programs.address, set_as_default=False) as client:
        client.wait_for_workers(1)
        os.kill(frozen.pid, signal.SIGSTOP)
        started = time.monotonic()
        session.runners["dask"].prepare()

    assert time.monotonic() - started < 15


def test_nothing_of_what_was_told_stays_on_a_cluster_that_lives_on(session, tmp_path):
    from distributed import Client

    use_dask(cluster_address(), session=session)
    chain(session).run(runner="dask").wait(PATIENCE)
    chain(session).run(backend="dask").wait(PATIENCE)
    with Client(cluster_address(), set_as_default=False) as client:
        topic = session.runners["dask"].connection.connect().topic
        assert client.get_events(topic)

        session.runners["dask"].close()

        assert not client.get_events(topic)


def test_a_worker_that_is_taken_from_the_cluster_is_a_crash_and_no_cancel(
    session, programs, tmp_path
):
    """As a cluster does that shrinks."""
    from distributed import Client

    use_dask(programs.address, session=session)
    programs.add_worker()
    handle, body = start_telling(session, tmp_path, "alone", runner="dask")
    whole, _ = start_telling(session, tmp_path, "carried", backend="dask")
    with Client(programs.address, set_as_default=False) as client:
        client.retire_workers(list(client.scheduler_info()["workers"]))
    node = handle.wait(PATIENCE, check=False)["alone"]
    run = whole.wait(PATIENCE, check=False)

    assert (node.state, node.reason) == (NodeState.FAILED, Reason.CRASHED)
    assert node.error.code == "runner.worker_died"
    assert wait_until(lambda: not is_alive(body), 10)
    assert (run.state, run.error.code) == (RunState.FAILED, "backend.worker_died")

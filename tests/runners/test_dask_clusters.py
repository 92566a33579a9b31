"""Clusters that go, are not there, do not fit, or belong to the user: each said by its code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from dagy_nb.errors import RunFailed, RunnerError
from dagy_nb.model.datatype import DataType
from dagy_nb.model.state import NodeState, Reason
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.runners.dask import connection as connection_module
from dagy_nb.session.dask import use_dask
from dagy_nb.session.flow import Flow
from tests.cluster import cluster_address
from tests.flows import chain
from tests.runners.dask_nodes import (
    PATIENCE,
    Teller,
    read_pids,
)
from tests.victims.watching import is_alive, wait_until

pytestmark = pytest.mark.timeout(120)


def test_a_scheduler_that_goes_is_a_crash_not_a_hang(session, tmp_path, monkeypatch):
    """Scheduler and worker as programs of their own, as on a real cluster."""
    programs, address = start_programs(tmp_path)
    try:
        use_dask(address, session=session)
        flow = Flow("lost", session=session)
        flow.add(Teller, id="teller", folder=str(tmp_path), runner="dask")
        handle = flow.run()
        body = psutil.Process(read_pids(tmp_path / "teller-1")[0])
        programs[0].kill()
        run = handle.wait(PATIENCE, check=False)

        assert (run["teller"].state, run["teller"].reason) == (NodeState.FAILED, Reason.CRASHED)
        assert run["teller"].error.code == "runner.cluster_lost"
        assert wait_until(lambda: not is_alive(body), 10)
        monkeypatch.setattr(connection_module, "CONNECT_SECONDS", 0.5)
        with pytest.raises(RunnerError) as caught:
            flow.run()
        assert caught.value.code == "runner.cluster_unreachable"
    finally:
        for each in programs:
            each.kill()
            each.wait()


def start_programs(folder: Path) -> tuple[list[subprocess.Popen[bytes]], str]:
    """Start a scheduler and a worker; return them and the scheduler's address."""
    told = folder / "scheduler.json"
    module = [sys.executable, "-m"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    programs = [
        subprocess.Popen(
            [
                *(*module, "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard"),
                *("--scheduler-file", str(told)),
            ],
            **quiet,
        ),
        subprocess.Popen(
            [
                *(*module, "distributed.cli.dask_worker", "--scheduler-file", str(told)),
                *("--no-dashboard", "--no-nanny", "--nthreads", "2"),
            ],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            **quiet,
        ),
    ]
    assert wait_until(lambda: told.exists() and told.stat().st_size > 0, PATIENCE)
    return programs, json.loads(told.read_text())["address"]


def test_an_address_where_nobody_is_is_refused_before_the_run(session, monkeypatch):
    monkeypatch.setattr(connection_module, "CONNECT_SECONDS", 0.5)
    use_dask("tcp://127.0.0.1:9", session=session)

    with pytest.raises(RunnerError) as caught:
        chain(session).run(runner="dask")

    assert caught.value.code == "runner.cluster_unreachable"
    assert "tcp://127.0.0.1:9" in caught.value.reason
    assert not session.store.runs().runs


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

    class Locked(FlowNode, register=False):
        value = Input(DataType.ANY)

        def execute(self, value):
            return None

    class Maker(FlowNode, register=False):
        value = Output(DataType.ANY)

        def execute(self):
            return lock

    clustered.add(Maker, id="maker", runner="thread")
    clustered.add(Locked, id="locked", runner="dask")
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

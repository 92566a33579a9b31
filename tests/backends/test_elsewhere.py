"""Whole runs on a Dask cluster and in kernels of their own: told live, cancelled, and ended whatever dies."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from pydantic import SecretStr

from dagy_nb.backends import remote
from dagy_nb.errors import BackendError, RunFailed, RunnerError, UnknownName
from dagy_nb.model.datatype import DataType
from dagy_nb.model.event import LogWritten
from dagy_nb.model.state import NodeState, Reason, RunKind, RunState
from dagy_nb.nodes.base import FlowNode, Output
from dagy_nb.nodes.function import node
from dagy_nb.session.dask import use_dask
from dagy_nb.session.flow import Flow
from tests.cluster import cluster_address
from tests.flows import AsyncSleeper, Sleeper, chain, number
from tests.victims.watching import is_alive, wait_until

pytestmark = pytest.mark.timeout(150)
PATIENCE = 60.0


class Waiter(FlowNode):
    """Tells who runs it, then waits for a file."""

    category = "Tests"
    y = Output(DataType.INTEGER)

    class Config(FlowNode.Config):
        folder: str = ""

    def execute(self, context):
        folder = Path(self.config.folder)
        print("here", os.getpid())
        context.progress(0.25, "a quarter")
        (folder / "part").write_text(str(os.getpid()))
        (folder / "part").rename(folder / f"began-{context.node_id}")
        while not (folder / "go").exists():
            context.cancel.raise_if_requested()
            time.sleep(0.02)
        return 7


class Unbringable(FlowNode):
    """Gives what cannot leave its process, and what can."""

    category = "Tests"
    lock = Output(DataType.ANY)
    y = Output(DataType.INTEGER)

    def execute(self):
        return {"lock": threading.Lock(), "y": 1}


@pytest.fixture(params=["dask", "papermill"])
def backend(request, session):
    if request.param == "dask":
        use_dask(cluster_address(), session=session)
    return request.param


@pytest.fixture
def dask(session):
    use_dask(cluster_address(), session=session)
    return "dask"


def waiting(session, folder):
    """`first` waits, `second` needs it, `beside` waits too; `waits` names who waits."""
    flow = Flow("waiting", session=session)
    flow.add(Waiter, id="first", folder=str(folder))
    flow.add("double", id="second")
    flow.connect("first.y", "second.x")
    flow.add(AsyncSleeper, id="beside")
    return flow


def began(folder, name="first"):
    path = folder / f"began-{name}"
    assert wait_until(path.exists, PATIENCE), "it did not begin"
    return int(path.read_text())


def test_lines_and_progress_are_here_while_the_run_goes_on_there(session, backend, tmp_path):
    heard = []
    handle = waiting(session, tmp_path).run(backend=backend)
    handle.subscribe(heard.append)
    there = began(tmp_path)

    assert there != os.getpid()
    assert wait_until(lambda: handle.record.nodes["first"].fraction == 0.25, PATIENCE)
    assert wait_until(lambda: handle.log_tails.get("first") == (f"here {there}",), PATIENCE)
    assert any(isinstance(event, LogWritten) for event in heard)
    assert handle.state is RunState.RUNNING
    assert session.store.run(handle.id).nodes["first"].state is NodeState.RUNNING

    handle.cancel("beside")
    (tmp_path / "go").touch()
    run = handle.wait(PATIENCE, check=False)

    assert run.outputs == {"first.y": 7, "second.output": 14}
    assert run["beside"].state is NodeState.CANCELLED
    assert run.record.backend == backend
    assert session.store.run(handle.id).backend_reason == "The call asks for it."
    assert session.store.run(handle.id).state is run.state is RunState.CANCELLED


def test_a_run_is_cancelled_there(session, backend, tmp_path):
    handle = waiting(session, tmp_path).run(backend=backend)
    began(tmp_path)

    handle.cancel(by="a test")
    run = handle.wait(PATIENCE, check=False)

    assert run.state is RunState.CANCELLED
    assert {each.state for each in run.values()} == {NodeState.CANCELLED}
    assert session.store.run(handle.id).cancel_requested


def test_a_cancel_of_no_node_is_refused_here(session, backend, tmp_path):
    handle = waiting(session, tmp_path).run(backend=backend)

    with pytest.raises(UnknownName):
        handle.cancel("nobody")
    handle.cancel()
    assert handle.wait(PATIENCE, check=False).state is RunState.CANCELLED


def test_when_the_process_there_is_killed_every_node_ends(session, backend, tmp_path):
    handle = waiting(session, tmp_path).run(backend=backend)
    there = psutil.Process(began(tmp_path))
    assert wait_until(lambda: handle.record.nodes["beside"].state is NodeState.RUNNING, PATIENCE)

    there.kill()
    run = handle.wait(PATIENCE, check=False)

    assert run.state is RunState.FAILED
    assert (
        run.error.code
        == {"dask": "backend.worker_died", "papermill": "backend.kernel_lost"}[backend]
    )
    ends = {name: (each.state, each.reason) for name, each in run.items()}
    assert ends == {
        "first": (NodeState.FAILED, Reason.CRASHED),
        "second": (NodeState.CANCELLED, None),
        "beside": (NodeState.FAILED, Reason.CRASHED),
    }
    assert session.store.run(handle.id).state is RunState.FAILED


def test_a_value_that_cannot_come_back_is_said_and_the_others_come(session, backend):
    flow = Flow("unbringable", session=session)
    flow.add(Unbringable, id="odd")

    run = flow.run(backend=backend).wait(PATIENCE)

    assert run.outputs == {"odd.y": 1}
    assert any("odd.lock cannot come back" in each.text for each in session.store.logs(run.id))


def test_limits_hold_there(session, backend):
    flow = Flow("late", session=session)
    flow.add(Sleeper, id="late", seconds=30, runner="process", timeout=0.5)

    run = flow.run(backend=backend).wait(PATIENCE, check=False)

    assert run["late"].state is NodeState.TIMED_OUT
    assert run["late"].record.enforcement == "killed"


def test_the_notebook_of_a_run_stays_and_is_its_parent(session, tmp_path):
    run = chain(session).run(backend="papermill").wait(PATIENCE)

    record = session.store.run(run.id)
    parent = session.store.run(record.parent_run_id)
    folder = Path(record.artifacts)
    assert (parent.kind, parent.state) == (RunKind.NOTEBOOK, RunState.COMPLETED)
    assert sorted(each.name for each in folder.iterdir()) == ["run-executed.ipynb", "run.ipynb"]


def test_a_secret_is_in_no_file_of_a_run_in_a_kernel_of_its_own(session):
    canary = f"canary-{uuid4().hex}"
    flow = Flow("keyed", session=session)
    flow.add(Locked, id="lock", password=canary)

    run = flow.run(backend="papermill").wait(PATIENCE)

    assert run.outputs == {"lock.key": canary}
    files = [each for each in Path(session.settings.home).rglob("*") if each.is_file()]
    assert files
    assert not [each.name for each in files if canary.encode() in each.read_bytes()]


class Locked(FlowNode):
    """Gives out what its config holds, as a secret."""

    category = "Tests"
    key = Output(DataType.TEXT, secret=True)

    class Config(FlowNode.Config):
        password: SecretStr

    def execute(self):
        return self.config.password.get_secret_value()


def test_a_failed_run_fails_its_notebook_too(session):
    flow = Flow("failing", session=session)
    flow.add(number, id="top")
    flow.add("fail", id="bad", message="there")
    flow.connect("top.output", "bad.x")

    with pytest.raises(RunFailed) as caught:
        flow.run(backend="papermill").wait(PATIENCE)

    assert isinstance(caught.value.__cause__, ValueError)
    record = session.store.run(caught.value.run_id)
    assert session.store.run(record.parent_run_id).state is RunState.FAILED


def test_a_process_that_does_not_end_a_run_is_ended(session, tmp_path, monkeypatch):
    """The kernel is stopped, so its own engine can do nothing."""
    monkeypatch.setattr(remote, "PATIENCE", 0.5)
    handle = waiting(session, tmp_path).run(backend="papermill")
    kernel = psutil.Process(began(tmp_path))
    kernel.suspend()

    handle.cancel()
    run = handle.wait(PATIENCE, check=False)

    assert run.state is RunState.CANCELLED
    assert run["first"].record.enforcement == "killed"
    assert wait_until(lambda: not is_alive(kernel), 10)


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


def test_what_cannot_travel_is_refused_by_name_before_anything_is_recorded(session, backend):
    lock = threading.Lock()

    @node(register=False)
    def locked(x: int = 1) -> int:
        return x if lock else 0

    flow = Flow("stuck", session=session)
    flow.add(locked, id="stuck")

    with pytest.raises(BackendError) as caught:
        flow.run(backend=backend)

    assert caught.value.code == "backend.unpicklable"
    assert "stuck" in caught.value.reason
    assert not session.store.runs().runs


def test_a_cluster_that_is_not_there_is_said_before_anything_is_recorded(session, monkeypatch):
    from dagy_nb.runners.dask import connection

    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    use_dask("tcp://127.0.0.1:9", session=session)

    with pytest.raises(RunnerError) as caught:
        chain(session).run(backend="dask")

    assert caught.value.code == "runner.cluster_unreachable"
    assert not session.store.runs().runs


def test_a_session_that_closes_leaves_no_run_open(session, backend, tmp_path, monkeypatch):
    """Not even one whose nodes do not end when they are asked to."""
    monkeypatch.setattr("dagy_nb.session.session.GRACE", 0.1)
    flow = Flow("deaf", session=session)
    flow.add(Deaf, id="deaf", folder=str(tmp_path))
    handle = flow.run(backend=backend)
    there = began(tmp_path, "deaf")
    assert there != os.getpid()

    session.close()

    record = session.store.run(handle.id)
    assert record.state is RunState.CANCELLED
    assert record.nodes["deaf"].state is NodeState.CANCELLED


class Deaf(Waiter):
    """Waits whatever it is told."""

    def execute(self, context):
        folder = Path(self.config.folder)
        (folder / "part").write_text(str(os.getpid()))
        (folder / "part").rename(folder / f"began-{context.node_id}")
        while not (folder / "go").exists():
            time.sleep(0.02)
        return 7


def test_a_node_is_cancelled_before_a_worker_has_begun_its_run(session, tmp_path):
    from distributed import LocalCluster

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


def test_facts_that_come_a_second_late_come_before_the_end(session, dask):
    from tests.runners.test_dask_late import send_late

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


def test_a_kernel_of_its_own_finds_the_cluster_that_was_given_here(session, dask):
    """Not one of its own."""
    flow = Flow("where", session=session)
    flow.add(Parents, id="where", runner="dask")

    run = flow.run(backend="papermill").wait(PATIENCE)

    client = session.runners["dask"].connection.connect().client
    assert set(run.outputs["where.pids"]) & set(client.run(os.getpid).values())


class Parents(FlowNode):
    """Tells above whom it runs."""

    category = "Tests"
    pids = Output(DataType.LIST)

    def execute(self):
        return [each.pid for each in psutil.Process().parents()]


class Folder(FlowNode):
    """Tells where it works, and by which Python."""

    category = "Tests"
    told = Output(DataType.LIST)

    def execute(self):
        return [str(Path.cwd()), sys.prefix]


def test_a_kernel_of_its_own_works_where_the_run_was_started(session, tmp_path, monkeypatch):
    flow = Flow("folder", session=session)
    flow.add(Folder, id="where")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    handle = flow.run(backend="papermill")
    monkeypatch.chdir(tmp_path)

    assert handle.wait(PATIENCE).outputs["where.told"] == [str(tmp_path / "here"), sys.prefix]


def test_a_kernel_of_its_own_is_of_this_python(session, tmp_path, monkeypatch):
    """Whatever a user's folder says that the kernel `python3` is."""
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        '{"argv": ["/nowhere/python", "-m", "ipykernel", "-f", "{connection_file}"],'
        ' "display_name": "Another", "language": "python"}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    flow = Flow("python", session=session)
    flow.add(Folder, id="where")

    run = flow.run(backend="papermill").wait(PATIENCE)

    assert run.outputs["where.told"][1] == sys.prefix

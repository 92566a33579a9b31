"""Whole runs in kernels of their own: of this Python, in this folder, with a notebook that stays and nothing else."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from dagy_nb.backends import remote
from dagy_nb.backends.papermill import backend
from dagy_nb.errors import CheckWarning, RunFailed
from dagy_nb.model.state import RunKind, RunState
from dagy_nb.session.flow import Flow
from tests.backends.elsewhere import (
    PATIENCE,
    Folder,
    Locked,
    Parents,
    began,
    waiting,
)
from tests.flows import chain, number
from tests.victims.watching import is_alive, wait_until

pytestmark = pytest.mark.timeout(150)


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

    with pytest.warns(CheckWarning, match="password of lock is a secret"):
        run = flow.run(backend="papermill").wait(PATIENCE)

    assert run.outputs == {"lock.key": canary}
    files = [each for each in Path(session.settings.home).rglob("*") if each.is_file()]
    assert files
    assert not [each.name for each in files if canary.encode() in each.read_bytes()]


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


def end_of_parent(session, run):
    """The states of the notebook run around a run and of its cell, and the code of its error."""
    store = session.store
    parent = store.run(run.id).parent_run_id
    assert wait_until(lambda: store.run(parent).state.is_final, 20)
    told = store.run(parent)
    (cell,) = told.cells
    return told.state, cell.state, told.error.code


def test_a_cancelled_run_is_cancelled_in_its_notebook_too(session, tmp_path):
    handle = waiting(session, tmp_path).run(backend="papermill")
    began(tmp_path)
    handle.cancel()
    run = handle.wait(PATIENCE, check=False)

    assert run.state is RunState.CANCELLED
    assert end_of_parent(session, run) == ("CANCELLED", "CANCELLED", "run.cancelled")


def test_a_run_past_its_limit_is_so_in_its_notebook_too(session, tmp_path):
    run = waiting(session, tmp_path).run(backend="papermill", timeout=0.2)
    run = run.wait(PATIENCE, check=False)

    assert run.state is RunState.TIMED_OUT
    assert end_of_parent(session, run) == ("TIMED_OUT", "TIMED_OUT", "run.timed_out")


def test_a_kernel_that_is_ended_at_a_run_s_limit_leaves_one_truth(session, tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "PATIENCE", 0.5)
    handle = waiting(session, tmp_path).run(backend="papermill", timeout=4)
    kernel = psutil.Process(began(tmp_path))
    assert wait_until(lambda: handle.record.nodes["first"].state == "RUNNING", 10)
    kernel.suspend()
    run = handle.wait(PATIENCE, check=False)

    assert run.state is RunState.TIMED_OUT
    assert end_of_parent(session, run) == ("TIMED_OUT", "TIMED_OUT", "notebook.run_timeout")


def test_a_kernel_that_is_late_itself_leaves_one_truth(session, tmp_path, monkeypatch):
    monkeypatch.setattr(backend, "PATIENCE", 0.0)
    run = waiting(session, tmp_path).run(backend="papermill", timeout=0.1)
    run = run.wait(PATIENCE, check=False)

    assert (run.state, run.error.code) == (RunState.TIMED_OUT, "backend.kernel_lost")
    parent = session.store.run(session.store.run(run.id).parent_run_id)
    assert (parent.state, parent.error.code) == (RunState.TIMED_OUT, "notebook.run_timeout")


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


def test_a_kernel_of_its_own_finds_the_cluster_that_was_given_here(session, dask):
    """Not one of its own."""
    flow = Flow("where", session=session)
    flow.add(Parents, id="where", runner="dask")

    run = flow.run(backend="papermill").wait(PATIENCE)

    client = session.runners["dask"].connection.connect().client
    assert set(run.outputs["where.pids"]) & set(client.run(os.getpid).values())


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

"""Whole runs on a Dask cluster and in kernels of their own: told live, cancelled, and ended whatever dies."""

from __future__ import annotations

import os
import threading

import psutil
import pytest

from dagy_nb.errors import BackendError, RunFailed, UnknownName
from dagy_nb.model.event import CancelRequested, LogWritten
from dagy_nb.model.state import NodeState, Reason, RunState
from dagy_nb.nodes.function import node
from dagy_nb.session.flow import Flow
from tests.backends.elsewhere import (
    PATIENCE,
    Deaf,
    Unbringable,
    began,
    fail_twice,
    waiting,
)
from tests.flows import Sleeper
from tests.victims.watching import wait_until

pytestmark = pytest.mark.timeout(150)


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


def nested(session, folder):
    """A flow whose node `high` runs `waiting` inside."""
    waiting(session, folder).as_node("Waiting")
    flow = Flow("nested", session=session)
    flow.add("Waiting", id="high")
    return flow


def find_inside(session, handle, folder):
    began(folder)
    assert wait_until(lambda: session.store.runs(parent=handle.id).runs, PATIENCE)
    (inside,) = session.store.runs(parent=handle.id).runs
    assert wait_until(lambda: session.store.run(inside.run_id).nodes["beside"].started_at, PATIENCE)
    return inside.run_id


def test_a_run_inside_a_node_is_cancelled_there(session, backend, tmp_path):
    handle = nested(session, tmp_path).run(backend=backend)
    inside = find_inside(session, handle, tmp_path)

    with pytest.raises(UnknownName):
        session.cancel(inside, "nobody")
    session.cancel(inside, "beside", by="a test")
    assert wait_until(lambda: session.store.run(inside).nodes["beside"].state == "CANCELLED", 20)
    assert session.store.run(inside).nodes["first"].state is NodeState.RUNNING
    # As another process asks.
    session.store.append(CancelRequested(at=session.clock.now(), run_id=inside, by="elsewhere"))
    handle.wait(PATIENCE, check=False)

    assert session.store.run(inside).state is RunState.CANCELLED
    assert session.store.run(inside).nodes["first"].state is NodeState.CANCELLED


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


@pytest.mark.parametrize("runner", ["inline", "process"])
def test_what_is_raised_there_tells_its_line_in_words_and_has_no_frames(session, backend, runner):
    """Frames that are made anew from a pickle have no code: IPython would mark another line in them."""
    flow = Flow("failing", session=session)
    flow.add(fail_twice, id="bad")

    with pytest.raises(RunFailed) as caught:
        flow.run(backend=backend, runner=runner).wait(PATIENCE)

    error = caught.value.__cause__
    (told,) = error.__notes__
    assert isinstance(error, ValueError)
    assert told == f"In the worker process:\n{caught.value.run['bad'].record.error.traceback}"
    assert 'raise ValueError("second") from error' in told
    assert 'raise LookupError("first")' in told
    assert error.__traceback__ is None
    assert getattr(error.__cause__, "__traceback__", None) is None

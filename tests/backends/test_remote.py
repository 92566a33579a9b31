"""A run that another process carries: what comes late, twice or not at all, and what cannot be passed on."""

from __future__ import annotations

import pytest

from dagy_nb.abc import Capabilities
from dagy_nb.backends import remote
from dagy_nb.backends.cargo import Harvest
from dagy_nb.backends.registry import Backends
from dagy_nb.backends.remote import RemoteRun
from dagy_nb.model.event import (
    AttemptStarted,
    ErrorFact,
    LogWritten,
    NodeEnded,
    NodeQueued,
    RunEnded,
    RunQueued,
    RunStarted,
)
from dagy_nb.model.state import NodeState, Reason, RunState
from dagy_nb.runners.worker.codec import pack
from dagy_nb.session.session import Session
from tests.flows import chain

PATIENCE = 20.0


class HeldRun(RemoteRun):
    """A run whose far side the test plays."""

    breaks = ""

    def __init__(self, submission):
        super().__init__(submission)
        self.did = []

    def ask(self, node_id, by, run_id=""):
        self._do("ask")

    def force(self):
        self._do("force")

    def let_go(self):
        self._do("let_go")

    def _do(self, what):
        self.did.append(what)
        if self.breaks == what:
            raise OSError(f"cannot {what}")


class ByHand:
    """A backend that begins nothing."""

    name = "by hand"
    capabilities = Capabilities(hard_limits=True, cell_types=True)
    missing = ""

    def submit(self, submission):
        made = HeldRun(submission)
        made.begin()
        return made

    def close(self):
        pass


class Far:
    """The far side of one run of one node, with what was heard of it here."""

    def __init__(self, base, **options):
        self.session = Session(
            settings=base.settings,
            store=base.store,
            registry=base.registry,
            runners=base.runners,
            clock=base.clock,
            backends=Backends([ByHand()], base.settings),
        )
        self.handle = chain(self.session, 1).run(backend="by hand", **options)
        self.run = self.handle._live
        self.at = 0.0
        self.heard = []
        self.outputs_at_end = None
        self.handle.subscribe(self._hear)

    def _hear(self, event):
        self.heard.append(event)
        if isinstance(event, RunEnded):
            self.outputs_at_end = dict(self.run.outputs)

    def make(self, kind, **fields):
        self.at += 1
        return kind(at=self.at, run_id=self.run.run_id, **fields)

    def begin(self):
        self.run.take(
            (
                self.make(RunQueued, flow="chain"),
                self.make(RunStarted),
                self.make(NodeQueued, node_id="n0"),
                self.make(AttemptStarted, node_id="n0", attempt=1, runner="thread"),
            )
        )

    def end(self, state=RunState.COMPLETED):
        return self.make(RunEnded, state=state)

    def complete_node(self):
        return self.make(NodeEnded, node_id="n0", state=NodeState.COMPLETED, attempts=1)

    def settle(self):
        """Wait until everything that was posted is done."""
        import threading

        done = threading.Event()
        self.run.post(done.set)
        assert done.wait(PATIENCE)

    def kinds(self):
        return [type(each).__name__ for each in self.heard]

    def record(self):
        assert self.handle.settle(PATIENCE)
        return self.session.store.run(self.run.run_id)


@pytest.fixture
def far(session):
    return Far(session)


HARVEST = Harvest({"n0.output": pack(1)})
LOST = ErrorFact(type="Lost", code="lost", message="lost")


def test_the_end_is_told_when_the_outputs_are_here(far):
    far.begin()
    far.run.take((far.complete_node(), far.end()))
    far.settle()
    assert far.handle.state is RunState.RUNNING
    assert not far.handle.done

    far.run.finish(HARVEST)

    assert far.record().state is RunState.COMPLETED
    assert far.outputs_at_end == {"n0.output": 1}


def test_what_comes_twice_or_after_the_end_is_told_once(far):
    far.begin()
    far.begin()
    end = far.end()
    far.run.take((far.complete_node(), end, end))
    far.run.take((end,))
    far.run.finish(HARVEST)
    far.run.finish(HARVEST)
    far.run.lose(ErrorFact(type="Late", code="late", message="late"))
    far.run.take((end, far.make(LogWritten, node_id="n0", level="INFO", text="late")))
    record = far.record()

    assert (record.state, record.error) == (RunState.COMPLETED, None)
    assert far.kinds().count("RunEnded") == 1
    assert "RunQueued" not in far.kinds()
    assert far.kinds()[-1] == "RunEnded"
    assert not far.session.store.logs(record.run_id)
    assert far.run.did == ["let_go"]


def test_a_far_side_that_comes_back_without_the_end_lost_the_run(far):
    far.begin()
    far.run.finish(HARVEST)
    record = far.record()

    assert (record.state, record.error.code) == (RunState.FAILED, "backend.lost")
    node = record.nodes["n0"]
    assert (node.state, node.reason) == (NodeState.FAILED, Reason.CRASHED)


@pytest.mark.parametrize("state", [RunState.CANCELLED, RunState.FAILED, RunState.TIMED_OUT])
def test_a_run_whose_end_is_known_ends_so_though_its_process_is_lost(far, state):
    far.begin()
    far.run.take((far.complete_node(), far.end(state)))
    far.run.lose(LOST)
    record = far.record()

    assert (record.state, record.error) == (state, None)


def test_a_completed_run_whose_outputs_are_lost_is_failed(far):
    far.begin()
    far.run.take((far.complete_node(), far.end()))
    far.run.lose(LOST)

    assert far.record().state is RunState.FAILED


def test_a_run_that_is_lost_after_somebody_cancelled_it_is_cancelled(far):
    far.begin()
    far.handle.cancel()
    far.run.lose(LOST)
    record = far.record()

    assert (record.state, record.error) == (RunState.CANCELLED, None)
    assert record.nodes["n0"].state is NodeState.CANCELLED


def test_a_cancel_of_one_node_makes_no_loss_a_cancel(far):
    far.begin()
    far.handle.cancel("n0")
    far.run.lose(LOST)

    assert far.record().state is RunState.FAILED


def test_a_request_that_cannot_be_passed_on_ends_the_process_and_the_run(far):
    far.run.breaks = "ask"
    far.begin()
    far.handle.cancel()
    record = far.record()

    assert record.state is RunState.CANCELLED
    assert far.run.did == ["ask", "force", "let_go"]


@pytest.mark.parametrize("breaks", ["force", "let_go"])
def test_a_process_that_cannot_be_ended_ends_in_the_records_all_the_same(far, breaks, monkeypatch):
    monkeypatch.setattr(remote, "PATIENCE", 0.05)
    far.run.breaks = breaks
    far.begin()
    far.handle.cancel()

    assert far.record().state is RunState.CANCELLED
    assert far.run.did == ["ask", "force", "let_go"]


def test_what_somebody_does_in_the_runs_thread_and_fails_fails_the_run(far):
    def fail():
        raise RuntimeError("odd")

    far.begin()
    far.run.post(fail)
    record = far.record()

    assert (record.state, record.error.code) == (RunState.FAILED, "backend.failed")
    assert far.run.did == ["force", "let_go"]


def test_a_run_that_ended_in_time_is_not_timed_out_while_its_outputs_travel(session, monkeypatch):
    monkeypatch.setattr(remote, "PATIENCE", 0.05)
    far = Far(session, timeout=0.05)
    far.begin()
    far.run.take((far.complete_node(), far.end()))
    assert not far.handle.settle(0.4)

    far.run.finish(HARVEST)

    assert far.record().state is RunState.COMPLETED
    assert far.run.did == ["let_go"]


def test_who_does_not_wait_for_outputs_that_travel_gives_them_up(far, monkeypatch):
    monkeypatch.setattr(remote, "PATIENCE", 0.05)
    far.begin()
    far.run.take((far.complete_node(), far.end()))
    far.handle.cancel()
    record = far.record()

    assert record.state is RunState.CANCELLED
    assert record.nodes["n0"].state is NodeState.COMPLETED
    assert far.run.did == ["force", "let_go"]

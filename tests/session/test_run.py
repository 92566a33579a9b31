"""A run goes from a flow to its values, its states and its records."""

from __future__ import annotations

import _thread
import asyncio
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from dagy_nb.errors import FlowError, RunFailed, UnknownName, UnknownOutput
from dagy_nb.model.event import AttemptStarted, CancelRequested, ErrorFact, Event
from dagy_nb.model.state import NodeState, Reason, RunState
from dagy_nb.protocol.tables import tell_seconds
from dagy_nb.session.flow import Flow
from dagy_nb.session.handle import RunHandle
from dagy_nb.session.result import RunResult, make_failure
from dagy_nb.session.session import Session
from tests.flows import Sleeper, chain, diamond, failing, rescued, slow


def wait_for_start(handle: RunHandle) -> None:
    """Wait until a node of the run is RUNNING."""
    started = threading.Event()

    def hear(event: Event) -> None:
        if isinstance(event, AttemptStarted):
            started.set()

    handle.subscribe(hear)
    if any(node.state is NodeState.RUNNING for node in handle.record.nodes.values()):
        return
    assert started.wait(5)


def test_a_run_returns_the_values_of_its_nodes(session: Session) -> None:
    run = diamond(session).run().wait()

    assert run.state is RunState.COMPLETED
    assert run.outputs["bottom.output"] == 12
    assert run["bottom"].value == 12
    assert {node.state for node in run.values()} == {NodeState.COMPLETED}


def test_a_parameter_reaches_the_config_with_its_type(session: Session) -> None:
    flow = chain(session)

    assert flow.run().wait().outputs["n2.output"] == 4
    assert flow.run(start=5).wait().outputs["n2.output"] == 20


@pytest.mark.parametrize(
    ("values", "code"), [({"strat": 1}, "parameter.unknown"), ({"start": "x"}, "parameter.type")]
)
def test_a_wrong_parameter_is_refused_before_anything_runs(
    session: Session, values: dict[str, Any], code: str
) -> None:
    with pytest.raises(FlowError) as caught:
        chain(session).run(**values)

    assert caught.value.code == code


def test_a_failed_run_raises_with_the_nodes_own_error_as_cause(session: Session) -> None:
    with pytest.raises(RunFailed) as caught:
        failing(session).run().wait()

    assert caught.value.code == "run.failed"
    assert "bad FAILED(raised): on purpose" in caught.value.reason
    assert caught.value.suggestion == f"Look at it with dagy-nb show {caught.value.run_id}."
    assert isinstance(caught.value.__cause__, ValueError)


def test_what_depends_on_a_failure_is_skipped_and_the_rest_finishes(session: Session) -> None:
    run = failing(session).run().wait(check=False)

    assert run.state is RunState.FAILED
    assert (run["bad"].state, run["bad"].reason) == (NodeState.FAILED, Reason.RAISED)
    assert (run["after_bad"].state, run["after_bad"].reason) == (
        NodeState.SKIPPED,
        Reason.UPSTREAM_FAILED,
    )
    assert run["good"].state is NodeState.COMPLETED


def test_a_connected_error_output_turns_a_failure_into_a_value(session: Session) -> None:
    run = rescued(session).run().wait()

    assert run.outputs["rescue.text"] == "told on the error output"
    assert run["risky"].state is NodeState.FAILED


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_node_past_its_limit_ends_in_time_and_its_result_never_appears(
    session: Session, asynchronous: bool
) -> None:
    Sleeper.let_go.clear()
    began = time.monotonic()
    run = slow(session, asynchronous=asynchronous).run().wait(check=False)
    took = time.monotonic() - began
    Sleeper.let_go.set()

    assert run["slow"].state is NodeState.TIMED_OUT
    assert run.state is RunState.FAILED or run.state is RunState.TIMED_OUT
    assert took < 0.5
    assert run.outputs == {}
    assert session.store.run(run.id).nodes["slow"].state is NodeState.TIMED_OUT


def test_a_flows_own_limit_ends_the_run(session: Session) -> None:
    Sleeper.let_go.clear()
    run = slow(session, timeout=None).run(timeout=0.2).wait(check=False)
    Sleeper.let_go.set()

    assert run.state is RunState.TIMED_OUT


def test_cancel_ends_the_run_at_once(session: Session) -> None:
    Sleeper.let_go.clear()
    handle = slow(session, timeout=None).run()
    wait_for_start(handle)
    handle.cancel()
    handle.cancel()
    run = handle.wait(5, check=False)
    Sleeper.let_go.set()

    assert run.state is RunState.CANCELLED
    assert run["slow"].state is NodeState.CANCELLED


def test_another_process_cancels_through_the_store(session: Session) -> None:
    Sleeper.let_go.clear()
    handle = slow(session, timeout=None).run()
    wait_for_start(handle)
    session.store.append(CancelRequested(at=session.clock.now(), run_id=handle.run_id, by="test"))
    run = handle.wait(5, check=False)
    Sleeper.let_go.set()

    assert run.state is RunState.CANCELLED


def test_an_interrupt_of_the_waiting_thread_cancels_that_run(session: Session) -> None:
    Sleeper.let_go.clear()
    handle = slow(session, timeout=None).run()
    wait_for_start(handle)
    threading.Timer(0.2, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        handle.wait(10)
    Sleeper.let_go.set()

    assert handle.state is RunState.CANCELLED


def test_a_run_can_be_awaited(session: Session) -> None:
    async def work() -> Any:
        return await diamond(session).run()

    assert asyncio.run(work()).outputs["bottom.output"] == 12


def test_waiting_gives_up_but_the_run_goes_on(session: Session) -> None:
    Sleeper.let_go.clear()
    handle = slow(session, timeout=None).run()
    with pytest.raises(TimeoutError):
        handle.wait(0.2)
    assert not handle.done

    Sleeper.let_go.set()
    assert handle.wait(5).outputs["slow.y"] == 1


def test_what_a_node_prints_is_logged_and_shown_where_somebody_waits(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    run = chain(session).run().wait()

    logged = [(line.node_id, line.text) for line in session.store.logs(run.id)]
    assert logged == [("n1", "doubling 1"), ("n2", "doubling 2")]
    assert capsys.readouterr().out == "n1 | doubling 1\nn2 | doubling 2\n"


def test_every_run_is_recorded_with_its_exact_flow_and_nodes(session: Session) -> None:
    flow = chain(session)
    first = flow.run().wait()
    flow.remove("n2")
    second = flow.run().wait()

    records = [session.store.run(run.id) for run in (first, second)]
    assert [record.flow_version for record in records] == [1, 2]
    assert Flow.load("chain", 1, session=session).spec.content_hash == records[0].flow_hash
    assert all(node.node_version for node in records[0].nodes.values())


def test_an_unknown_node_of_a_result_is_told(session: Session) -> None:
    run = diamond(session).run().wait()
    with pytest.raises(UnknownName) as caught:
        run["bottem"]

    assert caught.value.code == "unknown.node"


def test_sql_agrees_with_what_ran(session: Session) -> None:
    diamond(session).run().wait()
    failing(session).run().wait(check=False)

    counted = dict(
        session.store.connect()
        .execute("SELECT state, count(*) FROM node_runs GROUP BY 1")
        .fetchall()
    )
    assert counted == {"COMPLETED": 6, "FAILED": 1, "SKIPPED": 1}


def test_a_result_shows_its_nodes_and_what_went_wrong(session: Session) -> None:
    run = failing(session).run().wait(check=False)

    assert repr(run).startswith(f"Run {run.id} of failing: FAILED in ")
    assert "FAILED (raised)" in repr(run)
    assert "on purpose" in repr(run)
    assert "on purpose</td>" in run._repr_html_()


def test_an_output_that_is_not_there_names_the_nearest(session: Session) -> None:
    outputs = chain(session).run(start=5).wait().outputs

    with pytest.raises(UnknownOutput, match=r"Did you mean `n1\.output`") as refused:
        outputs["n1.outptu"]
    assert refused.value.code == "unknown.output"
    assert isinstance(refused.value, KeyError)
    assert outputs.get("n1.outptu") is None
    assert "n1.outptu" not in outputs


def test_the_result_of_a_node_shows_in_a_line_how_it_ended(session: Session) -> None:
    run = failing(session).run().wait(check=False)

    bad = tell_seconds(run["bad"].duration)
    assert repr(run["bad"]) == f"<NodeResult bad fail FAILED (raised) {bad} on purpose>"


def test_a_run_that_failed_as_a_whole_says_why(session: Session) -> None:
    lost = failing(session).run().wait(check=False).record
    fact = ErrorFact(type="WorkerDied", code="backend.worker_died", message="It is gone.")
    nodes = {
        name: replace(each, state=NodeState.CANCELLED, error=None)
        for name, each in lost.nodes.items()
    }
    result = RunResult(lambda: replace(lost, nodes=nodes, error=fact), {})

    assert make_failure(result, {}).reason.endswith(" ended FAILED: It is gone.")

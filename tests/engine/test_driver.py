"""Runs over real runners, from plan to facts and values."""

from __future__ import annotations

import pytest

from dagy_nb.errors import FlowError
from dagy_nb.model.datatype import DataType
from dagy_nb.model.event import (
    AttemptFailed,
    AttemptStarted,
    ErrorFact,
    NodeEnded,
    RunEnded,
    RunQueued,
)
from dagy_nb.model.state import RunState
from dagy_nb.nodes.base import FlowNode, Output
from tests.engine.samples import (
    Branch,
    Flaky,
    Gather,
    Rescue,
    Risky,
    Together,
    add,
    add_later,
    diamond,
    exit_process,
    fail,
    one,
    take_first,
)
from tests.runners import victims as v

EVERYWHERE = pytest.mark.parametrize("runner", ["inline", "thread"])


# --- values ----------------------------------------------------------------------------------------


@EVERYWHERE
@pytest.mark.parametrize("middle", [add, add_later])
def test_values_flow_along_the_edges(run, runner, middle):
    made = run(*diamond(middle), settings={"runner": runner})

    assert made.live.state is RunState.COMPLETED
    assert made.live.outputs == {"a.output": 1, "b.output": 2, "c.output": 3, "d.output": 4}
    assert {e.runner for e in made.events if isinstance(e, AttemptStarted)} == {runner}


def test_many_and_optional_inputs_are_gathered_in_the_order_of_the_edges(run):
    nodes = {"a": one, "b": (one, {"config": {"value": 2}}), "g": Gather}

    made = run(nodes, "b.output -> g.values", "a.output -> g.values")

    assert made.live.outputs["g.seen"] == [2, 1, None]


def test_a_merge_gets_the_branch_that_was_taken(run):
    nodes = {"br": Branch, "y": fail, "n": fail, "g": Gather}

    made = run(
        {**nodes, "y": one, "n": one},
        "br.yes -> g.values",
        "br.no -> g.values",
    )

    assert made.live.outputs["g.seen"] == [1, None]


def test_values_are_let_go_where_nobody_needs_them_any_more(run):
    made = run(*diamond(), settings={"keep_outputs": False})

    assert made.live.outputs == {"d.output": 4}


def test_an_input_that_cannot_take_what_came_breaks_the_contract(run):
    class Anything(FlowNode, register=False):
        y = Output(DataType.ANY)

        def execute(self):
            return "text"

    made = run({"a": Anything, "b": add}, "a.y -> b.left", "a.y -> b.right")

    assert made.states()["b"] == "FAILED(contract)"
    assert made.ended("b").error.code == "contract.input"
    assert "b.left" in made.ended("b").error.message


# --- facts -----------------------------------------------------------------------------------------


def test_the_run_is_recorded_before_start_run_returns(run):
    made = run(*diamond(), wait=False, start={"flow_hash": "abc", "parent_run_id": "nb"})

    queued = made.events[0]
    assert isinstance(queued, RunQueued)
    assert (queued.flow, queued.flow_hash, queued.parent_run_id) == ("flow", "abc", "nb")
    assert [(n.node_id, n.node_type, n.runner, n.timeout) for n in queued.nodes][:1] == [
        ("a", "one", "thread", 60.0)
    ]
    assert all(n.node_version for n in queued.nodes)
    made.wait()


def test_outputs_are_recorded_as_previews_only_and_secret_ones_as_nothing(run):
    class Secret(FlowNode, register=False):
        key = Output(DataType.TEXT, secret=True)
        name = Output(DataType.TEXT)

        def execute(self):
            return {"key": "hunter2", "name": "ada"}

    made = run({"s": Secret})

    previews = made.ended("s").previews
    assert (previews["key"].hidden, previews["key"].summary) == (True, "")
    assert previews["name"].summary == "ada"
    assert "hunter2" not in repr(made.events)
    assert made.live.outputs["s.key"] == "hunter2"


@EVERYWHERE
def test_what_nodes_print_goes_to_their_own_logs(run, runner, capsys):
    made = run(*diamond(), settings={"runner": runner})

    assert made.lines("c") == ["1 + 2"]
    assert made.lines("d") == ["3 + 1"]
    assert capsys.readouterr() == ("", "")


def test_subscribers_hear_every_fact_after_it_was_recorded(run):
    heard = []
    made = run({"a": v.Blocker}, wait=False, start={"subscribers": (heard.append,)})
    assert v.GATE.entered.wait(v.PATIENCE)
    later = []
    made.live.subscribe(later.append)
    v.GATE.opened.set()
    made.wait()

    assert heard == made.events
    assert isinstance(later[-1], RunEnded)


def test_a_failing_subscriber_is_dropped_and_the_run_goes_on(run, caplog):
    def fail_on(event):
        raise RuntimeError("subscriber on purpose")

    made = run(*diamond(), start={"subscribers": (fail_on,)})

    assert made.live.state is RunState.COMPLETED
    assert caplog.text.count("hears no more") == 1


def test_a_failing_store_does_not_fail_the_nodes_and_is_warned_of_once(run, caplog):
    def refuse(events):
        raise OSError("disk full")

    made = run(*diamond(), start={"record": refuse})

    assert made.live.state is RunState.COMPLETED
    assert isinstance(made.live.recording_error, OSError)
    assert caplog.text.count("disk full") == 1


def test_a_store_that_recovers_gets_everything_in_order(run):
    kept, trouble = [], [3]

    def record(events):
        if trouble[0]:
            trouble[0] -= 1
            raise OSError("not yet")
        kept.extend(events)

    made = run(*diamond(), start={"record": record})

    assert made.live.recording_error is None
    assert isinstance(kept[0], RunQueued)
    assert isinstance(kept[-1], RunEnded)
    assert len([e for e in kept if isinstance(e, NodeEnded)]) == 4


# --- failures --------------------------------------------------------------------------------------


@EVERYWHERE
def test_a_failure_keeps_its_exception_and_names_its_lines(run, runner):
    made = run({"a": one, "b": fail}, "a.output -> b.x", settings={"runner": runner})

    error = made.ended("b").error
    assert (error.type, error.message, error.node_id) == ("LookupError", "on purpose", "b")
    assert 'raise LookupError("on purpose")' in error.traceback
    assert "dagy_nb" not in error.traceback
    assert isinstance(made.live.exceptions["b"], LookupError)
    assert made.run_ended.error == error


@EVERYWHERE
def test_leaving_the_process_is_a_failure_that_says_what_to_do(run, runner):
    made = run({"a": one, "b": exit_process}, "a.output -> b.x", settings={"runner": runner})

    assert made.states()["b"] == "FAILED(raised)"
    assert "sys.exit()" in made.ended("b").error.suggestion


@EVERYWHERE
def test_an_iterator_that_ran_out_is_told_as_that(run, runner):
    made = run({"a": one, "b": take_first}, "a.output -> b.x", settings={"runner": runner})

    assert made.ended("b").error.code == "raised.StopIteration"
    assert isinstance(made.live.exceptions["b"], StopIteration)


def test_a_connected_error_output_gets_the_error_as_a_value(run):
    made = run({"r": Risky, "h": Rescue}, "r.error -> h.error")

    assert made.live.state is RunState.COMPLETED
    assert made.live.outputs["h.fact"] == (ErrorFact, "told")


def test_a_failed_attempt_is_repeated(run):
    made = run({"f": (Flaky, {"retries": 5})})

    assert made.live.outputs == {"f.y": 3}
    assert made.ended("f").attempts == 3
    failed = [e.error.message for e in made.events if isinstance(e, AttemptFailed)]
    assert failed == ["attempt 1", "attempt 2"]


def test_a_runner_that_fails_to_start_a_call_crashes_the_node(run, runners):
    class Broken:
        name = "broken"

        def start(self, call, reporter):
            raise RuntimeError("no worker")

        def close(self):
            pass

    runners["thread"] = Broken()
    made = run({"a": one})

    assert made.states()["a"] == "FAILED(crashed)"
    assert made.ended("a").error.message == "no worker"


def test_a_runner_that_is_not_here_is_refused_before_anything_runs(run):
    with pytest.raises(FlowError) as caught:
        run({"a": (one, {"runner": "dask"})})

    assert caught.value.code == "flow.no_runner"


# --- at the same time ------------------------------------------------------------------------------


def test_independent_nodes_run_at_the_same_time(run):
    Together.barrier.reset()

    assert run({"a": Together, "b": Together}).live.state is RunState.COMPLETED


def test_an_inline_body_that_takes_long_does_not_hold_up_the_others(run):
    nodes = {
        "long": (v.Blocker, {"runner": "inline"}),
        "a": (one, {"runner": "thread"}),
        "b": (fail, {"runner": "thread"}),
    }
    made = run(nodes, "a.output -> b.x", wait=False)

    made.wait_for(NodeEnded, "b")
    assert not made.live.done.is_set()

    v.GATE.opened.set()
    made.wait()
    assert made.states()["long"] == "COMPLETED"


def test_start_run_returns_while_the_bodies_run(run):
    made = run({"a": (v.Blocker, {"runner": "inline"})}, wait=False)

    assert v.GATE.entered.wait(5)
    assert made.live.state is RunState.RUNNING
    assert not made.live.wait(0.01)

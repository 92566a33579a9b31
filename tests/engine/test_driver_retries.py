"""Further attempts and triggers over real runners: waits that pass, code of classes, inputs without a value."""

from __future__ import annotations

import time

import pytest

from dagy_nb.model.connector import Cardinality
from dagy_nb.model.datatype import DataType
from dagy_nb.model.event import AttemptFailed, AttemptStarted, NodeProgressed
from dagy_nb.model.state import NodeState, Reason, RunState
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.nodes.function import node
from dagy_nb.nodes.retry import Retry
from tests.engine.samples import Branch, Flaky, fail, one

EVERYWHERE = pytest.mark.parametrize("runner", ["inline", "thread"])


class Busy(ConnectionError):
    """A refusal that passes."""


class Patient(FlowNode, register=False):
    y = Output(DataType.INTEGER)
    retries = 3
    retry = Retry(
        delay=lambda attempt: 0.01 * attempt,
        errors=(ConnectionError,),
        when=lambda error, attempt: "never" not in error.message,
    )

    class Config(FlowNode.Config):
        message: str = "now"

    def execute(self, context):
        if context.attempt < 3:
            raise Busy(self.config.message)
        return context.attempt


class Sleepy(FlowNode, register=False):
    y = Output(DataType.INTEGER)

    async def execute(self, context):
        import asyncio

        if context.attempt < 2:
            await asyncio.sleep(60)
        return context.attempt


class Optionals(FlowNode, register=False):
    """Says what came."""

    number = Input(DataType.INTEGER)
    other = Input(DataType.NUMBER)
    several = Input(DataType.NUMBER, cardinality=Cardinality.MANY)
    seen = Output(DataType.JSON)

    def execute(self, number, other, several):
        return {"seen": [number, other, several]}


@node(register=False)
def fails() -> int:
    raise LookupError("on purpose")


def failed(made):
    return [each for each in made.events if isinstance(each, AttemptFailed)]


@EVERYWHERE
def test_a_class_s_own_code_chooses_waits_and_errors(run, runner):
    made = run({"a": (Patient, {"runner": runner})})

    assert made.live.outputs == {"a.y": 3}
    assert [each.attempt for each in failed(made)] == [1, 2]
    assert [round(each.retry_at - each.at, 3) for each in failed(made)] == [0.01, 0.02]
    assert failed(made)[0].error.kinds == ("ConnectionError", "OSError")


def test_the_next_attempt_begins_when_it_is_due_and_not_before(run):
    made = run({"a": (Flaky, {"retries": 2, "retry": {"delay": 0.05}})})

    begun = {each.attempt: each.at for each in made.events if isinstance(each, AttemptStarted)}
    assert made.ended("a").state is NodeState.COMPLETED
    for each in failed(made):
        assert begun[each.attempt + 1] >= each.retry_at - 0.005


def test_a_class_s_judgement_holds_where_the_flow_says_how(run):
    entry = {"retry": {"delay": 0}, "config": {"message": "never"}}

    made = run({"a": (Patient, entry)})

    assert made.ended("a").attempts == 1
    assert made.ended("a").error.type == "Busy"


@EVERYWHERE
def test_a_limit_is_tried_again_where_that_is_asked_for(run, runner):
    entry = {"runner": runner, "timeout": 0.1, "retries": 1, "retry": {"on": ("timed_out",)}}

    made = run({"a": (Sleepy, entry)})

    assert made.live.outputs == {"a.y": 2}
    (event,) = failed(made)
    assert (event.state, event.enforcement) == (NodeState.TIMED_OUT, "cancelled")


def test_a_cancel_ends_a_wait_of_minutes_at_once(run):
    made = run({"a": (fails, {"retries": 1, "retry": {"delay": 600}})}, wait=False)
    made.wait_for(AttemptFailed, "a")
    before = time.monotonic()

    made.live.cancel()
    made.wait()

    assert time.monotonic() - before < 5
    assert made.ended("a").state is NodeState.CANCELLED
    assert made.live.exceptions == {}


def test_a_wait_past_the_run_s_limit_is_told_and_not_begun(run):
    made = run({"a": (fails, {"retries": 1, "retry": {"delay": 600}})}, timeout=30)

    assert made.live.state is RunState.FAILED
    assert "Not tried again: the next attempt would be due in 600 s" in made.lines("a")[-1]
    assert type(made.live.exceptions["a"]) is LookupError


def test_waits_of_many_nodes_pass_side_by_side(run):
    nodes = {f"n{i}": (Flaky, {"retries": 2, "retry": {"delay": 0.2}}) for i in range(30)}
    before = time.monotonic()

    made = run(nodes, settings={"max_parallel": 2})

    assert made.live.state is RunState.COMPLETED
    assert time.monotonic() - before < 5


def test_no_more_bodies_run_at_a_time_than_the_plan_allows(run):
    Crowd.inside, Crowd.most = 0, 0

    made = run({f"n{i}": Crowd for i in range(12)}, settings={"max_parallel": 2})

    assert made.live.state is RunState.COMPLETED
    assert Crowd.most == 2


class Crowd(FlowNode, register=False):
    """Counts its twins that run at the same time."""

    inside = 0
    most = 0
    y = Output(DataType.INTEGER)

    async def execute(self):
        import asyncio

        Crowd.inside += 1
        Crowd.most = max(Crowd.most, Crowd.inside)
        await asyncio.sleep(0.01)
        Crowd.inside -= 1
        return 1


def test_progress_of_a_further_attempt_begins_anew(run):
    class Half(FlowNode, register=False):
        y = Output(DataType.INTEGER)

        def execute(self, context):
            context.progress(0.2 / context.attempt)
            if context.attempt == 1:
                raise Busy
            return 1

    made = run({"a": (Half, {"retries": 1})})

    told = [each.fraction for each in made.events if isinstance(each, NodeProgressed)]
    assert told == [0.2, 0.1]


# --- triggers --------------------------------------------------------------------------------------


@EVERYWHERE
@pytest.mark.parametrize("keep", [True, False])
def test_required_inputs_without_a_value_are_none_and_break_no_contract(run, runner, keep):
    nodes = {
        "bad": fails,
        "good": one,
        "all": (Optionals, {"trigger": "all_done", "runner": runner}),
    }

    made = run(
        nodes,
        "bad.output -> all.number",
        "bad.output -> all.other",
        "bad.output -> all.several",
        "good.output -> all.several",
        settings={"keep_outputs": keep},
    )

    assert made.live.outputs["all.seen"] == [None, None, [1]]
    assert made.live.state is RunState.FAILED
    assert made.run_ended.error.node_id == "bad"


def test_one_value_is_enough_where_the_node_says_so(run):
    nodes = {"bad": fails, "good": one, "first": (Optionals, {"trigger": "any_success"})}

    made = run(
        nodes,
        "bad.output -> first.number",
        "good.output -> first.other",
        "bad.output -> first.several",
    )

    assert made.live.outputs["first.seen"] == [None, 1, []]
    assert made.live.state is RunState.COMPLETED


def test_a_branch_not_taken_is_no_hindrance_where_the_node_says_so(run):
    nodes = {"br": Branch, "next": (Optionals, {"trigger": "none_failed"})}

    made = run(nodes, "br.no -> next.number", "br.yes -> next.other", "br.no -> next.several")

    assert made.live.outputs["next.seen"] == [None, 1, []]


def test_what_is_not_started_names_the_node_that_failed(run):
    nodes = {"bad": fails, "next": fail, "last": (Optionals, {"trigger": "none_failed"})}

    made = run(
        nodes,
        "bad.output -> next.x",
        "next.output -> last.number",
        "next.output -> last.other",
        "next.output -> last.several",
    )

    end = made.ended("last")
    assert (end.state, end.reason, end.cause) == (
        NodeState.SKIPPED,
        Reason.UPSTREAM_FAILED,
        ("bad",),
    )

"""A flow and its classes become a plan: order, limits, runners, retries, conversions, refusals."""

from __future__ import annotations

import pytest

from dagy_nb.abc import Conversion
from dagy_nb.engine.plan import describe_queued, find_dependents
from dagy_nb.engine.retry import RetryPlan
from dagy_nb.engine.values import RunValues
from dagy_nb.errors import DagyError
from dagy_nb.model.datatype import DataType
from dagy_nb.model.flow import FailurePolicy
from dagy_nb.model.retry import RetrySpec
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.nodes.function import node
from dagy_nb.nodes.retry import Retry
from tests.engine.running import plan_flow
from tests.engine.samples import Branch, Gather, Rescue, Risky, add, add_later, fail, one


def step_of(plan, name):
    (step,) = (each for each in plan.steps if each.node_id == name)
    return step


def test_producers_come_before_consumers_and_declared_order_decides():
    plan = plan_flow(
        {"d": fail, "c": fail, "b": one, "a": one}, "a.output -> c.x", "b.output -> d.x"
    )

    assert [step.node_id for step in plan.steps] == ["b", "d", "a", "c"]


LIMITS = [
    ({}, {}, {}, 60.0, "the setting"),
    ({}, {"node_timeout": 50}, {}, 50.0, "the flow"),
    ({"timeout": 40}, {"node_timeout": 50}, {}, 40.0, "the node"),
    ({"timeout": 40}, {}, {"node_timeout": 30.0}, 30.0, "the call"),
    ({"timeout": 0}, {"node_timeout": 50}, {}, None, "no limit, asked for"),
    ({}, {}, {"default_timeout": None}, None, "no limit by setting"),
]


@pytest.mark.parametrize(("entry", "flow", "call", "limit", "why"), LIMITS)
def test_the_limit_of_a_node_comes_from_the_nearest_level(entry, flow, call, limit, why):
    plan = plan_flow({"a": (one, entry)}, settings=call, **flow)

    assert step_of(plan, "a").timeout == limit


def test_the_class_names_a_limit_below_the_node_and_above_the_flow():
    @node(register=False, timeout=20)
    def limited() -> int:
        return 1

    plan = plan_flow({"a": limited, "b": (limited, {"timeout": 10})}, node_timeout=50)

    assert [step.timeout for step in plan.steps] == [20.0, 10.0]


def test_the_limit_of_the_run_comes_from_the_call_or_the_flow():
    assert plan_flow({"a": one}, timeout=9).timeout == 9
    assert plan_flow({"a": one}, timeout=9, settings={"timeout": 3}).timeout == 3
    assert plan_flow({"a": one}).timeout is None


def test_the_runner_comes_from_call_node_class_or_kind():
    @node(register=False, runner="inline")
    def quick() -> int:
        return 1

    nodes = {"sync": one, "later": add_later, "quick": quick, "node": (quick, {"runner": "thread"})}
    edges = ("sync.output -> later.left", "sync.output -> later.right")

    runners = {step.node_id: step.runner for step in plan_flow(nodes, *edges).steps}
    assert runners == {"sync": "thread", "later": "inline", "quick": "inline", "node": "thread"}

    forced = plan_flow(nodes, *edges, settings={"runner": "thread"})
    assert {step.runner for step in forced.steps} == {"thread"}


def test_what_is_not_safe_is_never_repeated():
    @node(register=False, retries=3, side_effects=True)
    def send() -> int:
        return 1

    @node(register=False, safe_to_retry=False)
    def charge() -> int:
        return 1

    plan = plan_flow({"s": send, "c": (charge, {"retries": 2}), "o": (one, {"retries": 2})})

    assert [step.retries for step in plan.steps] == [0, 0, 2]
    assert [step.retries_refused for step in plan.steps] == [
        "send has side effects",
        "charge is not safe to retry",
        "",
    ]


def grow(attempt):
    return attempt


def always(error, attempt):
    return True


@node(register=False, retries=2, retry=Retry(delay=grow, when=always, on="crashed"), memory_mb=500)
def fetch() -> int:
    return 1


def test_how_a_node_is_tried_again_comes_from_its_class():
    step = step_of(plan_flow({"a": fetch}), "a")

    assert (step.retries, step.memory_mb, step.trigger) == (2, 500, "all_success")
    assert step.retry == RetryPlan(spec=RetrySpec(on=("crashed",)), delay=grow, when=always)


def test_a_flow_says_it_instead_but_the_class_s_judgement_stays():
    entry = {"retries": 5, "retry": {"delay": 3}, "memory_mb": 100, "trigger": "all_done"}
    step = step_of(plan_flow({"a": (fetch, entry)}), "a")

    assert (step.retries, step.memory_mb, step.trigger) == (5, 100, "all_done")
    assert step.retry == RetryPlan(spec=RetrySpec(delay=3), when=always)


def test_a_call_carries_the_limit_of_memory():
    plan = plan_flow({"a": (fetch, {"memory_mb": 100}), "b": one})
    values = RunValues(plan)

    assert [values.make_call(step, 1).memory_mb for step in plan.steps] == [100, None]


def test_a_plan_carries_the_bound_on_what_runs_at_a_time():
    assert plan_flow({"a": one}).max_parallel is None
    assert plan_flow({"a": one}, settings={"max_parallel": 3}).max_parallel == 3


def test_a_node_with_a_hook_for_cancels_gets_time_for_it():
    class Tidy(FlowNode, register=False):
        def execute(self):
            return None

        def on_cancel(self, context):
            return None

    plan = plan_flow({"t": Tidy, "o": one})

    assert step_of(plan, "t").hook_seconds > 0
    assert step_of(plan, "o").hook_seconds == 0


class Loose(FlowNode, register=False):
    any = Output(DataType.ANY)
    both = Output(DataType.TEXT, DataType.INTEGER)
    number = Output(DataType.INTEGER)


class LooseMade(Loose, register=False):
    def execute(self):
        return {}


CONVERSIONS = [
    ("number", (DataType.INTEGER,), None),
    ("number", (DataType.ANY,), None),
    ("any", (DataType.ANY,), None),
    ("both", (DataType.INTEGER, DataType.TEXT), None),
    ("number", (DataType.NUMBER,), ((DataType.INTEGER,), (DataType.NUMBER,))),
    ("number", (DataType.SIGNAL,), ((DataType.INTEGER,), (DataType.SIGNAL,))),
    ("any", (DataType.TABLE,), ((DataType.ANY,), (DataType.TABLE,))),
    ("both", (DataType.TEXT,), ((DataType.TEXT, DataType.INTEGER), (DataType.TEXT,))),
]


@pytest.mark.parametrize(("output", "accepted", "conversion"), CONVERSIONS)
def test_a_value_is_converted_only_where_its_type_may_not_fit(output, accepted, conversion):
    class Taker(FlowNode, register=False):
        x = Input(*accepted)

        def execute(self, x):
            return None

    plan = plan_flow({"a": LooseMade, "b": Taker}, f"a.{output} -> b.x")

    (source,) = step_of(plan, "b").bindings[0].sources
    assert source.conversion == (conversion and Conversion(*conversion))


def test_a_connected_error_output_catches_unless_its_handler_is_disabled():
    caught = plan_flow({"r": Risky, "h": Rescue}, "r.error -> h.error")
    alone = plan_flow({"r": Risky, "h": (Rescue, {"disabled": True})}, "r.error -> h.error")

    assert step_of(caught, "r").error_outputs == ("error",)
    assert step_of(alone, "r").error_outputs == ()


def test_sinks_are_the_enabled_nodes_that_no_enabled_node_waits_for():
    plan = plan_flow(
        {"a": one, "b": fail, "c": (fail, {"disabled": True}), "d": one},
        "a.output -> b.x",
        "b.output -> c.x",
    )

    assert [step.node_id for step in plan.steps if step.is_sink] == ["b", "d"]


def test_dependents_are_found_through_others():
    plan = plan_flow(
        {"a": one, "b": fail, "c": fail, "d": one}, "a.output -> b.x", "b.output -> c.x"
    )

    assert find_dependents(plan, "a") == ["b", "c"]
    assert find_dependents(plan, "d") == []


def test_the_failure_policy_is_the_flows():
    assert plan_flow({"a": one}, failure_policy="stop").failure_policy is FailurePolicy.STOP


REFUSED = {
    "edge.cycle": ({"a": fail, "b": fail}, ["a.output -> b.x", "b.output -> a.x"], "a → b → a"),
    "input.missing": ({"a": add}, [], "a.left"),
    "edge.unknown_node": ({"a": one}, ["a.output -> b.x"], "'b'"),
    "edge.unknown_connector": ({"a": one, "b": fail}, ["a.outptu -> b.x"], "'outptu'"),
}


@pytest.mark.parametrize("code", REFUSED)
def test_a_flow_that_cannot_run_is_refused_with_its_place(code):
    nodes, edges, place = REFUSED[code]

    with pytest.raises(DagyError) as caught:
        plan_flow(nodes, *edges)

    assert caught.value.code == code
    assert place in caught.value.reason
    assert caught.value.suggestion


def test_an_unknown_type_is_refused_with_the_nearest_name(monkeypatch):
    import tests.engine.running as running

    spec, classes = running.flow_of({"a": one})
    monkeypatch.setattr(running, "flow_of", lambda *_, **__: (spec, {"once": classes["one"]}))

    with pytest.raises(DagyError) as caught:
        plan_flow({})

    assert caught.value.code == "unknown.node_type"
    assert "once" in caught.value.suggestion


def test_missing_inputs_of_a_disabled_node_do_not_matter():
    plan = plan_flow({"a": (add, {"disabled": True})})

    assert step_of(plan, "a").disabled


def test_many_and_optional_inputs_bind_what_leads_into_them():
    plan = plan_flow({"b": Branch, "g": Gather}, "b.no -> g.values", "b.yes -> g.values")

    values, extra = step_of(plan, "g").bindings
    assert [source.output for source in values.sources] == ["no", "yes"]
    assert extra.sources == ()
    assert step_of(plan, "g").producers == ("b",)


def test_the_first_fact_names_every_node_with_version_runner_and_limit():
    plan = plan_flow({"a": (one, {"timeout": 5})}, settings={"parameters": {"month": 2}})

    event = describe_queued(plan, at=7.0, flow_hash="abc")

    (planned,) = event.nodes
    assert (planned.node_id, planned.node_type, planned.runner, planned.timeout) == (
        "a",
        "one",
        "thread",
        5.0,
    )
    assert planned.node_version == one.spec.version
    assert (event.at, event.flow_hash, event.parameters) == (7.0, "abc", {"month": 2})

"""Map on real runs: one node run for each item, in order, with errors as values."""

from __future__ import annotations

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagy_nb.errors import RunFailed
from dagy_nb.model.datatype import DataType
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.nodes.base import FlowNode, Input, NodeMeta, Output
from tests.nodes.builtin.mapped import children, make, run


@pytest.mark.parametrize("count", [0, 1, 2, 9])
@pytest.mark.parametrize("runner", ["inline", "thread"])
def test_results_stand_in_the_order_of_the_items(session, count, runner):
    found = run(session, list(range(count)), node_options={"runner": runner})

    assert found.outputs["map.results"] == [2 * each for each in range(count)]
    assert found.outputs["map.errors"] == []


def test_an_item_that_takes_longer_keeps_its_place(session, until):
    order: list[int] = []
    last_is_done = threading.Event()

    def execute(self, x):
        if x == 0:
            last_is_done.wait(10)
        order.append(x)
        if x == 3:
            last_is_done.set()
        return x

    session.adopt(
        NodeMeta(
            "Late",
            (FlowNode,),
            {"x": Input(DataType.INTEGER), "y": Output(DataType.INTEGER), "execute": execute},
        )
    )

    found = run(session, [0, 1, 2, 3], node="Late", parallel=4)

    assert found.outputs["map.results"] == [0, 1, 2, 3]
    assert order.index(0) > order.index(3)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    items=st.lists(st.integers(-50, 50), max_size=12),
    parallel=st.integers(1, 5),
    bad=st.integers(0, 4),
    policy=st.sampled_from(["drop", "include"]),
)
def test_a_map_is_a_plain_map(session, items, parallel, bad, policy):
    found = run(
        session, items, node="Picky", node_config={"bad": bad}, parallel=parallel, on_error=policy
    )

    is_bad = [bool(bad) and each % bad == 0 for each in items]
    good = [10 * each for each, fails in zip(items, is_bad, strict=True) if not fails]
    results = found.outputs["map.results"]
    assert found.state is RunState.COMPLETED
    assert [each for each in results if not isinstance(each, dict)] == good
    assert [each["index"] for each in found.outputs["map.errors"]] == [
        index for index, fails in enumerate(is_bad) if fails
    ]
    if policy == "include":
        assert [isinstance(each, dict) for each in results] == is_bad


def test_a_failed_item_is_an_error_value(session):
    found = run(session, [1, 3, 4], node="Picky", on_error="include")

    error = found.outputs["map.results"][1]
    assert error == found.outputs["map.errors"][0]
    assert (error["index"], error["node"], error["attempt"]) == (1, "item_0002", 1)
    assert (error["type"], error["message"]) == ("ValueError", "no 3")
    assert "raise ValueError" in error["traceback"]
    assert found.outputs["map.results"][::2] == [10, 40]


def test_by_default_a_failed_item_fails_the_map_once_all_have_ended(session):
    found = run(session, [1, 3, 4, 6, 7], node="Picky")

    error = found["map"].record.error
    assert error.code == "run.items_failed"
    assert "dagy_nb/" not in error.traceback
    assert (
        "2 of 5 items failed; the first is item_0002 (index 1): ValueError: no 3" in error.message
    )
    inner = session.store.run(children(session, found)[0].run_id)
    assert inner.state is RunState.FAILED
    assert [each.state for each in inner.nodes.values()].count(NodeState.COMPLETED) == 3


def test_the_items_own_exception_is_the_cause(session):
    with pytest.raises(RunFailed) as caught:
        make(session, [3], node="Picky").run().wait()

    chain = caught.value.__cause__
    assert isinstance(chain, RunFailed)
    assert isinstance(chain.__cause__, ValueError)


def test_a_failed_map_can_be_caught(session):
    flow = make(session, [3], node="Picky")
    flow.add("Catch", id="catch")
    flow.connect("map.error", "catch.error")

    found = flow.run().wait()

    assert found.outputs["catch.details"]["code"] == "run.items_failed"


def test_failed_items_are_lines_of_the_map(session):
    for policy, level in (("raise", "ERROR"), ("drop", "WARNING")):
        found = run(session, list(range(90)), node="Picky", on_error=policy, parallel=1)
        lines = [each for each in session.store.logs(found.id, "map") if each.level == level]
        assert lines[0].text == "item_0001 FAILED: ValueError: no 0"
        assert len(lines) == 21
        assert lines[-1].text == "… and 10 more that did not complete."


def test_items_whose_errors_are_data_do_not_fail_their_run(session):
    for policy, state in (("drop", RunState.COMPLETED), ("raise", RunState.FAILED)):
        found = run(session, [1, 3], node="Picky", on_error=policy)
        assert found.state is state
        assert children(session, found)[0].state is state


def test_items_are_runs_of_their_own_which_lists_do_not_show(session):
    found = run(session, [1, 2], node="double")

    inner = session.store.run(children(session, found)[0].run_id)
    assert [each.run_id for each in session.store.runs().runs] == [found.id]
    assert (inner.parent_run_id, inner.parent_node_id) == (found.id, "map")
    assert list(inner.nodes) == ["item_0001", "item_0002"]
    assert inner.nodes["item_0001"].node_type == "double"
    assert inner.nodes["item_0001"].runner == "thread"
    assert found["map"].record.runner == "nested"


def test_a_map_over_a_node_with_side_effects_is_not_tried_again(session):
    tried: list[int] = []

    def execute(self, x):
        tried.append(x)
        raise ValueError("no")

    body = {"x": Input(DataType.INTEGER), "side_effects": True, "execute": execute}
    session.adopt(NodeMeta("Effect", (FlowNode,), body))
    flow = make(session, [1], node="Effect")
    flow.configure("map", retries=3)

    found = flow.run().wait(check=False)

    assert tried == [1]
    assert found["map"].record.attempts == 1
    assert "Not tried again: Effect has side effects." in [
        each.text for each in session.store.logs(found.id, "map")
    ]


def test_a_map_that_is_tried_again_has_a_run_for_each_attempt(session):
    flow = make(session, [3], node="Picky")
    flow.configure("map", retries=1)

    found = flow.run().wait(check=False)

    assert found["map"].record.attempts == 2
    assert len(children(session, found)) == 2


def test_an_input_that_shared_must_fill_is_missed_once_and_not_by_each_item(session):
    flow = make(session, [1, 2], node="add", input="left")

    found = flow.run().wait(check=False)

    assert found["map"].error.code == "convert.no_input"
    assert "add.right" in found["map"].error.message
    assert "shared" in found["map"].error.suggestion

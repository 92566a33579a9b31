"""A Map while it runs: bounded, watched, cancelled, and never left over."""

from __future__ import annotations

import threading
import time

import pytest

from dagy_nb.model.datatype import DataType
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.nodes.base import FlowNode, Input, NodeMeta, Output
from tests.nodes.builtin.mapped import Gated, children, make, run


def is_of_a_run(thread: threading.Thread) -> bool:
    """Whether a thread carries a run, or waits for one inside a node; idle workers of runners do not."""
    return thread.name.startswith(("dagy run", "dagy inside"))


def test_the_map_tells_how_many_have_ended(session):
    heard = []
    handle = make(session, list(range(10)), node="double", parallel=1).run()
    handle.subscribe(heard.append)
    found = handle.wait()

    assert found["map"].record.message == "10 of 10"
    assert found["map"].record.fraction == 1.0


def test_no_more_run_at_a_time_than_allowed(session, gated, until):
    handle = make(session, list(range(12)), node="Gated", parallel=3).run()
    until(lambda: gated.begun == 3)
    gated.gate.set()
    found = handle.wait()

    assert found.outputs["map.results"] == list(range(12))
    assert gated.most == 3


@pytest.mark.parametrize("how", ["run", "node", "timeout"])
def test_a_map_that_is_to_end_ends_every_item(session, gated, until, how):
    flow = make(session, list(range(20)), node="Gated", parallel=4)
    if how == "timeout":
        flow.configure("map", timeout=0.3)
    handle = flow.run()
    until(lambda: gated.begun == 4)
    began = time.monotonic()
    if how != "timeout":
        handle.cancel("map" if how == "node" else "")
    found = handle.wait(check=False)

    assert time.monotonic() - began < 3
    assert gated.begun == 4
    wanted = NodeState.TIMED_OUT if how == "timeout" else NodeState.CANCELLED
    assert found["map"].state is wanted
    assert found["map"].record.enforcement == "cancelled"
    inner = session.store.run(children(session, found)[0].run_id)
    assert inner.state is RunState.CANCELLED
    assert {each.state for each in inner.nodes.values()} == {NodeState.CANCELLED}


def test_a_map_has_ended_only_when_its_items_have(session, until):
    """Items that will not end are given up by the inner run, at its own pace, before the outer one ends."""
    gate, begun = threading.Event(), threading.Event()

    def execute(self, x):
        begun.set()
        while not gate.is_set():
            try:
                gate.wait(0.05)
            except BaseException:
                continue
        return x

    session.adopt(
        NodeMeta(
            "Stubborn",
            (FlowNode,),
            {"x": Input(DataType.INTEGER), "y": Output(DataType.INTEGER), "execute": execute},
        )
    )
    config = {"node": "Map", "node_config": {"node": "Stubborn"}, "input": "items"}
    handle = make(session, [[1, 2]], **config).run()
    assert begun.wait(10)
    handle.cancel()
    found = handle.wait(check=False)
    gate.set()

    assert found["map"].record.enforcement == "abandoned"
    middle = session.store.run(children(session, found)[0].run_id)
    inner = session.store.run(session.store.runs(parent=middle.run_id).runs[0].run_id)
    assert {each.state for each in inner.nodes.values()} == {NodeState.CANCELLED}
    assert inner.ended_at <= middle.nodes["item_0001"].ended_at
    assert middle.ended_at <= found["map"].record.ended_at


def test_a_wide_map_leaves_nothing_behind(session, until):
    run(session, [1], node="double")

    found = run(session, list(range(300)), node="double", node_options={"runner": "inline"})

    assert found.outputs["map.results"] == [2 * each for each in range(300)]
    until(lambda: not [each for each in threading.enumerate() if is_of_a_run(each)])


def test_an_item_has_the_limit_and_retries_of_its_options(session, gated):
    found = run(
        session,
        [1, 2],
        node="Gated",
        node_options={"timeout": 0.1},
        on_error="include",
    )

    assert [each["type"] for each in found.outputs["map.results"]] == ["NodeTimeout"] * 2

    tries: dict[int, int] = {}

    def execute(self, x):
        tries[x] = tries.get(x, 0) + 1
        if tries[x] < 3:
            raise ValueError("again")
        return x

    session.adopt(
        NodeMeta(
            "Flaky",
            (FlowNode,),
            {"x": Input(DataType.INTEGER), "y": Output(DataType.INTEGER), "execute": execute},
        )
    )
    found = run(session, [5, 6], node="Flaky", node_options={"retries": 2})
    assert found.outputs["map.results"] == [5, 6]
    assert tries == {5: 3, 6: 3}


def test_the_flows_limit_for_nodes_holds_for_items_and_not_for_the_map(session, gated):
    flow = make(session, [1], node="Gated", on_error="include")
    flow.describe(node_timeout=0.1)

    found = flow.run().wait()

    assert found.outputs["map.results"][0]["type"] == "NodeTimeout"


def test_a_live_run_keeps_to_the_definition_it_began_with(session, gated, until):
    handle = make(session, [1, 2, 3], node="Gated", parallel=1).run()
    until(lambda: gated.begun == 1)
    body = {
        "__module__": Gated.__module__,
        "x": Input(DataType.INTEGER),
        "y": Output(DataType.INTEGER),
        "execute": lambda self, x: -x,
    }
    session.registry.register(NodeMeta("Gated", (FlowNode,), body))
    gated.gate.set()

    assert handle.wait().outputs["map.results"] == [1, 2, 3]
    assert run(session, [1], node="Gated").outputs["map.results"] == [-1]
    session.registry.register(Gated)


def test_a_map_runs_inside_a_map(session):
    config = {"node": "Map", "node_config": {"node": "double"}, "input": "items"}

    found = run(session, [[1, 2], [], [3]], **config)

    assert [each["results"] for each in found.outputs["map.results"]] == [[2, 4], [], [6]]


def test_cancelling_reaches_the_innermost_items(session, gated, until):
    config = {"node": "Map", "node_config": {"node": "Gated"}, "input": "items"}
    handle = make(session, [[1, 2], [3, 4]], **config).run()
    until(lambda: gated.begun == 4)
    handle.cancel()
    found = handle.wait(check=False)

    assert found["map"].record.enforcement == "cancelled"
    middle = children(session, found)[0]
    inner = list(session.store.runs(parent=middle.run_id).runs)
    assert len(inner) == 2
    for each in inner:
        states = {one.state for one in session.store.run(each.run_id).nodes.values()}
        assert states == {NodeState.CANCELLED}


def test_what_items_print_is_shown_by_the_map(session, capsys):
    found = make(session, [1, 2], node="double", parallel=1).run().wait()

    assert [(each.level, each.text) for each in session.store.logs(found.id, "map")] == [
        ("STDOUT", "item_0001 | doubling 1"),
        ("STDOUT", "item_0002 | doubling 2"),
    ]
    assert capsys.readouterr().out.splitlines() == [
        "map | item_0001 | doubling 1",
        "map | item_0002 | doubling 2",
    ]
    inner = children(session, found)[0]
    assert [each.text for each in session.store.logs(inner.run_id)] == ["doubling 1", "doubling 2"]


def test_a_run_inside_a_node_can_be_cancelled_by_its_own_id(session, gated, until):
    config = {"node": "Map", "node_config": {"node": "Gated"}, "input": "items"}
    handle = make(session, [[1, 2]], **config, on_error="include").run()
    until(lambda: gated.begun == 2)
    middle = session.store.runs(parent=handle.id).runs[0]
    inner = session.store.runs(parent=middle.run_id).runs[0]

    session.cancel(inner.run_id, "item_0001")
    until(
        lambda: gated.now < 2 or session.store.run(inner.run_id).nodes["item_0001"].state.is_final
    )
    gated.gate.set()
    found = handle.wait()

    states = [each.state for each in session.store.run(inner.run_id).nodes.values()]
    assert states == [NodeState.CANCELLED, NodeState.COMPLETED]
    assert found.outputs["map.results"][0]["code"] == "run.items_failed"


@pytest.mark.parametrize("ended", range(0, 40, 4))
def test_a_map_cancelled_at_any_moment_leaves_no_item_open(session, until, ended):
    handle = make(session, list(range(40)), node="Picky", on_error="drop", parallel=3).run()
    until(lambda: handle.record.nodes["map"].fraction * 40 >= ended or handle.done)
    handle.cancel()
    found = handle.wait(check=False)

    assert found["map"].state.is_final
    for each in children(session, found):
        inner = session.store.run(each.run_id)
        assert inner.state.is_final
        assert all(one.state.is_final for one in inner.nodes.values())
    until(lambda: not [each for each in threading.enumerate() if is_of_a_run(each)])

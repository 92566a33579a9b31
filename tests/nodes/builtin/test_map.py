"""Map on real runs: one node run for each item, in order, bounded, with errors as values, and never left over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tests.flows  # noqa: F401 - registers the nodes named here
from dagy_nb.errors import CheckFailed, ConfigError, RunFailed
from dagy_nb.model.datatype import DataType
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.nodes.base import FlowNode, Input, NodeMeta, Output
from dagy_nb.nodes.function import node
from dagy_nb.session.flow import Flow

TABLES: dict[str, Callable[[dict], Any]] = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "polars lazy": pl.LazyFrame,
    "pyarrow": pa.table,
}
HELD: dict[str, Any] = {}


class Give(FlowNode, register=False):
    """Gives what the test put aside under a name."""

    value = Output(DataType.ANY)

    class Config(FlowNode.Config):
        key: str = "items"

    def execute(self):
        return {"value": HELD[self.config.key]}


class Picky(FlowNode):
    """Ten times the item; fails for multiples of `bad`."""

    category = "Tests"
    x = Input(DataType.INTEGER)
    y = Output(DataType.INTEGER)

    class Config(FlowNode.Config):
        bad: int = 3

    def execute(self, context, x):
        if self.config.bad and x % self.config.bad == 0:
            msg = f"no {x}"
            raise ValueError(msg)
        return 10 * x


class Gated(FlowNode):
    """Counts how many run at a time, and holds until the gate opens."""

    category = "Tests"
    x = Input(DataType.INTEGER)
    y = Output(DataType.INTEGER)
    gate = threading.Event()
    lock = threading.Lock()
    now, most, begun = 0, 0, 0

    def execute(self, context, x):
        cls = type(self)
        with cls.lock:
            cls.now += 1
            cls.begun += 1
            cls.most = max(cls.most, cls.now)
        while not cls.gate.wait(0.005):
            context.cancel.raise_if_requested()
        with cls.lock:
            cls.now -= 1
        return x


@node(category="Tests")
def scale(x: int, by: int, offset: int = 0) -> int:
    return x * by + offset


@node(category="Tests")
def count_rows(part: pd.DataFrame) -> int:
    return len(part)


@node(category="Tests")
def total(values: list) -> int:
    return sum(values)


class Split(FlowNode):
    category = "Tests"
    x = Input(DataType.INTEGER)
    half = Output(DataType.NUMBER)
    twice = Output(DataType.INTEGER)

    def execute(self, x):
        return {"half": x / 2, "twice": 2 * x}


class Echo(FlowNode):
    category = "Tests"
    part = Input(DataType.TABLE)
    same = Output(DataType.TABLE)

    def execute(self, part):
        return {"same": part}


@pytest.fixture
def gated():
    Gated.gate.clear()
    Gated.now = Gated.most = Gated.begun = 0
    yield Gated
    Gated.gate.set()


def make(session, items, **config) -> Flow:
    HELD["items"] = items
    flow = Flow("mapped", session=session)
    flow.add(Give, id="give")
    flow.add("Map", id="map", **{"node": "double", **config})
    flow.connect("give.value", "map.items")
    return flow


def run(session, items, **config) -> Any:
    return make(session, items, **config).run().wait(check=False)


def children(session, result) -> list[Any]:
    return list(session.store.runs(parent=result.id).runs)


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
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
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


def test_items_whose_errors_are_data_do_not_fail_their_run(session):
    for policy, state in (("drop", RunState.COMPLETED), ("raise", RunState.FAILED)):
        found = run(session, [1, 3], node="Picky", on_error=policy)
        assert found.state is state
        assert children(session, found)[0].state is state


def test_a_wide_map_leaves_nothing_behind(session, until):
    run(session, [1], node="double")
    before = threading.active_count()

    found = run(session, list(range(300)), node="double", node_options={"runner": "inline"})

    assert found.outputs["map.results"] == [2 * each for each in range(300)]
    until(lambda: threading.active_count() <= before)


def test_items_are_runs_of_their_own_which_lists_do_not_show(session):
    found = run(session, [1, 2], node="double")

    inner = session.store.run(children(session, found)[0].run_id)
    assert [each.run_id for each in session.store.runs().runs] == [found.id]
    assert (inner.parent_run_id, inner.parent_node_id) == (found.id, "map")
    assert list(inner.nodes) == ["item_0001", "item_0002"]
    assert inner.nodes["item_0001"].node_type == "double"
    assert inner.nodes["item_0001"].runner == "thread"
    assert found["map"].record.runner == "nested"


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


def test_every_item_gets_the_shared_value(session):
    HELD["by"] = 100
    flow = make(session, [1, 2], node="scale", node_config={"offset": 5}, input="x")
    flow.add(Give, id="by", key="by")
    flow.connect("by.value", "map.shared")

    assert flow.run().wait().outputs["map.results"] == [105, 205]


def test_several_outputs_become_one_mapping_for_each_item(session):
    found = run(session, [1, 4], node="Split")

    assert found.outputs["map.results"] == [{"half": 0.5, "twice": 2}, {"half": 2.0, "twice": 8}]


def test_an_item_of_a_wrong_type_fails_by_itself(session):
    found = run(session, [1, "two", 3], node="double", on_error="include")

    assert found.outputs["map.results"][1]["code"] == "contract.input"
    assert found.outputs["map.results"][::2] == [2, 6]


def test_an_array_is_gone_over_by_its_first_axis(session):
    assert run(session, np.array([1, 2, 3])).outputs["map.results"] == [2, 4, 6]


def test_a_list_may_be_parted(session):
    found = run(session, list(range(7)), node="total", partition_size=3)

    assert found.outputs["map.results"] == [3, 12, 6]


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_is_parted_by_a_column_in_the_order_of_first_sight(session, kind):
    table = TABLES[kind]({"key": ["b", "a", "b", None, "a", "b"], "x": range(6)})

    found = run(session, table, node="count_rows", partition_by="key")

    assert found.outputs["map.results"] == [3, 2, 1]


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_is_parted_by_rows_and_put_together_again(session, kind):
    table = TABLES[kind]({"x": range(7), "y": [str(each) for each in range(7)]})

    found = run(session, table, node="Echo", partition_size=3, combine="table")

    whole = found.outputs["map.results"]
    loaded = table.collect() if kind == "polars lazy" else table
    assert type(whole) is type(loaded)
    assert whole.equals(loaded)
    inner = children(session, found)[0]
    assert len(session.store.run(inner.run_id).nodes) == 3


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_without_rows_is_one_part_where_a_table_is_wanted(session, kind):
    empty = TABLES[kind]({"x": []})

    found = run(session, empty, node="Echo", partition_by="x", combine="table")

    assert len(found.outputs["map.results"]) == 0
    assert run(session, empty, node="Echo", partition_size=2).outputs["map.results"] == []


@pytest.mark.parametrize(
    ("items", "config", "code"),
    [
        (3, {}, "convert.no_list"),
        ("text", {}, "convert.no_list"),
        ({"a": 1}, {}, "convert.no_list"),
        (pd.DataFrame({"x": [1]}), {}, "convert.no_partition"),
        ([1], {"partition_by": "x"}, "convert.no_partition"),
        (pd.DataFrame({"x": [1]}), {"partition_by": "y"}, "convert.no_column"),
    ],
)
def test_what_a_map_cannot_go_over_is_told_by_code(session, items, config, code):
    assert run(session, items, **config)["map"].record.error.code == code


@pytest.mark.parametrize(
    ("config", "field", "words"),
    [
        ({"node": "doubel"}, "node", "Did you mean `double`?"),
        ({"node": "scale"}, "input", "2 inputs that could take the item"),
        ({"node": "double", "input": "z"}, "input", "no input 'z'"),
        ({"node": "add", "input": "left", "shared_input": "left"}, "input", "no value"),
        ({"node": "number"}, "input", "0 inputs"),
        ({"node": "Picky", "node_config": {"bda": 3}}, "node_config.bda", "no config field"),
        ({"node": "Picky", "node_config": {"bad": "x"}}, "node_config.bad", "integer"),
        ({"node": "double", "node_options": {"timout": 3}}, "node_options", "no option 'timout'"),
        ({"node": "double", "node_options": {"timeout": -3}}, "node_options", "timeout"),
        ({"node": "double", "node_options": {"runner": "moon"}}, "node_options", "runner"),
        ({"node": "double", "parallel": 0}, "parallel", "greater than or equal"),
        ({"node": "double", "partition_by": "x", "partition_size": 2}, "", "not both"),
        ({"node": "Branch", "node_config": {"when": "value >"}}, "node_config.when", "syntax"),
    ],
)
def test_a_wrong_config_is_told_before_the_run(session, config, field, words):
    flow = Flow("wrong", session=session)

    with pytest.raises(ConfigError) as caught:
        flow.add("Map", id="map", **config)

    assert caught.value.problems[0][0] == field
    assert words in caught.value.problems[0][1]


def test_a_body_that_is_gone_is_a_finding_at_the_map(session):
    session.registry.register(
        NodeMeta("Gone", (FlowNode,), {"x": Input(), "execute": lambda self, x: None})
    )
    flow = make(session, [1], node="Gone")
    spec = flow.spec.model_dump(mode="json")
    spec["nodes"][1]["config"]["node"] = "Gonne"
    flow.replace(type(flow.spec).model_validate(spec))

    found = next(each for each in flow.check() if each.severity == "error")

    assert (found.place.node, found.place.field) == ("map", "node")
    assert "Did you mean `Gone`?" in found.message
    with pytest.raises(CheckFailed):
        flow.run()


def test_parameters_reach_the_config_of_the_items(session):
    HELD["items"] = [1, 2]
    flow = Flow("set", parameters={"by": 3, "bad": 0}, session=session)
    flow.add(Give, id="give")
    flow.add("Map", id="map", node="Picky", node_config={"bad": flow.param("bad")})
    flow.connect("give.value", "map.items")

    assert flow.run().wait().outputs["map.results"] == [10, 20]
    assert flow.run(bad=2).wait(check=False)["map"].record.error.code == "run.items_failed"


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


def test_a_map_is_written_in_yaml(session):
    flow = Flow.from_yaml(
        """
name: written
nodes:
  ways: {type: Merge, config: {take: all}}
  one: {type: number, config: {value: 1}}
  two: {type: number, config: {value: 2}}
  map:
    type: Map
    config: {node: Picky, node_config: {bad: 2}, parallel: 2, on_error: drop}
edges:
  - one.output -> ways.values
  - two.output -> ways.values
  - ways.value -> map.items
""",
        session=session,
    )

    assert flow.check() == []
    assert flow.run().wait().outputs["map.results"] == [10]
    assert Flow.from_yaml(flow.to_yaml(), session=session).spec == flow.spec


def test_outside_a_run_a_map_says_what_it_needs():
    from dagy_nb.errors import DagyError
    from dagy_nb.nodes.builtin.map import Map
    from dagy_nb.nodes.context import ExecutionContext

    with pytest.raises(DagyError) as caught:
        Map.create({"node": "double"}).execute(ExecutionContext(), [1], None)

    assert caught.value.code == "node.needs_run"


def test_a_disabled_map_is_not_planned(session):
    flow = make(session, [1], node="double")
    flow.configure("map", disabled=True)

    assert flow.run().wait()["map"].state is NodeState.SKIPPED

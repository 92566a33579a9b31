"""What a Map goes over, what it needs to know for that, and what is told before the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dagy_nb.errors import CheckFailed, ConfigError
from dagy_nb.model.state import NodeState
from dagy_nb.nodes.base import FlowNode, Input, NodeMeta
from dagy_nb.session.flow import Flow
from tests.nodes.builtin.mapped import HELD, Give, children, make, run

TABLES: dict[str, Callable[[dict], Any]] = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "polars lazy": pl.LazyFrame,
    "pyarrow": pa.table,
}


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
    ("items", "config"), [([], {"node": "Echo"}), ([3, 6], {"node": "Picky", "on_error": "drop"})]
)
def test_where_nothing_is_left_the_table_is_empty(session, items, config):
    found = run(session, items, combine="table", **config)

    whole = found.outputs["map.results"]
    assert isinstance(whole, pd.DataFrame)
    assert whole.empty


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
    assert "Did you mean `Gone`" in found.message  # and what other tests defined
    assert not found.message.endswith("?.")
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


def test_a_disabled_map_is_not_planned(session):
    flow = make(session, [1], node="double")
    flow.configure("map", disabled=True)

    assert flow.run().wait()["map"].state is NodeState.SKIPPED


def test_outside_a_run_a_map_says_what_it_needs():
    from dagy_nb.errors import DagyError
    from dagy_nb.nodes.builtin.map import Map
    from dagy_nb.nodes.context import ExecutionContext

    with pytest.raises(DagyError) as caught:
        Map.create({"node": "double"}).execute(ExecutionContext(), [1], None)

    assert caught.value.code == "node.needs_run"

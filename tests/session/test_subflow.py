"""A flow as a node: its open ends, its parameters, its errors."""

from __future__ import annotations

import threading

import pytest

from dagy_nb.errors import (
    RunFailed,
)
from dagy_nb.model.connector import Cardinality
from dagy_nb.model.datatype import DataType
from dagy_nb.model.state import NodeState, Reason, RunState
from dagy_nb.nodes.base import FlowNode, Input, NodeMeta, Output
from dagy_nb.session.flow import Flow
from tests.flows import double, fail, number
from tests.session.subflows import make_inner, make_outer

COUNT = iter(range(1_000_000))


@pytest.fixture
def session(session):
    session.registry.discover()
    return session


@pytest.fixture
def name():
    """A name for a node type that no other test has."""
    return f"Sub{next(COUNT)}"


def test_a_flow_runs_inside_a_node(session, name):
    make_inner(session).as_node(name, label="Calculates")

    found = make_outer(session, name, k=7).run().wait()

    assert found.outputs["inner.output"] == 17
    child = session.store.runs(parent=found.id).runs[0]
    inner = session.store.run(child.run_id)
    assert (inner.flow, inner.parent_node_id, dict(inner.parameters)) == (
        "inner",
        "inner",
        {"k": 7},
    )
    assert {each.state for each in inner.nodes.values()} == {NodeState.COMPLETED}
    assert found["inner"].record.message == "3 of 3"
    assert [each.run_id for each in session.store.runs().runs] == [found.id]


def test_its_connectors_are_the_open_ends_and_its_config_the_parameters(session, name):
    spec = make_inner(session).as_node(name, label="Calculates").spec

    assert [(each.name, each.data_types) for each in spec.inputs] == [("x", (DataType.INTEGER,))]
    assert [each.name for each in spec.outputs] == ["output", "error"]
    assert spec.config_defaults == {"k": 2}
    assert spec.config_schema["properties"]["k"]["description"] == "What is added."
    assert (spec.label, spec.category) == ("Calculates", "Sub-flows")
    assert str(spec.origin) == "module flow inner"
    assert "twice" in spec.source


def test_ends_of_one_name_are_told_apart_by_their_nodes(session, name):
    flow = Flow("twins", session=session)
    for each in ("one", "two"):
        flow.add(double, id=each)

    spec = flow.as_node(name).spec

    assert [each.name for each in spec.inputs] == ["one_x", "two_x"]
    assert [each.name for each in spec.outputs] == ["one_output", "two_output", "error"]


def test_an_output_gives_way_to_an_input_of_its_name(session, name):
    session.adopt(
        NodeMeta(
            "Through",
            (FlowNode,),
            {
                "table": Input(DataType.TEXT),
                "o": Output(DataType.TEXT, name="error"),
                "execute": lambda self, table: table,
            },
        )
    )
    session.adopt(
        NodeMeta(
            "Same",
            (FlowNode,),
            {"i": Input(name="value"), "o": Output(name="v"), "execute": lambda self, value: value},
        )
    )
    flow = Flow("names", session=session)
    flow.add("Through", id="a")
    flow.add("Same", id="value")
    flow.add(double, id="b")
    flow.add("Branch", id="c", when="true")

    spec = flow.as_node(name).spec

    names = [each.name for each in spec.connectors]
    assert len(set(names)) == len(names)
    assert "error" in names
    assert names[-1] == "error_2"


def test_a_branch_not_taken_inside_is_none_outside(session, name):
    flow = Flow("forks", session=session)
    flow.add("Branch", id="fork", when="value > 3")
    flow.as_node(name)
    outer = Flow("outer", session=session)
    outer.add(number, id="top", value=5)
    outer.add(name, id="inner")
    outer.add(double, id="low")
    outer.connect("top.output", "inner.value")
    outer.connect("inner.otherwise", "low.x")

    found = outer.run().wait()

    assert found.outputs["inner.then"] == 5
    assert found["low"].record.reason is Reason.BRANCH_NOT_TAKEN
    assert found.state is RunState.COMPLETED


def test_an_input_of_many_takes_many(session, name):
    flow = Flow("merges", session=session)
    flow.add("Merge", id="both", take="all")
    made = flow.as_node(name)
    assert made.spec.inputs[0].cardinality is Cardinality.MANY
    outer = Flow("outer", session=session)
    outer.add(name, id="inner")
    for each in (1, 2):
        outer.add(number, id=f"n{each}", value=each)
        outer.connect(f"n{each}.output", "inner.values")

    assert outer.run().wait().outputs["inner.value"] == [1, 2]


def test_an_error_inside_names_the_inner_node(session, name):
    flow = Flow("fails", session=session)
    flow.add(fail, id="bad", message="inside it")
    flow.as_node(name)
    outer = make_outer(session, name)

    with pytest.raises(RunFailed) as caught:
        outer.run().wait()

    error = caught.value.run["inner"].record.error
    assert error.code == "run.inner_failed"
    assert error.message == f"Node bad inside {name} failed: ValueError: inside it"
    assert "raise ValueError(message)" in error.traceback
    assert isinstance(caught.value.__cause__.__cause__, ValueError)
    lines = [each.text for each in session.store.logs(caught.value.run_id, "inner")]
    assert lines == ["bad FAILED: ValueError: inside it"]


def test_an_error_inside_can_be_caught_outside(session, name):
    flow = Flow("fails", session=session)
    flow.add(fail, id="bad")
    flow.as_node(name)
    outer = make_outer(session, name)
    outer.add("Catch", id="catch")
    outer.connect("inner.error", "catch.error")

    found = outer.run().wait()

    assert found.outputs["catch.details"]["code"] == "run.inner_failed"
    assert found.state is RunState.COMPLETED


def test_a_map_runs_a_flow_for_each_item(session, name):
    flow = Flow("items", session=session)
    flow.add("Merge", id="all", take="all")
    make_inner(session).as_node(name)
    flow.add("Map", id="map", node=name, node_config={"k": 10}, on_error="include", parallel=3)
    flow.connect("all.value", "map.items")
    for each in (1, 2, 3):
        flow.add(number, id=f"n{each}", value=each)
        flow.connect(f"n{each}.output", "all.values")

    found = flow.run().wait()

    assert found.outputs["map.results"] == [12, 14, 16]


def test_cancelling_the_outer_run_ends_the_inner_nodes(session, name):
    begun, gate = threading.Event(), threading.Event()

    def execute(self, context):
        begun.set()
        while not gate.wait(0.005):
            context.cancel.raise_if_requested()
        return 1

    session.adopt(
        NodeMeta("Held", (FlowNode,), {"y": Output(DataType.INTEGER), "execute": execute})
    )
    flow = Flow("holds", session=session)
    flow.add("Held", id="held")
    flow.add(double, id="after")
    flow.connect("held.y", "after.x")
    flow.as_node(name)
    outer = Flow("outer", session=session)
    outer.add(name, id="inner")
    handle = outer.run()
    assert begun.wait(10)
    handle.cancel()
    found = handle.wait(check=False)

    assert found["inner"].state is NodeState.CANCELLED
    child = session.store.run(session.store.runs(parent=found.id).runs[0].run_id)
    assert {each.state for each in child.nodes.values()} == {NodeState.CANCELLED}
    gate.set()


def test_a_sub_flow_is_used_in_yaml_by_its_name(session, name):
    make_inner(session).as_node(name)
    flow = Flow.from_yaml(
        f"""
name: written
parameters: {{k: 4}}
nodes:
  top: {{type: number, config: {{value: 3}}}}
  calc: {{type: {name}, config: {{k: "${{params.k}}"}}}}
edges:
  - top.output -> calc.x
""",
        session=session,
    )

    assert flow.check() == []
    assert flow.run().wait().outputs["calc.output"] == 10
    assert flow.run(k=1).wait().outputs["calc.output"] == 7

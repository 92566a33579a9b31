"""A flow as a node: its open ends, its parameters, its errors, and what pins it."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from pathlib import Path

import cloudpickle
import pytest

from dagy_nb.engine.plan import make_plan
from dagy_nb.errors import (
    CheckFailed,
    ConfigError,
    DefinitionError,
    FlowError,
    NameTaken,
    RunFailed,
)
from dagy_nb.model.connector import Cardinality
from dagy_nb.model.datatype import DataType
from dagy_nb.model.state import NodeState, Reason, RunState
from dagy_nb.nodes.base import FlowNode, Input, NodeMeta, Output
from dagy_nb.nodes.subflow import PinnedFlow
from dagy_nb.session.flow import Flow
from tests.flows import add, double, fail, number

COUNT = iter(range(1_000_000))


@pytest.fixture
def session(session):
    session.registry.discover()
    return session


@pytest.fixture
def name():
    """A name for a node type that no other test has."""
    return f"Sub{next(COUNT)}"


def make_inner(session) -> Flow:
    """`x -> double -> add <- number(k)`."""
    flow = Flow(
        "inner",
        parameters={"k": {"type": "integer", "default": 2, "description": "What is added."}},
        session=session,
    )
    flow.add(number, id="k", value=flow.param("k"))
    flow.add(double, id="twice")
    flow.add(add, id="sum")
    flow.connect("twice.output", "sum.left")
    flow.connect("k.output", "sum.right")
    return flow


def plan_step(session, flow, number=1):
    return make_plan(
        flow.spec,
        session.registry.snapshot().classes,
        run_id="r",
        parameters={},
        artifacts=Path("unused"),
        default_timeout=None,
    ).steps[number]


def make_outer(session, name, **config) -> Flow:
    flow = Flow("outer", session=session)
    flow.add(number, id="top", value=5)
    flow.add(name, id="inner", **config)
    flow.connect("top.output", "inner.x")
    return flow


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


def test_the_flow_is_pinned_and_its_definitions_are_those_of_the_run(session, name):
    flow = make_inner(session)
    first = flow.as_node(name)
    outer = make_outer(session, name)
    flow.configure("k", value=100)

    assert outer.run().wait().outputs["inner.output"] == 12
    second = flow.as_node(name)
    assert second.spec.version != first.spec.version
    assert outer.run().wait().outputs["inner.output"] == 110
    assert [each.version for each in session.registry.previous(name)] == [first.spec.version]
    assert flow.as_node(name) is second


def test_a_redefined_cell_inside_changes_the_code_of_the_step(session, name):
    def define(factor):
        body = {
            "__module__": "tests.cells",
            "x": Input(DataType.INTEGER),
            "y": Output(DataType.INTEGER),
            "execute": (lambda self, x: 2 * x) if factor == 2 else (lambda self, x: 3 * x),
        }
        session.registry.register(NodeMeta("Times", (FlowNode,), body))

    define(2)
    flow = Flow("times", session=session)
    flow.add("Times", id="times")
    made = flow.as_node(name)
    outer = make_outer(session, name)
    one = plan_step(session, outer)
    before = outer.run().wait().outputs["inner.y"]
    define(3)
    two = plan_step(session, outer)

    assert (before, outer.run().wait().outputs["inner.y"]) == (10, 15)
    assert one.code_version != two.code_version
    assert one.spec.version == two.spec.version
    assert made.inner_types({}) == ("Times",)
    assert flow.as_node(name).spec.version != made.spec.version


def test_a_run_records_the_versions_of_what_it_runs_inside(session, name):
    make_inner(session).as_node(name)

    make_outer(session, name).run().wait()

    with session.store.connect() as connection:
        known = connection.execute("SELECT DISTINCT node_type FROM node_versions").fetchall()
    assert {("double",), ("add",), ("number",), (name,)} <= set(known)


@pytest.mark.parametrize("dump", [pickle.dumps, cloudpickle.dumps])
def test_it_is_an_ordinary_node_type_in_a_fresh_process(session, name, dump, tmp_path):
    made = make_inner(session).as_node(name)
    data = dump((made, made.create({"k": 3})))
    script = f"""
import pickle, sys
node_class, instance = pickle.loads(sys.stdin.buffer.read())
from dagy_nb.session.current import make_session, set_session
from dagy_nb.session.flow import Flow
from dagy_nb.settings import Settings
from dagy_nb.store.memory import MemoryStore
from pathlib import Path
session = make_session(Settings(home=Path({str(tmp_path)!r})), store=MemoryStore())
set_session(session)
import tests.flows
flow = Flow("outer", session=session)
flow.add("number", id="top", value=5)
flow.add(node_class, id="inner", k=7)
flow.connect("top.output", "inner.x")
print(flow.run().wait().outputs["inner.output"], node_class.spec.version, instance.config.k)
session.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=data,
        capture_output=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )

    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().split()[-3:] == ["17", made.spec.version, "3"]
    assert pickle.loads(data)[0] is made


def test_a_flow_that_would_run_itself_is_refused(session, name):
    flow = make_inner(session)
    flow.as_node(name)
    flow.add(name, id="again")
    other = f"{name}B"

    with pytest.raises(FlowError) as caught:
        flow.as_node(name)
    assert caught.value.code == "flow.recursive"

    flow.as_node(other)
    third = Flow("third", session=session)
    third.add(other, id="b")
    with pytest.raises(FlowError) as caught:
        third.as_node(name)
    assert caught.value.code == "flow.recursive"
    assert f"{name} → {other} → {name}" in str(caught.value)


def test_a_flow_that_would_run_itself_through_a_map_is_refused(session, name):
    body = {"x": Input(), "y": Output(), "execute": lambda self, x: x}
    session.registry.register(NodeMeta("Gone", (FlowNode,), body))
    flow = Flow("loops", session=session)
    flow.add("Map", id="map", node="Gone")
    made = flow.as_node(name)
    pinned: PinnedFlow = made.pinned
    spec = pinned.flow.model_dump(mode="json")
    spec["nodes"][0]["config"].update({"node": name, "input": "items"})
    flow.replace(type(flow.spec).model_validate(spec))

    with pytest.raises(FlowError) as caught:
        flow.as_node(name)

    assert caught.value.code == "flow.recursive"


def test_a_flow_with_errors_cannot_become_a_node(session, name):
    flow = make_inner(session)
    spec = flow.spec.model_dump(mode="json")
    spec["nodes"][1]["type"] = "doubel"
    flow.replace(type(flow.spec).model_validate(spec))

    with pytest.raises(CheckFailed, match="doubel"):
        flow.as_node(name)


@pytest.mark.parametrize("bad", ["", "a b", "1a", "a-b"])
def test_a_node_type_needs_a_name(session, bad):
    with pytest.raises(FlowError) as caught:
        make_inner(session).as_node(bad)

    assert caught.value.code == "flow.node_name"


def test_the_name_of_another_origin_is_not_taken(session):
    with pytest.raises(NameTaken) as caught:
        make_inner(session).as_node("shout")

    assert "tests.flows" in str(caught.value)
    assert "flow inner" in str(caught.value)


def test_a_parameter_that_no_config_may_have_is_refused(session, name):
    flow = Flow("words", parameters={"timeout": 3}, session=session)
    flow.add(number, id="n", value=flow.param("timeout"))

    with pytest.raises(DefinitionError) as caught:
        flow.as_node(name)

    assert caught.value.code == "node.reserved_name"


def test_what_breaks_inside_later_is_found_before_the_run(session, name):
    session.registry.register(
        NodeMeta(
            "Changing",
            (FlowNode,),
            {
                "__module__": "tests.cells",
                "x": Input(DataType.INTEGER),
                "y": Output(),
                "execute": lambda self, x: x,
            },
        )
    )
    flow = Flow("changes", session=session)
    flow.add("Changing", id="node")
    flow.as_node(name)
    outer = make_outer(session, name)
    session.registry.register(
        NodeMeta(
            "Changing",
            (FlowNode,),
            {
                "__module__": "tests.cells",
                "other": Input(DataType.INTEGER),
                "y": Output(),
                "execute": lambda self, other: other,
            },
        )
    )

    found = [each for each in outer.check() if each.severity == "error"]

    assert [each.place.node for each in found] == ["inner"]
    assert "inside, node" in found[0].message


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


def test_a_flow_that_runs_itself_by_a_parameter_is_found_before_the_run(session, name):
    """What the Map runs is known only with the parameter's value."""
    session.registry.register(
        NodeMeta("Gone", (FlowNode,), {"x": Input(), "y": Output(), "execute": lambda self, x: x})
    )
    flow = Flow("loops", parameters={"body": "Gone"}, session=session)
    flow.add("Map", id="map", node=flow.param("body"))
    flow.as_node(name)
    outer = Flow("outer", session=session)

    with pytest.raises(ConfigError, match=f"it runs itself: {name} → Map → {name}"):
        outer.add(name, id="inner", body=name)

"""What a sub-flow is pinned to, what changes it, and what cannot become one."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import cloudpickle
import pytest

from dagy_nb.errors import (
    CheckFailed,
    ConfigError,
    DefinitionError,
    FlowError,
    NameTaken,
)
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, NodeMeta, Output
from dagy_nb.nodes.subflow import PinnedFlow
from dagy_nb.session.flow import Flow
from tests.flows import number
from tests.session.subflows import make_inner, make_outer, plan_step

COUNT = iter(range(1_000_000, 2_000_000))


@pytest.fixture
def session(session):
    session.registry.discover()
    return session


@pytest.fixture
def name():
    """A name for a node type that no other test has."""
    return f"Sub{next(COUNT)}"


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

"""A flow is checked and planned once between two changes of it, and no run sees what another one did."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import FilePath

from dagy_nb.errors import CheckFailed
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Output
from dagy_nb.nodes.function import node
from dagy_nb.session.flow import Flow
from dagy_nb.session.planning import MOST_FLOWS, MOST_PLANS
from tests.flows import chain, number
from tests.runners.forks import call_in_fork


class Greedy(FlowNode):
    """Changes the config it is given, at every depth."""

    category = "Tests"
    count = Output(DataType.INTEGER)

    class Config(FlowNode.Config):
        """What it changes."""

        words: Any = None

    def execute(self, context):
        self.config.words["inside"].append("more")
        return len(self.config.words["inside"])


class Reader(FlowNode):
    """Needs a file."""

    category = "Tests"
    text = Output(DataType.TEXT)

    class Config(FlowNode.Config):
        """Which one."""

        path: FilePath

    def execute(self, context):
        return self.config.path.read_text()


def steps_of(flow, **parameters):
    return flow.run(**parameters)._live.plan.steps


def test_the_same_flow_is_planned_once(session):
    flow = chain(session)

    first, second, other = steps_of(flow), steps_of(flow), steps_of(flow, start=5)

    assert first is second
    assert other[0].config == {"value": 5}


def test_the_last_few_ways_to_run_a_flow_are_planned_once_each(session):
    flow = chain(session)
    first = [steps_of(flow, start=each) for each in range(MOST_PLANS)]

    again = [steps_of(flow, start=each) for each in range(MOST_PLANS)]
    steps_of(flow, start=MOST_PLANS)

    assert all(one is other for one, other in zip(first, again, strict=True))
    assert steps_of(flow, start=1) is first[1]
    assert steps_of(flow, start=0) is not first[0]


def test_an_edit_a_new_definition_or_another_runner_is_planned_anew(session):
    flow = chain(session)
    first = steps_of(flow)
    flow.configure("n0", value=3)
    edited = steps_of(flow)
    session.registry.register(type("Other", (Greedy,), {"__module__": __name__}))
    defined = steps_of(flow)

    assert [first[0].config, edited[0].config] == [{"value": 1}, {"value": 3}]
    assert defined is not edited
    assert {each.runner for each in flow.run(runner="inline")._live.plan.steps} == {"inline"}
    assert {each.runner for each in steps_of(flow)} == {"thread"}


def test_equal_parameters_of_different_types_are_different(session):
    @node(category="Tests")
    def tell_type(value: Any = None) -> str:
        return type(value).__name__

    flow = Flow("types", parameters={"x": {"type": "any"}}, session=session)
    flow.add(tell_type, id="told", value=flow.param("x"))

    told = [flow.run(x=x).wait().outputs["told.output"] for x in (1, True, 1.0)]

    assert told == ["int", "bool", "float"]


def test_a_body_that_changes_its_config_changes_it_for_no_other_run(session):
    flow = Flow("greedy", session=session)
    flow.add(Greedy, id="greedy", words={"inside": ["one"]})

    counts = [flow.run().wait().outputs["greedy.count"] for _ in range(3)]

    assert counts == [2, 2, 2]


def test_a_check_looks_at_files_each_time(session, tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("here")
    flow = Flow("reader", session=session)
    flow.add(Reader, id="reader", path=str(path))
    assert flow.run().wait().outputs["reader.text"] == "here"

    path.unlink()

    with pytest.raises(CheckFailed) as caught:
        flow.run()
    assert caught.value.diagnostics[0].code == "config.invalid"


def test_only_the_last_few_flows_are_remembered(session):
    flows = [Flow(f"flow{place}", session=session) for place in range(MOST_FLOWS + 3)]
    for flow in flows:
        flow.add(number, id="only")
        flow.check()

    assert list(session._planner._known) == [flow.name for flow in flows[3:]]


def test_a_fork_plans_whatever_another_thread_was_planning(session):
    flow = chain(session)
    flow.run().wait()

    with session._planner._lock:
        told = call_in_fork(lambda: [str(each) for each in flow.check()])

    assert told == []

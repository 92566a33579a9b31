"""Branch, Merge and Catch on real runs: which way a value goes, and what is skipped for what reason."""

from __future__ import annotations

import pandas as pd
import pytest

from dagy_nb.errors import ConfigError
from dagy_nb.model.datatype import DataType
from dagy_nb.model.state import NodeState, Reason, RunState
from dagy_nb.nodes.base import FlowNode, Output
from dagy_nb.nodes.builtin.branch import Branch
from dagy_nb.nodes.function import node
from dagy_nb.session.flow import Flow
from tests.flows import Risky, double, number


@node(category="Tests", register=False)
def frame(rows: int = 3) -> pd.DataFrame:
    return pd.DataFrame({"x": range(rows)})


class Calm(FlowNode, register=False):
    """Has an error output and does not fail."""

    y = Output(DataType.INTEGER)
    error = Output(DataType.ERROR)

    def execute(self):
        return 1


@node(category="Tests", register=False)
def many(count: int = 200_000) -> list:
    return [0] * count


@pytest.fixture
def forked(session):
    """`number -> Branch -> double on both ways -> Merge`."""
    flow = Flow("forked", parameters={"limit": 3, "start": 5}, session=session)
    flow.add(number, id="top", value=flow.param("start"))
    flow.add("Branch", id="fork", when="value > params.limit")
    flow.add(double, id="high")
    flow.add(double, id="low")
    flow.add("Merge", id="both")
    flow.connect("top.output", "fork.value")
    flow.connect("fork.then", "high.x")
    flow.connect("fork.otherwise", "low.x")
    flow.connect("high.output", "both.values")
    flow.connect("low.output", "both.values")
    return flow


def test_a_long_list_is_decided_on_by_its_rows(session):
    flow = Flow("long", session=session)
    flow.add(many)
    flow.add("Branch", id="fork", when="rows > 100000")
    flow.connect("many.output", "fork.value")

    assert len(flow.run().wait().outputs["fork.then"]) == 200_000


@pytest.mark.parametrize(
    ("start", "taken", "left"), [(5, "high", "low"), (4, "high", "low"), (3, "low", "high")]
)
def test_the_condition_decides_and_the_other_way_is_skipped(forked, start, taken, left):
    run = forked.run(start=start).wait()

    assert run.state is RunState.COMPLETED
    assert run.outputs["both.value"] == 2 * start
    assert run[taken].state is NodeState.COMPLETED
    assert run[left].state is NodeState.SKIPPED
    assert run[left].record.reason is Reason.BRANCH_NOT_TAKEN
    assert run[left].record.cause == ("fork",)


def test_a_merge_of_all_is_the_list_of_the_ways_that_were_taken(forked):
    forked.configure("both", take="all")

    assert forked.run().wait().outputs["both.value"] == [10]


def test_a_merge_takes_the_first_of_several_live_ways(session):
    flow = Flow("ways", session=session)
    flow.add(number, id="one", value=1)
    flow.add(number, id="two", value=2)
    flow.add("Merge", id="both")
    flow.connect("two.output", "both.values")
    flow.connect("one.output", "both.values")

    assert flow.run().wait().outputs["both.value"] == 2
    flow.configure("both", take="all")
    assert flow.run().wait().outputs["both.value"] == [2, 1]


def test_a_failed_way_blocks_the_merge(session):
    flow = Flow("blocked", session=session)
    flow.add(number, id="one", value=1)
    flow.add(Risky, id="bad")
    flow.add("Merge", id="both")
    flow.connect("one.output", "both.values")
    flow.connect("bad.y", "both.values")

    run = flow.run().wait(check=False)

    assert run["both"].record.reason is Reason.UPSTREAM_FAILED
    assert run["both"].record.cause == ("bad",)


def test_branches_in_a_row_are_more_than_two_ways(session):
    flow = Flow("sizes", parameters={"value": 0}, session=session)
    flow.add(number, id="top", value=flow.param("value"))
    flow.add("Branch", id="small", when="value < 10")
    flow.add("Branch", id="middle", when="value < 100")
    flow.connect("top.output", "small.value")
    flow.connect("small.otherwise", "middle.value")

    def ends(value: int) -> set[str]:
        return set(flow.run(value=value).wait().outputs) - {"top.output"}

    assert ends(5) == {"small.then"}
    assert ends(50) == {"small.otherwise", "middle.then"}
    assert ends(500) == {"small.otherwise", "middle.otherwise"}


@pytest.mark.parametrize(
    ("when", "taken"),
    [
        ("rows > 2", "then"),
        ("rows == 0", "otherwise"),
        ("'x' in columns", "then"),
        ("value.rows == 3 && value.columns.size() == 1", "then"),
    ],
)
def test_a_table_is_seen_by_its_outline(session, when, taken):
    flow = Flow("tables", session=session)
    flow.add(frame, id="table")
    flow.add("Branch", id="fork", when=when)
    flow.connect("table.output", "fork.value")

    run = flow.run().wait()

    assert [name for name in run.outputs if name.startswith("fork")] == [f"fork.{taken}"]
    assert isinstance(run.outputs[f"fork.{taken}"], pd.DataFrame)


@pytest.mark.parametrize(
    ("when", "code", "told"),
    [
        ("value >", "expression.syntax", "line 1, column 8"),
        ("valu > 3", "expression.unknown_name", "Did you mean `value`?"),
        ("now() > value", "expression.unknown_name", "`now`"),
        ("", "", "at least 1 character"),
    ],
)
def test_a_wrong_condition_is_told_before_the_run(session, when, code, told):
    flow = Flow("wrong", session=session)

    with pytest.raises(ConfigError) as caught:
        flow.add("Branch", when=when)

    assert caught.value.problems[0][0] == "when"
    assert code in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("value", "expression.not_boolean"),
        ("value.field > 3", "expression.type"),
        ("value / 0 > 3", "expression.arithmetic"),
        ("rows > 3", "expression.unknown_name"),
        ("params.other > 3", "expression.missing"),
    ],
)
def test_a_condition_that_cannot_be_decided_fails_the_node(forked, when, code):
    forked.configure("fork", when=when)

    run = forked.run().wait(check=False)

    assert run["fork"].record.error.code == code
    assert run["high"].record.cause == ("fork",)


def test_a_caught_error_is_plain_data(session):
    flow = Flow("caught", session=session)
    flow.add(Risky, id="risky")
    flow.add("Catch", id="catch")
    flow.add("Branch", id="kind", when='value.type == "LookupError"')
    flow.connect("risky.error", "catch.error")
    flow.connect("catch.details", "kind.value")

    run = flow.run().wait()

    assert run.state is RunState.COMPLETED
    details = run.outputs["kind.then"]
    assert (details["type"], details["code"]) == ("LookupError", "raised.LookupError")
    assert (details["node"], details["attempt"]) == ("risky", 1)
    assert "told on the error output" in details["message"]
    assert "raise LookupError" in details["traceback"]


def test_a_catch_of_a_node_that_does_well_is_skipped(session):
    flow = Flow("calm", session=session)
    flow.add(Calm, id="calm")
    flow.add("Catch", id="catch")
    flow.connect("calm.error", "catch.error")

    run = flow.run().wait()

    assert run["catch"].record.reason is Reason.BRANCH_NOT_TAKEN
    assert run.state is RunState.COMPLETED


def test_the_built_ins_are_in_the_palette_without_being_asked_for(session):
    from dagy_nb.session.current import current_session

    specs = current_session().registry.snapshot().specs

    for name in ("Branch", "Merge", "Catch"):
        assert specs[name].category == "Control"
        assert specs[name].description
        assert all(each.description for each in specs[name].connectors)
    assert Branch.spec.config_schema["properties"]["when"]["title"] == "Condition"


def test_a_branch_is_written_in_yaml(session):
    session.registry.discover()
    flow = Flow.from_yaml(
        """
name: written
parameters: {start: 7}
nodes:
  top: {type: number, config: {value: "${params.start}"}}
  fork: {type: Branch, config: {when: value % 2 == 0}}
  even: {type: double}
edges:
  - top.output -> fork.value
  - fork.then -> even.x
""",
        session=session,
    )

    assert flow.check() == []
    assert flow.run(start=8).wait().outputs["even.output"] == 16
    assert flow.run(start=7).wait()["even"].record.reason is Reason.BRANCH_NOT_TAKEN
    assert Flow.from_yaml(flow.to_yaml(), session=session).spec == flow.spec

"""What a check warns of is told to whoever runs a flow by code: once, at their own line."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from dagy_nb.errors import CheckFailed, CheckWarning
from dagy_nb.model.state import RunState
from dagy_nb.session.flow import Flow
from dagy_nb.session.session import Session
from tests.flows import double, number
from tests.session.reusing import Notebook

SEND = (
    "class Send(FlowNode):\n    safe_to_retry = True\n    n = Output('INTEGER')\n"
    "    def execute(self):\n        return 1"
)


def odd(session: Session) -> Flow:
    """A flow that runs, with a memory limit that nobody holds."""
    flow = Flow("odd", session=session)
    flow.add(number, id="one", value=1, memory_mb=100)
    return flow


def run_and_hear(flow: Flow) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert flow.run().wait().state is RunState.COMPLETED
    return heard


def test_the_first_run_of_a_flow_tells_what_its_check_warns_of_at_the_callers_line(
    session: Session,
) -> None:
    (told,) = run_and_hear(odd(session))

    assert told.category is CheckWarning
    assert told.filename == __file__
    assert str(told.message).startswith("Flow 'odd' can run, but:\n")
    assert "[memory.not_held]" in str(told.message)


def test_it_is_told_once_for_each_version_of_a_flow(session: Session) -> None:
    flow = odd(session)
    assert len(run_and_hear(flow)) == 1
    assert run_and_hear(flow) == []

    flow.add(number, id="two", value=2)

    assert len(run_and_hear(flow)) == 1


def test_a_node_type_that_is_defined_anew_may_have_something_new_to_tell(tmp_path: Path) -> None:
    with Notebook(tmp_path / ".dagy") as notebook:
        notebook.define(SEND)
        flow = notebook.flow("{name: mail, nodes: {send: {type: Send, retries: 2}}}")
        assert run_and_hear(flow) == []

        notebook.define(SEND.replace("safe_to_retry = True", "safe_to_retry = False"))

        assert "[retries.refused]" in str(run_and_hear(flow)[0].message)


def test_of_nodes_that_are_disabled_nothing_is_told(session: Session) -> None:
    flow = Flow("odd", session=session)
    flow.add(number, id="one", value=1)
    flow.add(double, id="off", disabled=True)
    assert flow.check()
    assert run_and_hear(flow) == []


def test_of_many_warnings_the_first_are_told_and_how_to_see_the_rest(session: Session) -> None:
    flow = Flow("odd", session=session)
    for index in range(8):
        flow.add(number, id=f"n{index}", value=1, memory_mb=100)

    (told,) = run_and_hear(flow)

    assert str(told.message).count("[memory.not_held]") == 5
    assert str(told.message).endswith("… and 3 more: flow.check()")


def test_who_takes_warnings_for_errors_gets_no_run(session: Session) -> None:
    flow = odd(session)
    for _ in range(2):
        with pytest.raises(CheckWarning):
            flow.run()
    assert flow.runs == []


def test_a_flow_that_cannot_run_says_why_and_no_more(session: Session) -> None:
    flow = odd(session)
    flow.add(double, id="two")
    with pytest.raises(CheckFailed):
        flow.run()


def test_a_notebook_that_nobody_watches_is_told_nothing(session: Session) -> None:
    session.settings = replace(session.settings, static=True)
    assert run_and_hear(odd(session)) == []

"""A browser runs a flow, watches it live and cancels it, whoever started it."""

from __future__ import annotations

import threading
import time

import pytest

from dagy_nb.dispatch import Dispatcher
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Output
from dagy_nb.nodes.function import node
from dagy_nb.session.flow import Flow
from tests import flows
from tests.dispatch.browser import Browser

FINAL = {"COMPLETED", "FAILED", "TIMED_OUT", "CANCELLED"}


def is_over(browser):
    return browser.run is not None and browser.run["state"] in FINAL


def test_a_run_is_answered_watched_and_ends(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)

    answers = browser.ask(dispatcher, "run", parameters={})
    browser.wait(lambda: is_over(browser))

    assert [each.kind for each in answers] == ["status"]
    assert answers[0].whole
    assert browser.run["state"] == "COMPLETED"
    assert {each["state"] for each in browser.run["nodes"].values()} == {"COMPLETED"}
    assert browser.run["nodes"]["left"]["log_tail"] == ["doubling 3"]
    assert browser.run["nodes"]["bottom"]["previews"]["output"]["summary"] == "12"
    assert [each.whole for each in browser.of_kind("status")].count(True) == 1
    assert browser.missed == 0


def test_a_flow_with_errors_is_not_run_and_the_findings_are_told(session, connect):
    flow = Flow("open", session=session)
    flow.add("add", id="sum")
    dispatcher, browser = connect(flow)

    (refused,) = browser.ask(dispatcher, "run", parameters={})

    assert refused.code == "flow.check_failed"
    assert {(each.code, each.node, each.connector) for each in refused.diagnostics} == {
        ("input.missing", "sum", "left"),
        ("input.missing", "sum", "right"),
    }
    assert "\n" not in refused.message
    assert flow.runs == []


def test_a_run_of_an_old_revision_is_refused(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)

    answers = browser.ask(dispatcher, "run", base_revision=0, parameters={})

    assert [each.kind for each in answers] == ["refused", "snapshot"]
    assert answers[0].code == "message.stale"
    assert flow.runs == []


@pytest.mark.parametrize(
    ("parameters", "code"),
    [({"nothing": 1}, "parameter.unknown"), ({"start": "many"}, "parameter.type")],
)
def test_wrong_parameters_are_refused(session, connect, parameters, code):
    flow = flows.chain(session)
    dispatcher, browser = connect(flow)

    (refused,) = browser.ask(dispatcher, "run", parameters=parameters)

    assert refused.code == code


def test_a_parameter_may_be_named_like_an_option_of_run(session, connect):
    flow = Flow("named", parameters={"timeout": 5, "runner": 1}, session=session)
    flow.add("number", id="n", value=flow.param("timeout"))
    dispatcher, browser = connect(flow)

    browser.ask(dispatcher, "run", parameters={"timeout": 7, "runner": 2})
    browser.wait(lambda: is_over(browser))

    assert browser.run["state"] == "COMPLETED"
    assert flow.last_run.result.outputs["n.output"] == 7


def test_a_run_that_a_cell_starts_is_shown(session, connect):
    flow = flows.diamond(session)
    _, browser = connect(flow)

    run = flow.run().wait()

    browser.wait(lambda: is_over(browser))
    assert browser.run["run_id"] == run.id
    assert browser.of_kind("status")[0].whole
    assert browser.of_kind("status")[0].reply_to == ""


def test_who_comes_late_gets_the_run_as_it_stands(session):
    flow = flows.failing(session)
    run = flow.run().wait(check=False)

    browser = Browser()
    dispatcher = Dispatcher(flow, browser.hear)
    browser.ask(dispatcher, "hello")

    assert browser.run["run_id"] == run.id
    assert browser.state("bad") == "FAILED"
    assert browser.run["nodes"]["bad"]["error"] == "ValueError: on purpose"
    assert browser.run["nodes"]["good"]["log_tail"] == ["doubling 3"]
    dispatcher.close()


def test_the_newest_run_takes_the_place_of_the_one_before(session, connect):
    flow = flows.diamond(session)
    _, browser = connect(flow)
    first = flow.run().wait()
    browser.wait(lambda: is_over(browser))

    second = flow.run().wait()

    browser.wait(lambda: browser.run["run_id"] == second.id and is_over(browser))
    assert first.id != second.id


def define_scaled(version):
    if version == 1:

        @node(category="Tests")
        def scaled(x: int) -> int:
            return x

    else:

        @node(category="Tests")
        def scaled(x: int) -> int:
            return 2 * x


def test_a_node_redefined_after_its_run_is_stale_until_it_ran_again(session, connect):
    define_scaled(1)
    flow = flows.diamond(session)
    flow.add("scaled", id="s")
    flow.connect("bottom.output", "s.x")
    _, browser = connect(flow)
    flow.run().wait()
    browser.wait(lambda: is_over(browser))
    assert not browser.node("s")["stale"]

    define_scaled(2)
    browser.wait(lambda: browser.node("s")["stale"])
    assert not browser.node("top")["stale"]

    flow.run().wait()
    browser.wait(lambda: not browser.node("s")["stale"])


def test_a_run_is_cancelled(session, connect):
    flow = flows.slow(session, timeout=None)
    dispatcher, browser = connect(flow)
    browser.ask(dispatcher, "run", parameters={})
    browser.wait(lambda: browser.state("slow") == "RUNNING")

    answers = browser.ask(dispatcher, "cancel", run_id=browser.run["run_id"], node_id="")

    browser.wait(lambda: is_over(browser))
    assert answers == []
    assert browser.run["state"] == "CANCELLED"
    assert browser.ask(dispatcher, "cancel", run_id=browser.run["run_id"], node_id="") == []


def test_one_node_is_cancelled(session, connect):
    flow = flows.slow(session, timeout=None)
    flow.add("number", id="other")
    dispatcher, browser = connect(flow)
    browser.ask(dispatcher, "run", parameters={})
    browser.wait(lambda: browser.state("slow") == "RUNNING")

    browser.ask(dispatcher, "cancel", run_id=browser.run["run_id"], node_id="slow")

    browser.wait(lambda: is_over(browser))
    assert browser.state("slow") == "CANCELLED"
    assert browser.state("other") == "COMPLETED"


def test_a_run_of_nobody_cannot_be_cancelled(session, connect):
    dispatcher, browser = connect(flows.diamond(session))

    (refused,) = browser.ask(dispatcher, "cancel", run_id="gone", node_id="")

    assert refused.code == "unknown.run"


class Chatty(FlowNode):
    """Writes far more lines than anybody reads, over about half a second."""

    category = "Tests"
    y = Output(DataType.INTEGER)
    pause = threading.Event()

    def execute(self) -> int:
        """Write and wait by turns."""
        for index in range(500):
            print("line", index)
            self.pause.wait(0.001)
        return 1


def test_news_of_a_run_come_at_most_ten_times_a_second_and_the_last_always(session, connect):
    flow = Flow("chatty", session=session)
    flow.add(Chatty, id="c")
    dispatcher, browser = connect(flow, every=0.1)

    began = time.monotonic()
    browser.ask(dispatcher, "run", parameters={})
    browser.wait(lambda: is_over(browser))
    took = time.monotonic() - began

    assert browser.run["nodes"]["c"]["log_tail"][-1] == "line 499"
    assert len(browser.run["nodes"]["c"]["log_tail"]) == 20
    # One for the answer, one at once, then one each tenth of a second.
    assert len(browser.of_kind("status")) <= 3 + took / 0.1


def test_a_closed_dispatcher_leaves_the_run_alone(session, connect):
    flow = flows.slow(session, timeout=None)
    dispatcher, browser = connect(flow)
    browser.ask(dispatcher, "run", parameters={})
    handle = flow.last_run
    heard = len(browser.messages)

    dispatcher.close()
    handle.cancel()
    handle.wait(check=False)

    assert len(browser.messages) == heard

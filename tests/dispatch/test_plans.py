"""A browser asks what a run would do, has outputs reused, forces nodes, and goes on with failed runs."""

from __future__ import annotations

import threading
from typing import ClassVar

import pytest

from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.session.flow import Flow
from tests import flows

FINAL = {"COMPLETED", "FAILED", "TIMED_OUT", "CANCELLED"}


def run(browser, dispatcher, **fields):
    browser.ask(dispatcher, "run", **{"parameters": {}, **fields})
    browser.wait(lambda: browser.run is not None and browser.run["state"] in FINAL)


def plan(browser, dispatcher, **fields):
    """What the kernel foresees: node id → action, and the whole picture."""
    (answer,) = browser.ask(dispatcher, "plan", **fields)
    assert answer.kind == "planned", answer
    nodes = answer.forecast.nodes
    return {node_id: each.action for node_id, each in nodes.items()}, answer.forecast


def states(browser):
    return {node_id: each["state"] for node_id, each in browser.run["nodes"].items()}


def configure(browser, dispatcher, node_id, **config):
    browser.ask(dispatcher, "edit", edits=[{"kind": "set_config", "id": node_id, "config": config}])


def test_a_flow_that_never_ran_would_run_whole(session, connect):
    dispatcher, browser = connect(flows.diamond(session))

    actions, forecast = plan(browser, dispatcher)

    assert set(actions.values()) <= {"run", "maybe"}
    assert forecast.nodes["top"].why == "never_ran"
    assert forecast.revision == browser.flow["revision"]
    assert browser.run is None


def test_after_a_run_with_reuse_all_would_be_reused_until_something_changes(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    run(browser, dispatcher, reuse=True)

    actions, forecast = plan(browser, dispatcher)
    assert set(actions.values()) == {"reuse"}
    assert forecast.nodes["top"].from_run == browser.run["run_id"]

    configure(browser, dispatcher, "top", value=7)
    actions, forecast = plan(browser, dispatcher)
    assert actions["top"] == "run"
    assert forecast.nodes["top"].why == "config"
    assert "3 → 7" in forecast.nodes["top"].detail
    assert "reuse" not in actions.values()


def test_a_run_does_what_was_planned(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    run(browser, dispatcher, reuse=True)
    first = browser.run["run_id"]
    before, _ = plan(browser, dispatcher)

    run(browser, dispatcher, reuse=True)

    assert set(before.values()) == {"reuse"}
    assert set(states(browser).values()) == {"SKIPPED"}
    assert {each["reason"] for each in browser.run["nodes"].values()} == {"up_to_date"}
    assert {each["reused_from"] for each in browser.run["nodes"].values()} == {first}
    assert browser.run["nodes"]["bottom"]["previews"]["output"]["summary"] == "12"


def test_without_reuse_all_runs_though_outputs_are_kept(session, connect):
    dispatcher, browser = connect(flows.diamond(session))
    run(browser, dispatcher, reuse=True)

    run(browser, dispatcher)

    assert set(states(browser).values()) == {"COMPLETED"}
    assert {each["why"] for each in browser.run["nodes"].values()} == {""}


def test_a_forced_node_runs_and_says_so(session, connect):
    dispatcher, browser = connect(flows.diamond(session))
    run(browser, dispatcher, reuse=True)

    actions, forecast = plan(browser, dispatcher, force=["left"])
    run(browser, dispatcher, reuse=True, force=["left"])

    assert actions["left"] == "run"
    assert forecast.nodes["left"].why == "forced"
    assert forecast.force == ("left",)
    assert states(browser)["left"] == "COMPLETED"
    assert browser.run["nodes"]["left"]["why"] == "forced"
    assert states(browser)["right"] == "SKIPPED"


@pytest.mark.parametrize("kind", ["plan", "run"])
def test_a_node_that_is_not_there_cannot_be_forced(session, connect, kind):
    dispatcher, browser = connect(flows.diamond(session))

    (refused,) = browser.ask(dispatcher, kind, parameters={}, force=["lefft"])

    assert refused.code == "unknown.node"
    assert "left" in refused.suggestion


def test_a_flow_with_errors_has_no_plan(session, connect):
    flow = Flow("open", session=session)
    flow.add("add", id="sum")
    dispatcher, browser = connect(flow)

    (refused,) = browser.ask(dispatcher, "plan")

    assert refused.code == "flow.check_failed"
    assert {each.connector for each in refused.diagnostics} == {"left", "right"}


def test_a_plan_takes_the_parameters_it_is_asked_with(session, connect):
    dispatcher, browser = connect(flows.chain(session))
    run(browser, dispatcher, reuse=True)

    same, _ = plan(browser, dispatcher)
    other, _ = plan(browser, dispatcher, parameters={"start": 99})
    (refused,) = browser.ask(dispatcher, "plan", parameters={"nothing": 1})

    assert set(same.values()) == {"reuse"}
    assert "run" in other.values()
    assert refused.code == "parameter.unknown"


def test_news_go_on_while_a_plan_is_made(session, connect, monkeypatch):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    looking, go_on = threading.Event(), threading.Event()
    forecast = session.forecast

    def look_long(*args):
        looking.set()
        assert go_on.wait(20)
        return forecast(*args)

    monkeypatch.setattr(session, "forecast", look_long)
    asking = threading.Thread(target=lambda: browser.ask(dispatcher, "plan"))
    asking.start()
    assert looking.wait(20)

    flow.add("number", id="late")
    browser.wait(lambda: any(each["id"] == "late" for each in browser.flow["nodes"]))
    go_on.set()
    asking.join(20)

    # The answer is about the flow as it was when it was asked about.
    (answer,) = browser.of_kind("planned")
    assert answer.forecast.revision < browser.flow["revision"]


@pytest.mark.parametrize("kind", ["plan", "run"])
def test_what_the_last_run_still_writes_is_waited_for(session, connect, monkeypatch, kind):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    written, answered = threading.Event(), threading.Event()
    release = session.outputs.release

    def release_late():
        assert written.wait(4)
        release()

    monkeypatch.setattr(session.outputs, "release", release_late)
    run(browser, dispatcher, reuse=True)
    first = browser.run["run_id"]
    assert not flow.last_run.done

    def ask():
        browser.ask(dispatcher, kind, parameters={}, **({"reuse": True} if kind == "run" else {}))
        answered.set()

    asking = threading.Thread(target=ask)
    asking.start()
    assert not answered.wait(0.3)
    written.set()
    asking.join(20)

    if kind == "plan":
        (answer,) = browser.of_kind("planned")
        assert {each.action for each in answer.forecast.nodes.values()} == {"reuse"}
    else:
        browser.wait(lambda: browser.run["run_id"] != first and browser.run["state"] in FINAL)
        assert set(states(browser).values()) == {"SKIPPED"}


class Fragile(FlowNode):
    """Fails until it is mended."""

    category = "Tests"
    x = Input(DataType.INTEGER)
    y = Output(DataType.INTEGER)
    mended: ClassVar[threading.Event] = threading.Event()

    def execute(self, x: int) -> int:
        """Fail, or pass on."""
        if not self.mended.is_set():
            raise ValueError("not mended")
        return x


def test_a_failed_run_is_gone_on_with(session, connect):
    Fragile.mended.clear()
    flow = flows.diamond(session)
    flow.add(Fragile, id="fragile")
    flow.connect("bottom.output", "fragile.x")
    dispatcher, browser = connect(flow)
    run(browser, dispatcher, reuse=True)
    failed = browser.run["run_id"]
    assert browser.state("fragile") == "FAILED"

    Fragile.mended.set()
    answers = browser.ask(dispatcher, "resume", run_id=failed)
    browser.wait(lambda: browser.run["run_id"] != failed and browser.run["state"] in FINAL)

    assert [each.kind for each in answers] == ["status"]
    assert answers[0].run.resumed_from == failed
    assert browser.run["state"] == "COMPLETED"
    assert states(browser) == {**dict.fromkeys(("top", "left", "right", "bottom"), "SKIPPED"), "fragile": "COMPLETED"}  # fmt: skip
    assert flow.last_run.id == browser.run["run_id"]


def test_a_run_that_completed_is_not_gone_on_with(session, connect):
    dispatcher, browser = connect(flows.diamond(session))
    run(browser, dispatcher)

    (refused,) = browser.ask(dispatcher, "resume", run_id=browser.run["run_id"])

    assert refused.code == "flow.not_resumable"


@pytest.mark.parametrize("month", [None, 3])
def test_a_failed_run_is_gone_on_with_by_its_values_or_others(session, connect, month):
    Fragile.mended.clear()
    flow = Flow("fragile", parameters={"month": 1}, session=session)
    flow.add(flows.number, id="number", value=flow.param("month"))
    flow.add(Fragile, id="fragile")
    flow.connect("number.output", "fragile.x")
    dispatcher, browser = connect(flow)
    run(browser, dispatcher, parameters={"month": 2})
    failed = browser.run["run_id"]

    Fragile.mended.set()
    browser.ask(dispatcher, "resume", run_id=failed, parameters={} if month is None else {"month": month})  # fmt: skip
    browser.wait(lambda: browser.run["run_id"] != failed and browser.run["state"] in FINAL)

    assert flow.last_run.result.outputs["fragile.y"] == (month or 2)


class Sender(Fragile):
    """Does something to the world, and may do it half."""

    side_effects = True


def test_a_node_that_may_be_half_done_is_repeated_only_where_it_is_forced(session, connect):
    Fragile.mended.clear()
    flow = flows.diamond(session)
    flow.add(Sender, id="send")
    flow.connect("bottom.output", "send.x")
    dispatcher, browser = connect(flow)
    run(browser, dispatcher)
    failed = browser.run["run_id"]
    Fragile.mended.set()

    (refused,) = browser.ask(dispatcher, "resume", run_id=failed)
    assert refused.code == "flow.repeats_side_effects"
    assert "force send (in the editor: its menu)" in refused.suggestion
    assert f"%flow resume {failed} --force send" in refused.suggestion
    assert browser.run["run_id"] == failed

    browser.ask(dispatcher, "resume", run_id=failed, force=["send"])
    browser.wait(lambda: browser.run["run_id"] != failed and browser.run["state"] in FINAL)
    assert browser.run["state"] == "COMPLETED"

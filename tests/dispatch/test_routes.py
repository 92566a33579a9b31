"""A browser asks where a run would go, and sends the flow's runs elsewhere."""

from __future__ import annotations

from datetime import date

import pytest

from dagy_nb.model.flow import NodeEntry
from dagy_nb.session.flow import Flow
from tests import flows


def ask(browser, dispatcher):
    (answer,) = browser.ask(dispatcher, "route")
    assert answer.kind == "routed", answer
    return answer.route


def set_flow(browser, dispatcher, **fields):
    names = ("description", "failure_policy", "timeout", "node_timeout", "backend")
    now = {name: browser.flow[name] for name in names}
    edit = {"kind": "set_flow", "parameters": None, **now, **fields}
    return browser.ask(dispatcher, "edit", edits=[edit])


def test_a_flow_that_names_no_backend_goes_where_the_setting_says(session, connect):
    dispatcher, browser = connect(flows.diamond(session))

    route = ask(browser, dispatcher)

    assert (route.backend, route.level, route.problem) == ("kernel", "default", "")
    assert route.reason == "Nothing else names one: the default (default)."
    assert route.revision == browser.flow["revision"]
    assert [each.level for each in route.levels] == [
        "call",
        "deployment",
        "flow",
        "rules",
        "default",
    ]
    assert {each.name: each.missing for each in route.backends}["kernel"] == ""


def test_the_backend_of_a_flow_is_an_edit_that_undo_takes_back(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)

    set_flow(browser, dispatcher, backend="kernel")
    assert flow.spec.backend == browser.flow["backend"] == "kernel"
    assert ask(browser, dispatcher).reason == "The flow asks for it."

    browser.ask(dispatcher, "undo")
    assert flow.spec.backend is browser.flow["backend"] is None
    assert ask(browser, dispatcher).level == "default"


def test_other_fields_of_the_flow_change_without_touching_backend_and_parameters(session, connect):
    flow = Flow("f", session=session, parameters={"since": date(2026, 1, 1)}, backend="kernel")
    declared = flow.spec.parameters
    dispatcher, browser = connect(flow)

    set_flow(browser, dispatcher, failure_policy="stop", timeout=60)

    spec = flow.spec
    assert (spec.backend, spec.failure_policy.value, spec.timeout) == ("kernel", "stop", 60)
    # JSON knows no dates: what the browser has of the default is only a text.
    assert spec.parameters == declared
    assert isinstance(declared[0].default, date)


@pytest.mark.parametrize("spoil", ["backend", "type"])
def test_what_keeps_a_run_from_its_backend_is_said_with_all_that_there_are(session, connect, spoil):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    if spoil == "backend":
        set_flow(browser, dispatcher, backend="nowhere")
    else:
        node = NodeEntry(id="x", type="NoSuchType")
        flow.replace(flow.spec.model_copy(update={"nodes": (*flow.spec.nodes, node)}))

    route = ask(browser, dispatcher)

    assert ("nowhere" if spoil == "backend" else "NoSuchType") in route.problem
    assert "kernel" in {each.name for each in route.backends}

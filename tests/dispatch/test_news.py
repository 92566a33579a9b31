"""Browsers hear of all that cells, node types and other browsers do to a flow, and end with what is there."""

from __future__ import annotations

import gc
import json
import threading

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagy_nb.dispatch import Dispatcher
from dagy_nb.nodes.function import node
from dagy_nb.session.flow import Flow
from tests import flows
from tests.dispatch.browser import Browser, add, edge, fresh, lead


def test_what_a_cell_changes_reaches_the_browser(session, connect):
    flow = flows.diamond(session)
    _, browser = connect(flow)

    flow.add("double", id="more")
    flow.connect("bottom.output", "more.x")

    browser.wait(lambda: browser.flow["revision"] == flow.revision)
    assert browser.flow == fresh(flow)
    assert {each.reply_to for each in browser.of_kind("patch")} == {""}


def test_many_changes_of_a_cell_are_gathered(session, connect):
    flow = Flow("many", session=session)
    _, browser = connect(flow, every=0.1)

    for index in range(60):
        flow.add("double", id=f"n{index}")

    browser.wait(lambda: browser.flow["revision"] == flow.revision)
    assert len(browser.of_kind("patch")) < 30
    assert browser.missed == 0
    assert browser.flow == fresh(flow)


def test_a_second_browser_hears_what_the_first_one_edits(session):
    flow = flows.diamond(session)
    one, other = Browser(), Browser()

    def send(content):
        one.hear(content)
        other.hear(content)

    dispatcher = Dispatcher(flow, send)
    one.ask(dispatcher, "hello")

    one.ask(dispatcher, "edit", edits=[add("more")])
    other.ask(dispatcher, "edit", edits=[add("again")])

    assert one.flow == other.flow == fresh(flow)
    dispatcher.close()


def test_a_snapshot_for_one_does_not_take_the_news_from_the_other(session):
    """A page that is reloaded asks for the state; the patch before it goes to whoever was there."""
    flow = flows.diamond(session)
    browser = Browser()
    dispatcher = Dispatcher(flow, browser.hear, every=1000.0)
    browser.ask(dispatcher, "hello")
    flow.add("double", id="first")
    browser.wait(lambda: len(browser.messages) > 1)
    flow.add("double", id="more")

    state = dispatcher.snapshot()

    assert browser.flow == state["flow"] == fresh(flow)
    dispatcher.close()


def define_gauge(version):
    if version == 1:

        @node(category="Tests")
        def gauge(x: int) -> int:
            return x

    else:

        @node(category="Tests")
        def gauge(amount: int, unit: str = "m") -> int:
            return amount

    return gauge


def test_a_redefined_node_updates_palette_and_graph_and_keeps_the_wires(session, connect):
    define_gauge(1)
    flow = flows.diamond(session)
    flow.add("gauge", id="g")
    flow.connect("bottom.output", "g.x")
    dispatcher, browser = connect(flow)
    revision = flow.revision

    define_gauge(2)

    browser.wait(lambda: browser.node("g")["inputs"][0]["name"] == "amount")
    assert flow.revision == revision
    patch = browser.of_kind("patch")[-1]
    assert patch.base_revision == patch.revision == revision
    drawn = next(each for each in browser.flow["edges"] if each["target"] == "g")
    assert "no input x" in drawn["broken"]
    assert drawn["repair"] == "bottom.output -> g.amount"
    gauge = next(each for each in browser.palette["types"] if each["type"] == "gauge")
    assert [each["name"] for each in gauge["inputs"]] == ["amount"]

    browser.ask(
        dispatcher,
        "edit",
        edits=[
            {"kind": "disconnect", "edge": edge(drawn["id"])},
            lead(drawn["repair"]),
        ],
    )
    assert not any(each["broken"] for each in browser.flow["edges"])


def test_other_edits_are_done_beside_a_broken_edge(session, connect):
    define_gauge(1)
    flow = flows.diamond(session)
    flow.add("gauge", id="g")
    flow.connect("bottom.output", "g.x")
    define_gauge(2)
    dispatcher, browser = connect(flow)

    (patch,) = browser.ask(dispatcher, "edit", edits=[add("more")])

    assert patch.kind == "patch"
    assert any(each["broken"] for each in browser.flow["edges"])


def test_a_fault_of_ours_is_told_and_not_raised(session, connect, capfd, monkeypatch):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    monkeypatch.setattr(flow, "undo", lambda: 1 / 0)

    (refused,) = browser.ask(dispatcher, "undo")

    assert refused.code == "message.failed"
    assert "ZeroDivisionError" in refused.message
    assert capfd.readouterr() == ("", "")


def test_a_closed_dispatcher_says_nothing_and_lets_go(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    heard = len(browser.messages)

    dispatcher.close()
    flow.add("double", id="more")
    dispatcher.handle({"kind": "hello", "id": "a"})
    dispatcher.handle("nonsense")
    dispatcher.flush()

    assert len(browser.messages) == heard
    assert session.registry._callbacks == ()
    assert flow.draft._subscribers == []


def test_a_resting_dispatcher_waits_for_its_browser(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow, every=0.0)
    heard = len(browser.messages)

    dispatcher.rest()
    flow.add("double", id="more")
    dispatcher.flush()
    assert len(browser.messages) == heard

    browser.ask(dispatcher, "hello")
    assert browser.missed == 0
    assert browser.flow == fresh(flow)


def test_a_flow_that_nobody_holds_is_let_go(session):
    flow = Flow("gone", session=session)
    browser = Browser()
    dispatcher = Dispatcher(flow, browser.hear)
    del session.flows["gone"], flow
    gc.collect()

    dispatcher.handle({"kind": "hello", "id": "a"})

    assert browser.messages[-1].code == "message.closed"
    assert dispatcher.snapshot() == {}
    dispatcher.close()


def test_browsers_in_many_threads_lose_no_edit(session):
    """Each tries again after a stale edit, as the editor does."""
    flow = Flow("busy", session=session)
    browsers = [Browser() for _ in range(4)]

    def send(content):
        for browser in browsers:
            browser.hear(content)

    dispatcher = Dispatcher(flow, send)
    browsers[0].ask(dispatcher, "hello")

    def edit(number, browser):
        for index in range(10):
            request = {"kind": "edit", "edits": [add(f"n{number}_{index}")]}
            while flow.spec.node(f"n{number}_{index}") is None:
                revision = browser.flow["revision"]
                name = f"{number}-{index}-{revision}"
                dispatcher.handle({**request, "id": name, "base_revision": revision})

    threads = [threading.Thread(target=edit, args=pair) for pair in enumerate(browsers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(flow.spec.nodes) == 40
    assert all(browser.flow == fresh(flow) for browser in browsers)
    assert all(browser.missed == 0 for browser in browsers)
    dispatcher.close()


IDS = st.sampled_from(["a", "b", "c", "top", "left", "bottom"])
EDITS = st.one_of(
    st.builds(add, IDS, st.sampled_from(["double", "add", "number", "Nowhere"])),
    st.builds(lambda i: {"kind": "remove_node", "id": i}, IDS),
    st.builds(lambda s, t: lead(f"{s}.output -> {t}.x"), IDS, IDS),
    st.builds(lambda i, j: {"kind": "rename_node", "id": i, "to": j}, IDS, IDS),
    st.builds(lambda i, f: {"kind": "set_config", "id": i, "config": {"x": f}}, IDS, st.floats()),
    st.builds(lambda i, d: {"kind": "set_options", "id": i, "disabled": d}, IDS, st.booleans()),
    st.builds(lambda d: {"kind": "set_flow", "description": d}, st.sampled_from(["", "d"])),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), st.lists(EDITS, min_size=1, max_size=3)),
        st.tuples(st.sampled_from(["undo", "redo", "arrange", "hello", "cell"]), st.none()),
        st.tuples(st.just("move"), IDS),
    ),
    max_size=12,
)


@given(steps=STEPS)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_is_sent_the_browser_ends_with_what_is_there(session, steps):
    flow = flows.diamond(session)
    browser = Browser()
    dispatcher = Dispatcher(flow, browser.hear, every=0.0)
    browser.ask(dispatcher, "hello")

    for number, (kind, more) in enumerate(steps):
        if kind == "cell":
            flow.add("double", id=f"cell_{number}")
            dispatcher.flush()
        elif kind == "edit":
            content = json.loads(
                json.dumps({"edits": more}).replace("NaN", "1").replace("Infinity", "2")
            )
            assert browser.ask(dispatcher, "edit", **content)
        elif kind == "move":
            assert browser.ask(dispatcher, "move", positions={more: {"x": number, "y": 2}})
        else:
            assert browser.ask(dispatcher, kind)

    dispatcher.flush()
    dispatcher.close()
    assert browser.missed == 0
    assert browser.flow == fresh(flow)

"""A browser edits, undoes, moves and arranges a flow, and hears of all that others do to it."""

from __future__ import annotations

import gc
import json
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagy_nb.checks.connection import check_connection
from dagy_nb.dispatch import Dispatcher
from dagy_nb.dispatch.view import look_at_flow
from dagy_nb.model.flow import EdgeSpec, NodeEntry
from dagy_nb.nodes.function import node
from dagy_nb.protocol.message import MAX_MESSAGE, Snapshot, encode
from dagy_nb.protocol.palette import draw_palette
from dagy_nb.session.flow import Flow
from tests import flows
from tests.dispatch.browser import Browser


def entry(node_id, type_name="double", **fields):
    return NodeEntry(id=node_id, type=type_name, **fields).model_dump(mode="json")


def add(node_id, type_name="double", **fields):
    return {"kind": "add_node", "node": entry(node_id, type_name, **fields)}


def edge(text):
    return EdgeSpec.parse(text).model_dump()


def lead(text):
    return {"kind": "connect", "edge": edge(text)}


def fresh(flow):
    """The flow's picture as a new browser would get it."""
    empty = draw_palette({})
    return encode(Snapshot(flow=look_at_flow(flow, flow.last_run), palette=empty))["flow"]


def test_hello_is_answered_with_everything(session, connect):
    flow = flows.diamond(session)
    _, browser = connect(flow)

    answer = browser.messages[0]
    assert answer.kind == "snapshot"
    assert answer.reply_to == "hello-1"
    assert [each.id for each in answer.flow.nodes] == ["top", "left", "right", "bottom"]
    assert "double" in {each.type for each in answer.palette.types}
    assert answer.run is None


def test_nothing_is_sent_before_hello(session):
    flow = flows.diamond(session)
    browser = Browser()
    dispatcher = Dispatcher(flow, browser.hear, every=0.0)

    flow.add("double", id="more")
    dispatcher.flush()

    assert browser.messages == []
    dispatcher.close()


def test_an_edit_changes_the_flow_and_is_answered_with_a_patch(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    before = flow.revision

    (patch,) = browser.ask(
        dispatcher,
        "edit",
        edits=[add("more"), lead("bottom.output -> more.x")],
        positions={"more": {"x": 900, "y": 12.5}},
    )

    assert patch.kind == "patch"
    assert (patch.base_revision, patch.revision) == (before, before + 1)
    assert [each.id for each in patch.nodes] == ["more"]
    assert (patch.nodes[0].x, patch.nodes[0].y) == (900, 12.5)
    assert flow.spec.node("more") is not None
    assert browser.flow == fresh(flow)


def test_a_new_node_without_a_place_gets_one_and_keeps_it(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)

    browser.ask(dispatcher, "edit", edits=[add("more"), lead("bottom.output -> more.x")])
    place = browser.node("more")["x"], browser.node("more")["y"]
    browser.ask(dispatcher, "edit", edits=[add("other"), lead("bottom.output -> other.x")])

    assert (browser.node("more")["x"], browser.node("more")["y"]) == place
    assert flow.draft.positions["more"].x == place[0]


@pytest.mark.parametrize(
    "text", ["top.output -> bottom.left", "bottom.output -> left.x", "top.output -> top.output"]
)
def test_an_edge_that_does_not_fit_is_refused_in_the_validators_words(session, connect, text):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    expected = check_connection(flow.spec, session.registry.snapshot().specs, EdgeSpec.parse(text))

    (refused,) = browser.ask(dispatcher, "edit", edits=[lead(text)])

    assert refused.kind == "refused"
    assert (refused.code, refused.message, refused.suggestion) == (
        expected.code,
        expected.reason,
        expected.suggestion,
    )
    assert refused.revision == flow.revision


def test_edits_are_done_all_or_none(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    spec, revision = flow.spec, flow.revision

    (refused,) = browser.ask(
        dispatcher, "edit", edits=[add("more"), lead("top.output -> bottom.left")]
    )

    assert refused.code == "edge.input_taken"
    assert (flow.spec, flow.revision) == (spec, revision)


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([add("more", "NoSuchType")], "unknown.node_type"),
        ([add("top")], "edit.node_taken"),
        ([{"kind": "remove_node", "id": "gone"}], "edit.unknown_node"),
        ([{"kind": "disconnect", "edge": edge("top.output -> gone.x")}], "edit.unknown_edge"),
        ([{"kind": "batch", "edits": [add("m", "NoSuchType")], "label": ""}], "unknown.node_type"),
    ],
)
def test_an_edit_that_cannot_be_done_is_refused(session, connect, edits, code):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)

    (refused,) = browser.ask(dispatcher, "edit", edits=edits)

    assert (refused.kind, refused.code) == ("refused", code)


def test_an_edit_of_an_old_revision_is_refused_and_followed_by_a_snapshot(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)

    answers = browser.ask(dispatcher, "edit", base_revision=1, edits=[add("more")])

    assert [each.kind for each in answers] == ["refused", "snapshot"]
    assert answers[0].code == "message.stale"
    assert answers[1].flow.revision == flow.revision
    assert flow.spec.node("more") is None


MALFORMED = {
    "a text": ("hello", ""),
    "nothing": (None, ""),
    "an unknown kind": ({"kind": "explode", "id": "a"}, "a"),
    "no edits": ({"kind": "edit", "id": "a", "base_revision": 1, "edits": []}, "a"),
    "a foreign field": ({"kind": "undo", "id": "a", "exec": "x"}, "a"),
    "no id": ({"kind": "hello"}, ""),
}


@pytest.mark.parametrize(("content", "reply_to"), MALFORMED.values(), ids=MALFORMED)
def test_a_message_of_wrong_shape_is_refused(session, connect, capfd, content, reply_to):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)

    dispatcher.handle(content)

    refused = browser.messages[-1]
    assert (refused.kind, refused.code, refused.reply_to) == (
        "refused",
        "message.invalid",
        reply_to,
    )
    assert capfd.readouterr() == ("", "")


def test_a_message_of_10_mb_is_refused_and_nothing_is_lost(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    spec = flow.spec

    (refused,) = browser.ask(dispatcher, "edit", edits=[add("more", label="x" * 10 * MAX_MESSAGE)])

    assert refused.code == "message.too_large"
    assert flow.spec is spec


def test_undo_and_redo_lead_there_and_back(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    before = flow.spec
    browser.ask(dispatcher, "edit", edits=[{"kind": "remove_node", "id": "left"}])

    (undone,) = browser.ask(dispatcher, "undo")
    assert flow.spec == before
    assert undone.redo == "remove left"
    assert browser.flow == fresh(flow)

    (redone,) = browser.ask(dispatcher, "redo")
    assert flow.spec.node("left") is None
    assert redone.undo == "remove left"
    assert browser.flow == fresh(flow)


@pytest.mark.parametrize("kind", ["undo", "redo"])
def test_without_a_change_there_is_nothing_to_undo_or_redo(session, connect, kind):
    dispatcher, browser = connect(Flow("empty", session=session))

    (refused,) = browser.ask(dispatcher, kind)

    assert refused.code == "edit.no_history"
    assert kind in refused.message


def test_moving_changes_no_revision(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    revision = flow.revision

    (moved,) = browser.ask(
        dispatcher, "move", positions={"top": {"x": -5, "y": 7}, "gone": {"x": 0, "y": 0}}
    )

    assert moved.kind == "moved"
    assert set(moved.positions) == {"top"}
    assert flow.revision == revision
    assert (browser.node("top")["x"], browser.node("top")["y"]) == (-5, 7)
    assert browser.flow == fresh(flow)


def test_arranging_lays_all_nodes_out_anew(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    tidy = {each["id"]: (each["x"], each["y"]) for each in browser.flow["nodes"]}
    browser.ask(
        dispatcher, "move", positions={each: {"x": 1, "y": 1} for each in ("top", "left", "right")}
    )

    (moved,) = browser.ask(dispatcher, "arrange")

    assert {key: (at.x, at.y) for key, at in moved.positions.items()} == tidy
    assert browser.flow == fresh(flow)


def test_a_renamed_node_stays_where_it_was(session, connect):
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    browser.ask(dispatcher, "move", positions={"left": {"x": 321, "y": 123}})

    browser.ask(dispatcher, "edit", edits=[{"kind": "rename_node", "id": "left", "to": "west"}])

    assert (browser.node("west")["x"], browser.node("west")["y"]) == (321, 123)
    assert "top.output -> west.x" in {each["id"] for each in browser.flow["edges"]}


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
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
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

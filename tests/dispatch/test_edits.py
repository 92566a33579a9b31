"""A browser edits, undoes, moves and arranges a flow; what cannot be done is refused in words."""

from __future__ import annotations

import pytest

from dagy_nb.checks.connection import check_connection
from dagy_nb.dispatch import Dispatcher
from dagy_nb.model.flow import EdgeSpec
from dagy_nb.protocol.message import MAX_MESSAGE
from dagy_nb.session.flow import Flow
from tests import flows
from tests.dispatch.browser import Browser, add, edge, fresh, lead


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

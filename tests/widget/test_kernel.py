"""The editor's widget in a real kernel, spoken with as JupyterLab does."""

from __future__ import annotations

import json

import pytest

from tests.widget.frontend import VIEW_MIME, displays

pytestmark = pytest.mark.kernel


def show(front, name):
    """Make and display a flow; return the id of its widget."""
    came = front.run(f"{name} = make_flow('{name}')\n{name}")
    return displays(came)[0][VIEW_MIME]["model_id"]


def begin(front, name):
    """As `show`, with hello said and answered: the widget and its snapshot."""
    editor = show(front, name)
    return editor, front.answer(editor, front.ask(editor, "hello"))


def test_a_flow_is_displayed_as_widget_and_picture(front):
    came = front.run("shown = make_flow('shown')\nshown")

    widget, picture = displays(came)
    assert set(widget) == {"text/plain", VIEW_MIME}
    assert widget["text/plain"] == picture["text/plain"] == "<Flow shown: 2 nodes, 1 edges>"
    assert picture["image/svg+xml"].startswith("<svg ")
    assert picture["image/png"].startswith("iVBOR")
    state = front.opened()[widget[VIEW_MIME]["model_id"]]
    assert "render" in state["_esm"]
    assert state["_css"]
    assert [each["id"] for each in state["snapshot"]["flow"]["nodes"]] == ["n", "d"]


def test_all_displays_of_a_flow_are_one_model_and_two_flows_are_two(front):
    editor = show(front, "one")
    came = front.run("one\n\ndisplay(one)\ndisplay(make_flow('other'))")

    again, other = (each[VIEW_MIME]["model_id"] for each in displays(came)[::2])
    assert again == editor
    assert other != editor
    assert front.opened()[editor]["instance"] != front.opened()[other]["instance"]


def test_an_edit_of_the_browser_changes_the_flow_and_only_a_patch_is_sent(front):
    editor, snapshot = begin(front, "edited")
    edit = {"kind": "set_options", "id": "d", "label": "Twice"}

    asked = front.ask(editor, "edit", base_revision=snapshot["flow"]["revision"], edits=[edit])

    patch = front.answer(editor, asked)
    assert patch["kind"] == "patch"
    assert [each["label"] for each in patch["nodes"]] == ["Twice"]
    front.run("assert edited.spec.node('d').label == 'Twice'")
    assert not [each for each in front.said(editor) if each["method"] == "update"]


def test_two_editors_never_mix(front):
    left, snapshot = begin(front, "left")
    right, _ = begin(front, "right")

    asked = front.ask(
        left,
        "edit",
        base_revision=snapshot["flow"]["revision"],
        edits=[{"kind": "remove_node", "id": "d"}],
    )

    front.answer(left, asked)
    front.run("assert right.spec.node('d') and not left.spec.node('d')")
    assert [each["kind"] for each in front.heard(right)] == ["snapshot"]


def test_wrong_messages_do_no_harm(front):
    editor, _ = begin(front, "harmed")

    for content in ("nonsense", {"kind": "explode", "id": "bad-1"}, {"id": 3}):
        front.say(editor, {"method": "custom", "content": content})
    big = {"kind": "run", "id": "big", "base_revision": 1, "parameters": {"x": "y" * 10_000_000}}
    front.say(editor, {"method": "custom", "content": big})

    assert front.answer(editor, "big")["code"] == "message.too_large"
    assert front.answer(editor, "bad-1")["code"] == "message.invalid"
    assert front.answer(editor, front.ask(editor, "hello"))["kind"] == "snapshot"
    assert not [m for m in front.messages if m["msg_type"] == "stream" and "Traceback" in str(m)]


def test_what_a_cell_changes_reaches_the_browser(front):
    editor, _ = begin(front, "changed")

    front.run("changed.add('double', id='more')")

    front.wait(lambda: any("more" in json.dumps(each) for each in front.heard(editor)[1:]))
    assert front.heard(editor)[-1]["kind"] == "patch"


def test_a_redefined_node_reaches_palette_and_graph(front):
    front.run("@node\ndef gauge(x: int) -> int:\n    return x")
    front.run(
        "made = make_flow('made'); made.add('gauge', id='g'); made.connect('d.output', 'g.x')"
    )
    came = front.run("made")
    editor = displays(came)[0][VIEW_MIME]["model_id"]
    front.answer(editor, front.ask(editor, "hello"))

    front.run("@node\ndef gauge(amount: int) -> int:\n    return amount")

    front.wait(lambda: {"palette", "patch"} <= {each["kind"] for each in front.heard(editor)})
    patch = next(each for each in front.heard(editor) if each["kind"] == "patch")
    assert patch["edges"][0]["repair"] == "d.output -> g.amount"


def test_a_reloaded_page_gets_the_state_of_now(front):
    """JupyterLab asks the widget control comm for all states; other front ends ask each widget."""
    editor, _ = begin(front, "reloaded")
    front.run("reloaded.add('double', id='more')")

    control = front.open_comm("jupyter.widget.control")
    front.say(control, {"method": "request_states"})
    front.wait(lambda: front.said(control))
    front.say(editor, {"method": "request_state"})
    front.wait(lambda: any(each["method"] == "update" for each in front.said(editor)))

    states = front.said(control)[0]["states"]
    update = next(each for each in front.said(editor) if each["method"] == "update")
    for snapshot in (states[editor]["state"]["snapshot"], update["state"]["snapshot"]):
        assert [each["id"] for each in snapshot["flow"]["nodes"]] == ["n", "d", "more"]


def test_the_stored_state_holds_nothing_of_the_users_data(front):
    front.run("told = make_flow('told'); run = told.run().wait()")
    editor = displays(front.run("told"))[0][VIEW_MIME]["model_id"]

    held = front.opened()[editor]["snapshot"]["run"]["nodes"]["d"]
    assert (held["state"], held["previews"], held["log_tail"]) == ("COMPLETED", {}, [])

    told = front.answer(editor, front.ask(editor, "hello"))["run"]["nodes"]["d"]
    assert told["previews"]["output"]["summary"] == "42"
    assert told["log_tail"] == ["doubling 21"]


def test_a_run_of_the_browser_is_watched_to_its_end(front):
    editor, snapshot = begin(front, "started")

    asked = front.ask(editor, "run", base_revision=snapshot["flow"]["revision"], parameters={})

    assert front.answer(editor, asked)["kind"] == "status"
    front.wait(
        lambda: any(
            each["kind"] == "status" and each["run"]["state"] == "COMPLETED"
            for each in front.heard(editor)
        )
    )


def wait_for_state(front, editor, node_id, state):
    def is_there():
        return any(
            each["run"]["nodes"].get(node_id, {}).get("state") == state
            for each in front.heard(editor)
            if each["kind"] == "status"
        )

    front.wait(is_there)


BUSY = """
from dagy_nb import RunFailed
try:
    {name}.run().wait()
except RunFailed as error:
    print("ended", error.code)
"""


def test_cancel_gets_through_while_a_cell_is_busy(front):
    """By the comm that the browser opened, on a subshell; and states come live meanwhile."""
    subshell = front.add_subshell()
    front.run("slow = Flow('slow'); slow.add(Waiting, id='w')")
    editor = displays(front.run("slow"))[0][VIEW_MIME]["model_id"]
    front.answer(editor, front.ask(editor, "hello"))
    control = front.open_comm("dagy.control", subshell=subshell)

    cell = front.begin(BUSY.format(name="slow"))
    wait_for_state(front, editor, "w", "RUNNING")
    assert not front.is_idle(cell)
    run_id = next(each for each in front.heard(editor) if each["kind"] == "status")["run"]["run_id"]
    front.say(control, {"cancel": run_id, "node_id": ""}, subshell=subshell)

    front.wait(lambda: front.is_idle(cell), patience=10)
    assert "ended run.cancelled" in "".join(
        m["content"]["text"] for m in front.messages if m["msg_type"] == "stream"
    )
    wait_for_state(front, editor, "w", "CANCELLED")


def test_one_node_is_cancelled_by_the_control_comm(front):
    subshell = front.add_subshell()
    front.run("part = make_flow('part'); part.add(Waiting, id='w'); handle = part.run()")
    editor = displays(front.run("part"))[0][VIEW_MIME]["model_id"]
    run_id = front.answer(editor, front.ask(editor, "hello"))["run"]["run_id"]
    control = front.open_comm("dagy.control", subshell=subshell)

    front.say(control, {"cancel": run_id, "node_id": "w"}, subshell=subshell)

    wait_for_state(front, editor, "w", "CANCELLED")
    front.run("assert handle.wait(check=False)['d'].state == 'COMPLETED'")


def test_the_control_comm_tells_whether_it_gets_through(front):
    """Only an answer from another thread than the main one proves that a busy cell does not matter."""
    subshell = front.add_subshell()
    control = front.open_comm("dagy.control", subshell=subshell)
    plain = front.open_comm("dagy.control")

    front.say(control, {"ping": "a"}, subshell=subshell)
    front.say(plain, {"ping": "b"})
    for data in (None, [], "x", {"cancel": 3}, {"cancel": "gone"}, {"cancel": "y" * 1000}):
        front.say(control, data, subshell=subshell)
    front.say(control, {"ping": "c"}, subshell=subshell)

    front.wait(lambda: len(front.said(control)) == 2)
    assert front.said(control) == [{"pong": "a"}, {"pong": "c"}]
    front.run("pass")
    assert front.said(plain) == []


def test_a_closed_editor_ends_its_views_and_the_next_display_opens_another(front):
    editor, _ = begin(front, "closed")
    front.run("from dagy_nb.widget.editor import find_editor\nfind_editor(closed).close()")
    front.wait(
        lambda: any(
            m["msg_type"] == "comm_close" and m["content"]["comm_id"] == editor
            for m in front.messages
        )
    )

    assert displays(front.run("closed"))[0][VIEW_MIME]["model_id"] != editor


def test_the_picture_is_replaced_after_a_cell_that_changed_the_flow_or_ran_it(front):
    came = front.run("quiet = make_flow('quiet')\nquiet")
    assert "Completed" not in displays(came)[1]["image/svg+xml"]

    (data,) = displays(front.run("quiet.add('number', id='more')"), "update_display_data")
    assert ">more<" in data["image/svg+xml"]
    (data,) = displays(front.run("quiet.run().wait();"), "update_display_data")
    assert data["image/svg+xml"].count("Completed") >= 4
    assert set(data) == {"text/plain", "image/svg+xml", "image/png"}
    assert displays(front.run("pass"), "update_display_data") == []


def test_the_picture_follows_what_a_browser_does_between_cells(front):
    editor, snapshot = begin(front, "loud")
    began = len(front.messages)

    def pictures():
        return displays(front.messages[began:], "update_display_data")

    revision = snapshot["flow"]["revision"]
    edit = {"kind": "set_options", "id": "d", "label": "Twice"}
    front.answer(editor, front.ask(editor, "edit", base_revision=revision, edits=[edit]))
    front.wait(pictures)
    front.ask(editor, "run", base_revision=revision + 1, parameters={})

    front.wait(lambda: "Completed" in pictures()[-1]["image/svg+xml"])
    assert ">Twice<" in pictures()[0]["image/svg+xml"]
    assert len(pictures()) == 2


def test_with_static_set_there_is_no_widget_and_the_picture_shows_the_last_states(static_front):
    came = static_front.run("flow = make_flow('fixed')\nflow")

    (data,) = displays(came)
    assert set(data) == {"text/plain", "image/svg+xml", "image/png"}
    assert static_front.opened() == {}

    came = static_front.run("flow.run().wait();")
    (data,) = displays(came, "update_display_data")
    assert set(data) == {"text/plain", "image/svg+xml", "image/png"}
    assert "Completed" in data["image/svg+xml"]

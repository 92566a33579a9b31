"""One editor for each flow, that keeps no flow alive and says what is missing."""

from __future__ import annotations

import gc
import json
import weakref

import pytest

from dagy_nb.errors import DagyError, FlowError
from dagy_nb.nodes.context import ExecutionContext
from dagy_nb.nodes.function import node
from dagy_nb.session.flow import Flow
from dagy_nb.widget import assets
from dagy_nb.widget.assets import read_asset
from dagy_nb.widget.bundle import make_bundle
from dagy_nb.widget.control import handle_control
from dagy_nb.widget.editor import VIEW_MIME, FlowEditor, find_editor, open_editor
from tests import flows
from tests.widget.conftest import require_built


@pytest.fixture(autouse=True)
def _built():
    require_built()


@pytest.fixture
def flow(session):
    made = flows.diamond(session)
    yield made
    editor = find_editor(made)
    if editor is not None:
        editor.close()


def test_a_flow_has_one_editor(flow):
    editor = open_editor(flow)

    assert open_editor(flow) is editor
    assert find_editor(flow) is editor


def test_a_closed_editor_is_replaced_by_a_new_one(flow):
    editor = open_editor(flow)
    editor.close()

    assert find_editor(flow) is None
    assert open_editor(flow) is not editor


def test_closing_twice_does_no_harm(flow):
    editor = open_editor(flow)

    editor.close()
    editor.close()

    assert not editor.is_open


def test_it_says_the_same_in_every_run(flow):
    assert repr(open_editor(flow)) == "<FlowEditor diamond>"


def test_its_bundle_has_the_view_and_the_picture(flow):
    editor = open_editor(flow)

    data, metadata = editor._repr_mimebundle_()

    assert data[VIEW_MIME]["model_id"] == editor.model_id
    assert data["text/plain"] == "<FlowEditor diamond>"
    assert data["image/svg+xml"].startswith("<svg")
    assert metadata == {}


def test_an_edit_does_not_send_the_snapshot_but_the_state_holds_the_newest(flow):
    editor = open_editor(flow)
    sent = []
    editor.comm.send = lambda data, buffers=None: sent.append(data)
    editor._take(editor, {"kind": "hello", "id": "a"}, [])

    flow.add("double", id="more")
    editor._dispatcher.flush()

    assert {each["method"] for each in sent} == {"custom"}
    assert [each["content"]["kind"] for each in sent] == ["snapshot", "patch"]
    nodes = editor.get_state()["snapshot"]["flow"]["nodes"]
    assert nodes[-1]["id"] == "more"


def test_a_stored_widget_state_holds_no_flow(flow):
    assert "snapshot" not in open_editor(flow).get_state(drop_defaults=True)


def test_the_state_of_a_run_that_failed_holds_no_words_of_the_users_code(session):
    @node
    def tells(context: ExecutionContext) -> int:
        print("canary")
        context.progress(0.5, "canary")
        raise FlowError("canary", suggestion="canary")

    flow = Flow("telling", session=session)
    flow.add(tells, id="a")
    run = flow.run().wait(check=False)
    editor = open_editor(flow)
    try:
        assert run["a"].error.suggestion == "canary"
        assert "canary" not in json.dumps(editor.get_state()["snapshot"]["run"])
    finally:
        editor.close()


def test_it_is_heard_once_a_browser_spoke(flow):
    editor = open_editor(flow)
    assert not editor.is_heard

    editor._take(editor, {"kind": "hello", "id": "a"}, [])

    assert editor.is_heard


def test_it_goes_with_its_flow(session):
    flow = Flow("short_lived", session=session)
    editor, reference = open_editor(flow), weakref.ref(flow)

    del session.flows["short_lived"], flow
    gc.collect()

    assert reference() is None
    assert not editor.is_open


def test_the_editor_of_a_flow_that_was_made_anew_rests(session):
    old = flows.diamond(session)
    editor = open_editor(old)
    sent = []
    editor.comm.send = lambda data, buffers=None: sent.append(data["content"]["kind"])
    editor._take(editor, {"kind": "hello", "id": "a"}, [])
    new = flows.diamond(session)

    open_editor(new)
    old.add("double", id="more")
    editor._dispatcher.flush()
    assert sent == ["snapshot"]

    editor._take(editor, {"kind": "hello", "id": "b"}, [])
    assert sent == ["snapshot", "patch", "snapshot"]
    find_editor(new).close()
    editor.close()


def test_without_the_built_front_end_the_command_is_named(flow, tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "files", lambda _: tmp_path)

    with pytest.raises(DagyError) as caught:
        FlowEditor(flow)

    assert caught.value.code == "dagy.not_built"
    assert "npm run build" in str(caught.value)


def test_the_built_files_are_there():
    assert "export" in read_asset("widget.js")
    assert "{" in read_asset("widget.css")


def test_the_picture_of_a_flow_shows_its_last_run(flow):
    assert "Completed" not in make_bundle(flow)["image/svg+xml"]

    flow.run().wait()

    assert make_bundle(flow)["image/svg+xml"].count("Completed") == 1 + 4 + 4


def test_the_control_comm_cancels_a_run_of_this_session(session):
    flow = flows.slow(session, timeout=None)
    handle = flow.run()

    assert handle_control({"cancel": handle.run_id, "node_id": "nobody"}) == {}
    assert handle_control({"cancel": handle.run_id, "node_id": ""}) == {}

    assert handle.wait(10, check=False).state == "CANCELLED"


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        ({"ping": "a"}, {"pong": "a"}),
        ({"ping": {"deep": 1}}, {"pong": ""}),
        ({"cancel": "gone", "node_id": ""}, {}),
        ({"cancel": None}, {}),
        ({"cancel": ["x"], "node_id": 3}, {}),
        ({}, {}),
        ("cancel", {}),
        (None, {}),
    ],
)
def test_whatever_comes_over_the_control_comm_does_no_harm(session, data, answer):
    assert handle_control(data) == answer

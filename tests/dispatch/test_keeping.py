"""What a browser draws is kept outside the kernel, soon and by itself; what code does is not."""

from __future__ import annotations

import pytest

from dagy_nb.session.flow import Flow
from tests import flows
from tests.dispatch.browser import add
from tests.store.facts import wait_until


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("edit", {"edits": [add("more")]}),
        ("undo", {}),
        ("move", {"positions": {"top": {"x": 5, "y": 6}}}),
        ("arrange", {}),
    ],
)
def test_whatever_changes_the_drawing_is_kept(session, connect, kind, fields) -> None:
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)
    assert session.drafts.find(flow.name) is None

    browser.ask(dispatcher, kind, **fields)

    wait_until(lambda: session.drafts.find(flow.name) is not None)
    kept = session.drafts.find(flow.name)
    assert kept.flow == flow.spec
    assert kept.positions == flow.draft.positions


def test_a_browser_hears_once_that_nothing_can_be_kept_and_edits_go_on(session, connect) -> None:
    home = session.settings.home
    home.mkdir(parents=True, exist_ok=True)
    (home / "drafts").write_text("a file")
    flow = Flow("drawn", session=session)
    dispatcher, browser = connect(flow)

    browser.ask(dispatcher, "edit", edits=[add("first")])
    browser.wait(lambda: browser.of_kind("refused"))
    browser.ask(dispatcher, "edit", edits=[add("second")])
    (told,) = browser.of_kind("refused")
    assert (told.code, told.reply_to) == ("store.draft_unwritable", "")

    (home / "drafts").unlink()
    browser.ask(dispatcher, "edit", edits=[add("third")])
    wait_until(lambda: session.drafts.find("drawn") is not None)

    kept = session.drafts.find("drawn")
    assert [each.id for each in kept.flow.nodes] == ["first", "second", "third"]
    assert len(browser.of_kind("refused")) == 1

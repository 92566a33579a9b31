"""What a browser draws is kept outside the kernel, soon and by itself; what code does is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dagy_nb.session.flow import Flow
from dagy_nb.store.drafts import KeptDraft
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


def test_to_move_nodes_makes_a_flow_no_newer(session, connect) -> None:
    """Else a node moved in an old kernel would go before what was published since."""
    flow = flows.diamond(session)
    dispatcher, browser = connect(flow)

    def keep(kind: str, until: Callable[[KeptDraft], bool], **fields: object) -> float:
        browser.ask(dispatcher, kind, **fields)
        wait_until(lambda: (kept := session.drafts.find(flow.name)) is not None and until(kept))
        return session.drafts.find(flow.name).drawn_at

    def move(x: float) -> float:
        places = {"top": {"x": x, "y": 0}}
        return keep("move", lambda kept: kept.positions["top"].x == x, positions=places)

    assert move(5) == 0
    drawn = keep("edit", lambda kept: kept.flow.node("more") is not None, edits=[add("more")])
    assert move(6) == drawn > 0
    assert keep("undo", lambda kept: kept.flow.node("more") is None) > drawn


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

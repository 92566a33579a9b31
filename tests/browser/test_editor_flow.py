"""What holds for a flow as a whole, changed on a real page: limits, what a failure does, the backend."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.editor_page import EditorPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_the_backend_of_a_flow_is_chosen_by_key_and_its_reason_is_said(editor: EditorPage) -> None:
    editor.root.get_by_role("button", name=re.compile("^Flow ")).focus()
    editor.page.keyboard.press("Enter")
    panel = editor.root.get_by_role("dialog", name=re.compile("^About the flow"))
    expect(panel.get_by_label("Description")).to_be_focused()
    expect(panel.get_by_role("status")).to_contain_text("A run goes to kernel. Nothing else")

    panel.get_by_label("Backend: where runs go").select_option("dask")

    (edit,) = editor.wait_heard("edit")
    assert (edit["edits"][0]["kind"], edit["edits"][0]["backend"]) == ("set_flow", "dask")
    expect(panel.get_by_role("status")).to_contain_text("The flow asks for it.")
    expect(panel.get_by_role("status")).to_contain_text("The backend dask cannot be used here.")
    editor.page.keyboard.press("Escape")
    editor.page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_a_limit_that_is_none_is_refused_at_its_place_and_kept_to_be_mended(
    editor: EditorPage,
) -> None:
    editor.root.get_by_role("button", name=re.compile("^Flow ")).click()
    limit = editor.root.get_by_label("Limit of a run in seconds")

    limit.fill("soon")
    editor.page.keyboard.press("Tab")
    expect(editor.root.get_by_role("alert")).to_contain_text("a number that is above 0")
    expect(limit).to_have_value("soon")
    limit.fill("90")
    editor.page.keyboard.press("Enter")

    (edit,) = editor.wait_heard("edit")
    assert edit["edits"][0]["timeout"] == 90
    expect(editor.root.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("width", [620, 900])
def test_the_bar_has_two_lines_rather_than_names_cut_to_nothing(
    editor: EditorPage, width: int
) -> None:
    editor.page.set_viewport_size({"width": width, "height": 900})
    editor.root.get_by_role("switch", name="Reuse").click()
    editor.kernel("tell", "FAILED", {"clean": {"state": "FAILED", "reason": "raised"}})
    expect(editor.root.get_by_role("button", name="Resume")).to_be_visible()

    name = editor.root.locator(".dagy-flow-name > span")
    assert name.evaluate("each => each.clientWidth >= each.scrollWidth && each.clientWidth > 30")
    bar = editor.root.locator(".dagy-bar")
    assert bar.evaluate("each => each.scrollWidth <= each.clientWidth")

"""The shipped editor in a bare Chromium page, with a kernel played by the page: edits and runs."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import FloatRect, expect

from tests.browser.editor_page import EditorPage

pytestmark = pytest.mark.browser


# --- editing ---


def test_undo_and_redo_by_keys_and_by_buttons_that_say_what(editor: EditorPage) -> None:
    editor.card("report").locator(".dagy-head").click()
    editor.page.keyboard.press("Delete")
    undo = editor.root.get_by_role("button", name="Undo: remove node")
    undo.wait_for()

    editor.page.keyboard.press("Control+z")
    expect(editor.card("report")).to_have_count(1)
    editor.root.get_by_role("button", name="Redo: remove node").click()
    expect(editor.card("report")).to_have_count(0)
    editor.root.get_by_role("button", name="Undo: remove node").click()
    expect(editor.card("report")).to_have_count(1)


def test_a_node_moves_with_the_mouse_and_is_sent_once(editor: EditorPage) -> None:
    head = editor.card("clean").locator(".dagy-head")
    x, y = editor.middle(head)
    editor.page.mouse.move(x, y)
    editor.page.mouse.down()
    editor.page.mouse.move(x + 40, y + 60, steps=12)
    editor.page.mouse.up()
    (moved,) = editor.wait_heard("move")

    assert set(moved["positions"]) == {"clean"}
    assert moved["positions"]["clean"]["y"] > 30
    assert editor.heard("edit") == []


def test_a_node_is_dragged_from_the_palette_to_its_place(editor: EditorPage) -> None:
    entry = editor.root.locator('.dagy-entry[data-type="SendMail"]')
    x, y = editor.middle(editor.root.locator(".react-flow__pane"))
    editor.page.mouse.move(*editor.middle(entry))
    editor.page.mouse.down()
    editor.page.mouse.move(x, y + 120, steps=8)
    editor.page.mouse.up()
    (edit,) = editor.wait_heard("edit")
    box = editor.card("send_mail").bounding_box()

    assert edit["edits"][0]["node"]["type"] == "SendMail"
    assert box
    assert box["x"] < x < box["x"] + box["width"]
    assert box["y"] < y + 120 < box["y"] + box["height"]
    assert len(editor.heard("edit")) == 1


def test_nodes_that_are_clicked_stand_in_view_and_cover_none(editor: EditorPage) -> None:
    for count in range(5):
        editor.root.locator('.dagy-entry[data-type="SendMail"]').click()
        editor.wait_heard("edit", count + 1)
        editor.settle()
    boxes = [card.bounding_box() for card in editor.root.locator(".react-flow__node").all()]
    canvas = editor.root.locator(".react-flow").bounding_box()

    assert canvas
    assert len(boxes) >= 8
    for at, one in enumerate(boxes):
        assert one
        assert is_within(one, canvas)
        for other in boxes[:at]:
            assert other
            assert not is_over(one, other)


def is_within(box: FloatRect, frame: FloatRect) -> bool:
    across = frame["x"] <= box["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"]
    down = frame["y"] <= box["y"] and box["y"] + box["height"] <= frame["y"] + frame["height"]
    return across and down


def is_over(one: FloatRect, other: FloatRect) -> bool:
    across = abs(one["x"] - other["x"]) < max(one["width"], other["width"])
    down = abs(one["y"] - other["y"]) < max(one["height"], other["height"])
    return across and down


def test_a_node_is_found_and_added_by_keys_alone(editor: EditorPage) -> None:
    editor.card("clean").focus()
    editor.page.keyboard.press("/")
    editor.page.keyboard.type("plot")
    editor.page.keyboard.press("ArrowDown")
    editor.page.keyboard.press("Enter")
    editor.wait_heard("edit")

    assert "plot_delays" in editor.cards()


def test_copied_nodes_are_pasted_with_their_edges(editor: EditorPage) -> None:
    editor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    editor.card("clean").locator(".dagy-head").click()
    editor.page.keyboard.press("Control+a")
    editor.page.keyboard.press("Control+c")
    editor.page.keyboard.press("Control+v")
    editor.wait_heard("edit")

    assert "flights_2.table -> clean_2.flights" in editor.edges()
    assert len(editor.cards()) == 8


def test_shift_draws_a_box_that_selects(editor: EditorPage) -> None:
    canvas = editor.root.locator(".dagy-canvas").bounding_box()
    assert canvas
    editor.page.keyboard.down("Shift")
    editor.page.mouse.move(canvas["x"] + 4, canvas["y"] + 4)
    editor.page.mouse.down()
    editor.page.mouse.move(
        canvas["x"] + canvas["width"] - 8, canvas["y"] + canvas["height"] - 8, steps=6
    )
    editor.page.mouse.up()
    editor.page.keyboard.up("Shift")

    expect(editor.root.get_by_label("About the selection")).to_contain_text("selected")
    expect(editor.root.locator(".dagy-card.is-selected")).to_have_count(4)


def test_settings_are_sent_whole_and_problems_told_at_once(editor: EditorPage) -> None:
    editor.card("clean").locator(".dagy-head").click()
    delay = editor.root.get_by_label("Min Delay", exact=True)
    delay.fill("-3")
    delay.press("Enter")
    expect(editor.root.get_by_text("This must be at least 0.")).to_be_visible()
    delay.fill("30")
    delay.press("Tab")
    editor.root.get_by_label("Strict", exact=True).check()
    editor.root.get_by_label("Carrier", exact=True).select_option(label="UA")
    editor.root.get_by_label("Columns", exact=True).fill("carrier\nhour")
    editor.root.get_by_label("Columns", exact=True).press("Control+Enter")
    editor.root.get_by_label("Parameter for Window").select_option("${params.month}")
    last = editor.wait_heard("edit", 6)[-1]

    assert last["edits"][0]["config"] == {
        "min_delay": 30, "strict": True, "carrier": "UA", "columns": ["carrier", "hour"],
        "window": "${params.month}",
    }  # fmt: skip


def test_a_renamed_node_keeps_its_edges_and_its_panel(editor: EditorPage) -> None:
    editor.card("clean").locator(".dagy-head").click()
    editor.root.get_by_text("Node options").click()
    name = editor.root.get_by_label("Name in the flow")
    name.fill("tidy up")
    name.press("Enter")
    expect(editor.root.get_by_role("alert")).to_contain_text("“tidy up” is no name")
    name.fill("tidy")
    name.press("Enter")
    editor.wait_heard("edit")

    assert editor.edges() == {"flights.table -> tidy.flights"}
    expect(editor.root.get_by_label("About tidy")).to_be_visible()


def test_edits_made_while_the_kernel_is_busy_all_arrive_in_order(editor: EditorPage) -> None:
    editor.page.evaluate("window.dagy.model('first').kernel.busy = true")
    editor.drag("clean.>flights_clean", editor.connector("report.<flights"))
    editor.card("model").locator(".dagy-head").click()
    editor.page.keyboard.press("Delete")
    expect(editor.card("model")).to_have_count(0)
    expect(editor.root.locator(".dagy-banner")).to_contain_text("2 changes wait")

    editor.kernel("awake")
    first, second = editor.wait_heard("edit", 2)

    assert (first["base_revision"], second["base_revision"]) == (3, 4)
    expect(editor.root.locator(".dagy-banner")).to_have_count(0)
    assert "clean.flights_clean -> report.flights" in editor.edges()


def test_an_edit_overtaken_by_another_view_is_made_on_top_of_it(editor: EditorPage) -> None:
    editor.page.evaluate("window.dagy.model('first').kernel.busy = true")
    editor.drag("clean.>flights_clean", editor.connector("report.<flights"))
    editor.kernel("change", [{"kind": "remove_node", "id": "model"}])

    editor.kernel("awake")
    edits = editor.wait_heard("edit", 2)

    assert [each["base_revision"] for each in edits] == [3, 4]
    expect(editor.card("model")).to_have_count(0)
    assert "clean.flights_clean -> report.flights" in editor.edges()


# --- running ---


def test_a_run_is_watched_and_cancelled_by_both_ways(editor: EditorPage) -> None:
    editor.root.get_by_role("button", name="Run", exact=True).click()
    editor.wait_heard("run")
    now = time.time()
    editor.kernel(
        "tell", "RUNNING",
        {
            "flights": {"state": "COMPLETED", "started_at": now - 2, "ended_at": now - 0.5},
            "clean": {"state": "RUNNING", "started_at": now, "fraction": 0.5, "message": "half way"},
        },
    )  # fmt: skip

    expect(editor.card("flights")).to_contain_text("Completed1.5 s")
    expect(editor.card("clean")).to_contain_text("half way")
    expect(editor.card("clean").get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50")
    ticking = editor.card("clean").locator(".dagy-time")
    before = ticking.text_content()
    expect(ticking).not_to_have_text(before or "")

    editor.root.get_by_role("button", name="Cancel").click()
    editor.wait_heard("cancel")
    run = editor.page.evaluate("window.dagy.model('first').kernel.run.run_id")
    assert editor.page.evaluate("window.dagy.model('first').controls") == [
        {"cancel": run, "node_id": ""}
    ]
    expect(editor.root.locator("[data-run-state]")).to_have_attribute("data-run-state", "CANCELLED")
    # The button that had the focus is gone; the editor has it now, not the page.
    expect(editor.root).to_be_focused()


def test_other_parameters_are_asked_for_and_remembered(editor: EditorPage) -> None:
    editor.root.get_by_role("button", name="Run with other parameters").click()
    form = editor.root.get_by_role("form", name="Run with")
    form.get_by_label("month").fill("7")
    form.get_by_label("month").press("Enter")
    (first,) = editor.wait_heard("run")
    editor.kernel("tell", "COMPLETED", {})

    editor.root.get_by_role("button", name="Run", exact=True).click()
    second = editor.wait_heard("run", 2)[-1]

    assert first["parameters"] == {"month": 7}
    assert second["parameters"] == {"month": 7}


def test_a_failed_node_tells_its_error_and_shows_no_markup(editor: EditorPage) -> None:
    now = time.time()
    evil = "<img src=x onerror='window.evil = 1'>"
    editor.kernel(
        "tell", "FAILED",
        {
            "clean": {
                "state": "FAILED", "reason": "raised", "error_code": "node.raised", "error": f"KeyError: {evil}",
                "suggestion": "Look at the columns.", "traceback": "Cell In[4], line 3", "started_at": now - 1,
                "ended_at": now, "log_tail": [evil],
            },
            "flights": {
                "state": "COMPLETED", "started_at": now - 2, "ended_at": now - 1,
                "previews": {
                    "table": {
                        "type": "TABLE", "summary": "2 rows", "columns": [["carrier", "object"], [evil, "x"]],
                        "shape": [2, 2], "rows": [["UA", evil], ["DL", "1"]], "hidden": False,
                    },
                },
            },
        },
    )  # fmt: skip
    editor.card("clean").locator(".dagy-head").click()
    about = editor.root.get_by_label("About clean")
    expect(about).to_contain_text("KeyError")
    expect(about).to_contain_text("Look at the columns.")
    about.get_by_text("Traceback").click()
    expect(about).to_contain_text("Cell In[4], line 3")

    editor.card("flights").locator(".dagy-head").click()
    editor.root.get_by_role("tab", name="Run").click()
    expect(editor.root.get_by_role("table")).to_contain_text("UA")

    assert editor.page.evaluate("window.evil") is None
    assert editor.root.locator("img").count() == 0


def test_a_kernel_that_is_gone_leaves_a_picture(editor: EditorPage) -> None:
    editor.page.evaluate("window.dagy.model('first').trigger('comm:close')")

    expect(editor.root.get_by_role("alert")).to_contain_text("not connected")
    expect(editor.root.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    editor.card("clean").locator(".dagy-head").click()
    editor.page.keyboard.press("Delete")
    assert "clean" in editor.cards()

"""The shipped editor in a bare Chromium page, by mouse and keys: edges, and manners towards the page."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dagy_nb.checks.connection import check_connection
from dagy_nb.model.flow import EdgeSpec
from tests.browser.editor_page import OPEN, PLACES, EditorPage
from tests.browser.example import DELAYS, SPECS, draw_snapshot, make_flow

pytestmark = pytest.mark.browser


# --- edges by mouse ---


def test_a_fitting_edge_says_so_while_dragging_and_is_made(editor: EditorPage) -> None:
    editor.hold("clean.>flights_clean", editor.connector("report.<flights"))

    expect(editor.bubble).to_contain_text("Fits")
    expect(editor.bubble).to_contain_text("Both are TABLE.")
    editor.page.mouse.up()
    (edit,) = editor.wait_heard("edit")

    assert edit["base_revision"] == 3
    assert edit["edits"][0]["edge"] == {
        "source": "clean", "output": "flights_clean", "target": "report", "input": "flights",
    }  # fmt: skip
    assert "clean.flights_clean -> report.flights" in editor.edges()
    expect(editor.bubble).to_have_count(0)


def test_a_wrong_edge_says_why_in_pythons_words_and_is_not_made(editor: EditorPage) -> None:
    edge = EdgeSpec.parse("clean.dropped -> report.flights")
    said = check_connection(OPEN, SPECS, edge)

    editor.hold("clean.>dropped", editor.connector("report.<flights"))

    expect(editor.bubble).to_contain_text("Does not fit")
    expect(editor.bubble).to_contain_text(said.reason)
    expect(editor.bubble).to_contain_text(said.suggestion)
    expect(editor.connector("report.<flights")).to_have_attribute("data-verdict", "no")
    editor.page.mouse.up()

    expect(editor.toast).to_contain_text(said.reason)
    assert editor.heard("edit") == []
    assert editor.edges() == {"flights.table -> clean.flights"}


def test_an_edge_that_a_value_decides_is_told_apart_and_drawn_dashed(editor: EditorPage) -> None:
    editor.hold("model.>model", editor.connector("report.<flights"))

    expect(editor.bubble).to_contain_text("May fit")
    expect(editor.bubble).to_contain_text("checked at run time")
    expect(editor.connector("report.<flights")).to_have_attribute("data-verdict", "unknown")
    editor.page.mouse.up()
    editor.wait_heard("edit")

    dashes = editor.root.locator(".dagy-wire.is-unknown").evaluate(
        "path => getComputedStyle(path).strokeDasharray"
    )
    assert dashes not in ("none", "")


def test_a_taken_input_names_the_edge_that_takes_it(editor: EditorPage) -> None:
    editor.hold("report.>report", editor.connector("clean.<flights"))

    expect(editor.bubble).to_contain_text(
        "clean.flights takes one edge and has flights.table -> clean.flights."
    )
    editor.page.mouse.up()


def test_every_connector_shows_its_verdict_by_shape_and_sign(editor: EditorPage) -> None:
    editor.hold("clean.>dropped", editor.root.locator(".react-flow__pane"))

    verdicts = {
        each: editor.connector(each).get_attribute("data-verdict")
        for each in ("model.<weights", "model.<samples", "report.<flights", "flights.>table")
    }
    editor.page.mouse.up()

    assert verdicts == {
        "model.<weights": "ok", "model.<samples": "no", "report.<flights": "no", "flights.>table": "no",
    }  # fmt: skip


def test_an_edge_dropped_on_a_card_takes_the_connector_that_fits(editor: EditorPage) -> None:
    editor.drag("clean.>dropped", editor.card("model").locator(".dagy-head"))

    editor.wait_heard("edit")

    assert "clean.dropped -> model.weights" in editor.edges()


def test_an_edge_dropped_on_the_canvas_offers_what_fits_there(editor: EditorPage) -> None:
    x, y = editor.middle(editor.connector("clean.>dropped"))
    editor.page.mouse.move(x, y)
    editor.page.mouse.down()
    editor.page.mouse.move(x + 10, y + 40, steps=3)
    editor.page.mouse.move(x + 20, y + 170, steps=5)
    editor.page.mouse.up()
    editor.root.get_by_role("menuitem", name="Least squares").click()
    (edit,) = editor.wait_heard("edit")

    assert "clean.dropped -> least_squares.weights" in editor.edges()
    assert edit["positions"]["least_squares"]["y"] > 100


def test_escape_ends_a_drag(editor: EditorPage) -> None:
    editor.hold("clean.>flights_clean", editor.connector("report.<flights"))
    editor.page.keyboard.press("Escape")
    editor.page.mouse.up()

    expect(editor.bubble).to_have_count(0)
    assert editor.heard("edit") == []


def test_two_clicks_make_an_edge(editor: EditorPage) -> None:
    editor.connector("clean.>flights_clean").click()
    editor.connector("report.<flights").hover()
    expect(editor.bubble).to_contain_text("Fits")
    editor.connector("report.<flights").click()
    editor.wait_heard("edit")

    assert "clean.flights_clean -> report.flights" in editor.edges()


def test_an_edge_is_selected_and_disconnected(editor: EditorPage) -> None:
    editor.root.locator(".react-flow__edge-interaction").first.click()
    expect(editor.root.get_by_label("About the edge")).to_contain_text("Both are TABLE.")

    editor.page.keyboard.press("Delete")
    (edit,) = editor.wait_heard("edit")

    assert edit["edits"][0]["kind"] == "disconnect"
    assert editor.edges() == set()


# --- a good guest ---


def test_keys_pressed_elsewhere_delete_nothing(bare: Page) -> None:
    editors = [
        EditorPage(bare, name).mount(draw_snapshot(OPEN, positions=PLACES))
        for name in ("first", "second")
    ]
    for each in editors:
        each.card("clean").locator(".dagy-head").click()

    bare.locator("#cell").focus()
    bare.keyboard.press("Backspace")
    bare.keyboard.press("Delete")
    bare.evaluate("document.activeElement.blur()")
    bare.keyboard.press("Backspace")
    bare.keyboard.press("Delete")

    assert bare.locator("#cell").input_value() != "x = 1"
    assert all("clean" in each.cards() and each.heard("edit") == [] for each in editors)


def test_two_editors_with_the_same_names_do_not_mix(bare: Page) -> None:
    first, second = (
        EditorPage(bare, name).mount(draw_snapshot(OPEN, positions=PLACES))
        for name in ("first", "second")
    )

    second.drag("clean.>flights_clean", second.connector("report.<flights"))
    second.wait_heard("edit")
    first.card("clean").locator(".dagy-head").click()
    bare.keyboard.press("Delete")
    first.wait_heard("edit")

    assert first.edges() == set()
    assert "clean.flights_clean -> report.flights" in second.edges()
    assert "clean" not in first.cards()
    assert "clean" in second.cards()


def test_keys_of_the_editor_stay_in_it(editor: EditorPage) -> None:
    editor.page.evaluate("document.addEventListener('keydown', e => (window.leaked = e.key))")
    editor.card("clean").locator(".dagy-head").click()

    for key in ("b", "d", "x", " "):
        editor.page.keyboard.press(key)

    assert editor.page.evaluate("window.leaked") is None
    assert editor.root.get_attribute("data-lm-suppress-shortcuts") == "true"


def test_the_wheel_scrolls_the_page_and_zooms_only_with_control(editor: EditorPage) -> None:
    editor.page.evaluate("document.body.style.height = '3000px'")
    editor.page.mouse.move(*editor.middle(editor.root.locator(".react-flow__pane")))
    before = read_zoom(editor)

    editor.page.mouse.wheel(0, 200)
    editor.page.wait_for_function("window.scrollY > 0")
    assert read_zoom(editor) == before

    editor.page.evaluate("window.scrollTo(0, 0)")
    editor.page.keyboard.down("Control")
    editor.page.mouse.wheel(0, 200)
    editor.page.keyboard.up("Control")
    editor.page.wait_for_function(
        "before => document.querySelector('.react-flow__viewport').style.transform !== before",
        arg=before,
    )


def read_zoom(editor: EditorPage) -> str:
    return str(
        editor.root.locator(".react-flow__viewport").evaluate("each => each.style.transform")
    )


def test_the_theme_follows_the_notebook_at_once(editor: EditorPage) -> None:
    read = "each => getComputedStyle(each).backgroundColor"
    light = editor.root.evaluate(read)

    editor.page.evaluate("document.body.dataset.jpThemeLight = 'false'")

    expect(editor.root).to_have_attribute("data-dagy-theme", "dark")
    assert light == "rgb(255, 255, 255)"
    assert editor.root.evaluate(read) == "rgb(33, 33, 33)"


def test_the_palette_goes_where_room_becomes_little(editor: EditorPage) -> None:
    palette = editor.root.get_by_label("Palette of node types")
    expect(palette).to_be_visible()

    editor.page.set_viewport_size({"width": 700, "height": 900})

    expect(palette).to_be_hidden()
    editor.root.get_by_role("button", name="Show the palette").click()
    expect(palette).to_be_visible()


def test_a_hidden_cell_is_fitted_when_it_is_shown(bare: Page) -> None:
    bare.evaluate("document.getElementById('first').style.display = 'none'")
    bare.evaluate("snapshot => window.dagy.mount('first', snapshot)", draw_snapshot(DELAYS))
    editor = EditorPage(bare)
    editor.wait_heard("hello")
    bare.evaluate("document.getElementById('first').style.display = ''")

    expect(editor.card("plot")).to_be_in_viewport()
    editor.page.wait_for_function(
        "document.querySelector('.react-flow__viewport').style.transform.includes('scale(0')"
    )
    box, canvas = (
        editor.card("plot").bounding_box(),
        editor.root.locator(".dagy-canvas").bounding_box(),
    )
    assert box
    assert canvas
    assert box["x"] + box["width"] <= canvas["x"] + canvas["width"]


def test_it_fills_the_window_out_of_any_clipping_cell(editor: EditorPage) -> None:
    editor.page.evaluate(
        "Object.assign(document.getElementById('first').style,"
        " {transform: 'translateZ(0)', overflow: 'hidden', contain: 'strict', height: '500px'})"
    )
    editor.root.get_by_role("button", name="Fill the window").click()
    expect(editor.root).to_have_class("dagy-editor is-enlarged")
    assert editor.root.bounding_box() == {"x": 0, "y": 0, "width": 1400, "height": 1000}

    editor.page.keyboard.press("Escape")
    expect(editor.root).not_to_have_class("dagy-editor is-enlarged")
    assert "clean" in editor.cards()


def test_nothing_is_left_when_it_is_taken_away(editor: EditorPage) -> None:
    model = "window.dagy.model('first')"
    assert editor.page.evaluate(f"[{model}.listeners() > 0, {model}.comms]") == [True, 1]

    editor.page.evaluate("window.dagy.unmount('first')")
    editor.page.wait_for_function(f"{model}.comms === 0")

    assert editor.page.evaluate(f"{model}.listeners()") == 0
    assert editor.root.count() == 0


# --- many nodes ---


def test_a_thousand_nodes_are_drawn_and_one_is_moved(bare: Page) -> None:
    names = [f"n{at}" for at in range(1_000)]
    edges = tuple(
        f"{a}.report -> {b}.flights" for a, b in itertools.pairwise(names) if int(b[1:]) % 25
    )
    snapshot = draw_snapshot(make_flow(dict.fromkeys(names, "DelayByCarrier"), edges))
    assert len(json.dumps(snapshot)) > 500_000
    editor = EditorPage(bare).mount(snapshot)
    for _ in range(8):
        editor.root.get_by_role("button", name="Zoom in").click()

    head = editor.root.locator(".dagy-head").first
    head.wait_for()
    bare.wait_for_function("document.querySelectorAll('.react-flow__node').length < 500")
    editor.settle()
    visible = find_visible(editor)
    x, y = editor.middle(editor.card(visible).locator(".dagy-head"))
    bare.mouse.move(x, y)
    bare.mouse.down()
    bare.mouse.move(x + 30, y + 20, steps=4)
    bare.mouse.up()
    moved: list[dict[str, Any]] = editor.wait_heard("move")

    assert set(moved[0]["positions"]) == {visible}


def find_visible(editor: EditorPage) -> str:
    """The first card whose head is in the middle of the canvas."""
    found = editor.root.evaluate(
        """root => {
            const canvas = root.querySelector('.dagy-canvas').getBoundingClientRect();
            return [...root.querySelectorAll('.react-flow__node')].find(card => {
                const box = card.querySelector('.dagy-head').getBoundingClientRect();
                return box.left > canvas.left + 10 && box.right < canvas.right - 320
                    && box.top > canvas.top + 10 && box.bottom < canvas.bottom - 60;
            })?.dataset.id;
        }"""
    )
    assert isinstance(found, str), "no card is in the middle"
    return found

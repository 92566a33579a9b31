"""What the next run would do, shown on the cards of a real page; and what became of the last one."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.editor_page import EditorPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

NOTHING = {"why": "", "detail": "", "from_run": "", "seconds": None}
FORECASTS = {
    "flights": {**NOTHING, "action": "reuse", "from_run": "run-0", "seconds": 41.0},
    "clean": {
        **NOTHING,
        "action": "run",
        "why": "config",
        "detail": "config field minutes: 15 → 30",
    },
    "report": {**NOTHING, "action": "maybe", "why": "upstream"},
    "model": {**NOTHING, "action": "skip"},
}
WORDS = {"flights": "Reused", "clean": "Runs", "report": "May run", "model": "Skipped"}
TABLE = {
    "type": "DataFrame", "summary": "2 rows", "columns": [], "shape": [], "rows": [], "hidden": False,
}  # fmt: skip
# The contrast of an element's text against what is behind it, up to the first opaque ground.
CONTRAST = """element => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const grounds = [];
  for (let at = element; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
  const paint = colours => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(value => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const back = paint(grounds);
  const text = paint([...grounds, getComputedStyle(element).color]);
  return (Math.max(back, text) + 0.05) / (Math.min(back, text) + 0.05);
}"""


def show_plan(editor: EditorPage, forecasts: dict[str, Any] = FORECASTS) -> None:
    editor.page.evaluate(
        "([name, forecasts]) => { window.dagy.model(name).kernel.forecasts = forecasts; }",
        [editor.name, forecasts],
    )
    editor.root.get_by_role("switch", name="Reuse").click()
    expect(editor.root.locator(".dagy-foot[class*='is-plan-']")).to_have_count(len(forecasts))


def test_each_card_says_by_word_sign_and_colour_what_would_become_of_it(editor: EditorPage) -> None:
    show_plan(editor)

    looks = []
    for node, word in WORDS.items():
        foot = editor.card(node).locator(".dagy-foot")
        expect(foot).to_contain_text(word)
        sign = foot.locator("path").first.get_attribute("d")
        colour = foot.evaluate("element => getComputedStyle(element).color")
        looks.append((sign, colour))
    assert len({sign for sign, _ in looks}) == len({colour for _, colour in looks}) == 4
    expect(editor.root.locator(".dagy-plan")).to_contain_text(
        "1 reused (saves 41.0 s), 1 run, 1 may run, 1 skipped: "
        "clean because config field minutes: 15 → 30"
    )


@pytest.mark.parametrize("light", ["true", "false"])
def test_the_words_of_the_plan_can_be_read_in_both_themes(editor: EditorPage, light: str) -> None:
    editor.page.evaluate(f"document.body.dataset.jpThemeLight = '{light}'")
    theme = "light" if light == "true" else "dark"
    expect(editor.root).to_have_attribute("data-dagy-theme", theme)
    show_plan(editor)

    for node in WORDS:
        word = editor.card(node).locator(".dagy-foot .dagy-word")
        assert word.evaluate(CONTRAST) >= 4.5, (node, theme)


@pytest.mark.parametrize("light", ["true", "false"])
def test_the_words_of_a_run_can_be_read_in_both_themes(editor: EditorPage, light: str) -> None:
    editor.page.evaluate(f"document.body.dataset.jpThemeLight = '{light}'")
    states = {
        "flights": "RUNNING",
        "clean": "RETRYING",
        "report": "TIMED_OUT",
        "model": "COMPLETED",
    }
    editor.kernel("tell", "RUNNING", {node: {"state": state} for node, state in states.items()})

    for node, state in states.items():
        word = editor.card(node).locator(".dagy-foot .dagy-word")
        expect(word).not_to_be_empty()
        assert word.evaluate(CONTRAST) >= 4.5, (state, light)
    assert editor.root.locator(".dagy-run-chip").evaluate(CONTRAST) >= 4.5


def test_a_change_asks_anew_and_the_run_takes_what_was_planned(editor: EditorPage) -> None:
    show_plan(editor)
    editor.card("clean").click(position={"x": 60, "y": 40})
    editor.root.get_by_role("textbox", name="Min Delay").fill("30")
    editor.page.keyboard.press("Enter")
    editor.wait_heard("plan", 2)
    editor.root.get_by_label("Force: run it").check()
    expect(editor.card("clean")).to_contain_text("forced")
    assert editor.wait_heard("plan", 3)[-1]["force"] == ["clean"]

    editor.root.get_by_role("button", name=re.compile("^Run")).first.click()

    (run,) = editor.wait_heard("run")
    assert (run["reuse"], run["force"]) == (True, ["clean"])
    expect(editor.card("clean").locator(".dagy-foot")).to_contain_text("Waiting")
    expect(editor.root.locator(".dagy-badge.is-plan")).to_have_count(0)


def test_the_menu_of_a_card_is_ours_alone(editor: EditorPage, bare: Page) -> None:
    bare.evaluate(
        "window.seen = 0; document.addEventListener('contextmenu', () => { window.seen += 1; })"
    )

    editor.card("report").click(button="right", position={"x": 60, "y": 20})
    menu = editor.root.get_by_role("menu")
    expect(menu).to_be_visible()
    box, card = menu.bounding_box(), editor.card("report").bounding_box()
    assert box is not None
    assert card is not None
    assert abs(box["x"] - card["x"]) < 120
    bare.keyboard.press("ArrowDown")
    bare.keyboard.press("Enter")

    assert editor.wait_heard("edit")[-1]["edits"][0]["disabled"] is True
    expect(menu).to_have_count(0)
    assert bare.evaluate("window.seen") == 0


def test_the_options_of_a_node_are_sent_whole(editor: EditorPage) -> None:
    editor.card("report").click(position={"x": 60, "y": 20})
    editor.root.get_by_text("Node options").click()
    for label, text in (("Retries", "3"), ("Wait in seconds", "1, 5, 30"), ("Memory limit", "512")):
        editor.root.get_by_label(label).fill(text)
        editor.page.keyboard.press("Enter")
    editor.root.get_by_label("it ran past its limit").check()
    editor.root.get_by_label("Runner").select_option("process")
    editor.root.get_by_label("Starts when").select_option("none_failed")

    sent = editor.wait_heard("edit", 6)[-1]["edits"][0]

    assert (sent["retries"], sent["runner"], sent["trigger"]) == (3, "process", "none_failed")
    assert sent["retry"]["delay"] == [1, 5, 30]
    assert sent["retry"]["on"] == ["raised", "timed_out"]
    assert sent["memory_mb"] == 512
    expect(editor.root.get_by_text("Hard limit: at the deadline")).to_be_visible()


def test_a_node_that_waits_for_its_next_attempt_counts_down(editor: EditorPage) -> None:
    editor.kernel(
        "tell",
        "RUNNING",
        {"clean": {"state": "RETRYING", "attempts": 1, "retry_at": time.time() + 30}},
    )
    foot = editor.card("clean").locator(".dagy-foot")

    expect(foot).to_contain_text(re.compile("Attempt 2 in (30|29) s"))
    expect(foot).to_contain_text(re.compile("Attempt 2 in (28|27) s"))


def test_what_ran_inside_a_node_is_listed_and_opens_by_key(editor: EditorPage) -> None:
    shown = {"state": "FAILED", "error": "ValueError: no such month", "attempts": 1}
    editor.page.evaluate(
        """([name, shown]) => {
          const { kernel } = window.dagy.model(name);
          kernel.tell('RUNNING', { report: { state: 'RUNNING', runner: 'nested' } });
          const [status] = Object.values(kernel.run.nodes);
          const nodes = { item_0002: { ...status, ...shown }, item_0001: { ...status, state: 'COMPLETED' } };
          kernel.inside = { run: { ...kernel.run, nodes }, total: 300 };
        }""",
        [editor.name, shown],
    )
    editor.card("report").click(position={"x": 60, "y": 20})
    editor.root.get_by_role("tab", name="Run").click()

    inside = editor.root.get_by_role("region", name="Inside report")
    expect(inside).to_contain_text("300 runs")
    expect(inside.locator("details")).to_have_count(2)
    expect(inside.get_by_text("no such month")).to_be_hidden()
    inside.locator("summary").first.focus()
    editor.page.keyboard.press("Enter")
    expect(inside.get_by_text("no such month")).to_be_visible()
    word = inside.locator("summary .dagy-word").first
    assert word.evaluate(CONTRAST) >= 4.5
    # While the node runs it is looked into again and again.
    assert editor.wait_heard("inside", 2)[-1]["node_id"] == "report"


def test_edges_that_nothing_came_over_are_dim(editor: EditorPage) -> None:
    told = {"state": "COMPLETED", "attempts": 1, "previews": {"error": TABLE}}
    editor.kernel("tell", "COMPLETED", {"flights": told})
    wire = editor.root.locator(".react-flow__edge path.dagy-wire")

    expect(wire).to_have_class(re.compile("is-untaken"))
    editor.kernel("tell", "COMPLETED", {"flights": {**told, "previews": {"table": TABLE}}})
    expect(wire).not_to_have_class(re.compile("is-untaken"))


def test_a_failed_run_is_gone_on_with(editor: EditorPage) -> None:
    editor.root.get_by_role("button", name="Run", exact=True).click()
    editor.wait_heard("run")
    editor.kernel("tell", "FAILED", {"clean": {"state": "FAILED", "reason": "raised"}})

    editor.root.get_by_role("button", name="Resume").click()

    (resume,) = editor.wait_heard("resume")
    assert resume["run_id"].startswith("run-")
    expect(editor.root.locator(".dagy-run-chip")).to_contain_text("Running")

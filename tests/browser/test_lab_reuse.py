"""What changed runs, what did not is reused: a user's second hour, in a real JupyterLab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.editor import Editor
from tests.browser.lab import LabNotebook, LabServer, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

LOAD = "%load_ext dagy_nb\nfrom dagy_nb import DataType, Flow, FlowNode, Input, Output"
NUMBER = "%%flownode\ndef number(value: int = 3) -> int:\n    return value"
LATE = "%%flownode\ndef late(x: int, minutes: int = 15) -> int:\n    return x * minutes"
SHARE = "%%flownode\ndef share(x: int) -> int:\n    if x > 1000: raise ValueError('too many')\n    return x"
FLOW = """%%flow delays
nodes:
  number: {type: number}
  other: {type: number, config: {value: 5}}
  late: {type: late}
  share: {type: share}
edges:
  - number.output -> late.x
  - late.output -> share.x
"""
SHOW = "flow = Flow.load('delays')\nflow"
ASK = "print([(n.retries, n.retry and n.retry.delay, n.trigger.value) for n in flow.spec.nodes if n.id == 'late'])"
MEND = SHARE.replace("1000", "100000")
CELLS = [LOAD, NUMBER, LATE, SHARE, FLOW, SHOW, ASK]
SHOWN, ASKED = 5, 6


def show(page: Page, lab: LabServer, name: str) -> tuple[LabNotebook, Editor]:
    write_notebook(lab.root / name, CELLS)
    notebook = LabNotebook(page, lab, name).open()
    for index in range(SHOWN + 1):
        outputs = notebook.run_cell(index)
        assert not [each for each in outputs if each["output_type"] == "error"], notebook.text(
            index
        )
    editor = Editor(page, notebook.cell(SHOWN)).wait()
    editor.press("Fit")
    return notebook, editor


def run(editor: Editor, state: str = "Completed") -> None:
    editor.root.get_by_role("button", name=re.compile("^Run")).first.click()
    expect(editor.run_chip()).to_contain_text(state)


def configure(editor: Editor, node_id: str, field: str, value: str) -> None:
    editor.card(node_id).click(position={"x": 30, "y": 20})
    editor.root.get_by_label(field, exact=True).fill(value)
    editor.page.keyboard.press("Enter")


def foot(editor: Editor, node_id: str, words: str) -> None:
    expect(editor.card(node_id).locator(".dagy-foot")).to_contain_text(words)


def test_reuse_is_planned_then_run_and_what_changed_says_why(page: Page, lab: LabServer) -> None:
    _, editor = show(page, lab, "reuse.ipynb")
    reuse = editor.root.get_by_role("switch", name="Reuse")
    expect(reuse).not_to_be_checked()

    # Nothing is kept yet: the plan says that all runs.
    reuse.click()
    foot(editor, "number", "Runs: nothing is kept of it")
    run(editor)
    for node_id in ("number", "other", "late", "share"):
        foot(editor, node_id, "Completed")

    # A setting changes: the plan tells what runs, and why, before anything does.
    configure(editor, "late", "Minutes", "30")
    editor.press("Plan")
    foot(editor, "number", "Reused")
    foot(editor, "other", "Reused")
    foot(editor, "late", "15 → 30")
    expect(editor.card("late").locator(".dagy-card")).to_have_class(re.compile("is-plan-run"))
    expect(editor.card("number").locator(".dagy-card")).to_have_class(re.compile("is-plan-reuse"))
    expect(editor.root.locator(".dagy-plan")).to_contain_text("2 reused")
    expect(editor.root.locator(".dagy-plan")).to_contain_text("late because config field minutes")

    # The run does just that.
    run(editor)
    foot(editor, "number", "Reused")
    foot(editor, "late", "Completed")
    editor.root.get_by_role("tab", name="Run").click()
    expect(editor.root.locator(".dagy-run")).to_contain_text("It ran because")
    expect(editor.root.locator(".dagy-run")).to_contain_text("15 → 30")


def test_a_failed_run_goes_on_after_its_cell_is_mended(page: Page, lab: LabServer) -> None:
    notebook, editor = show(page, lab, "resume.ipynb")
    editor.root.get_by_role("switch", name="Reuse").click()
    configure(editor, "late", "Minutes", "900")
    run(editor, "Failed")
    foot(editor, "share", "Failed")

    notebook.set_source(3, MEND)
    notebook.run_cell(3)
    editor = Editor(page, notebook.cell(SHOWN)).wait()
    editor.press("Resume")

    expect(editor.run_chip()).to_contain_text("Completed")
    foot(editor, "late", "Reused")
    foot(editor, "share", "Completed")


def test_options_of_retries_survive_a_reload(page: Page, lab: LabServer) -> None:
    notebook, editor = show(page, lab, "options.ipynb")

    def open_options(editor: Editor) -> None:
        editor.card("late").click(position={"x": 30, "y": 20})
        editor.root.get_by_text("Node options").click()

    open_options(editor)
    for label, text in (("Retries", "3"), ("Wait in seconds", "1, 5")):
        editor.root.get_by_label(label).fill(text)
        page.keyboard.press("Enter")
    editor.root.get_by_label("Starts when").select_option("none_failed")
    expect(editor.root.get_by_text("3 more attempts after 1, 5 s.")).to_be_visible()
    # Another option: those before stay as they are.
    editor.root.get_by_label("Disabled: runs skip it").check()
    expect(editor.card("late")).to_contain_text("off")
    notebook.run_cell(ASKED)
    assert "(3, (1.0, 5.0), 'none_failed')" in notebook.text(ASKED)

    notebook.save()
    notebook.reload()
    editor = Editor(page, notebook.cell(SHOWN)).wait()
    editor.press("Fit")
    open_options(editor)

    expect(editor.root.get_by_label("Retries")).to_have_value("3")
    expect(editor.root.get_by_label("Wait in seconds")).to_have_value("1, 5")
    expect(editor.root.get_by_label("Starts when")).to_have_value("none_failed")
    expect(editor.root.get_by_label("Disabled: runs skip it")).to_be_checked()

"""A user's first hour, in a real JupyterLab in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dagy_nb.store.drafts import DraftFiles
from tests.browser.editor import Editor
from tests.browser.lab import VIEWPORT, LabNotebook, LabServer, poll, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

LOAD = "%load_ext dagy_nb\nimport threading\nfrom dagy_nb import DataType, Flow, FlowNode, Input, Output"
NUMBER = "%%flownode\ndef number(value: int = 3) -> int:\n    return value"
DOUBLE = "%%flownode\ndef double(x: int) -> int:\n    print('doubling', x)\n    return 2 * x"
SHOUT = "%%flownode\ndef shout(text: str) -> str:\n    return text.upper()"
NAP = (
    "%%flownode --timeout 120\nclass Nap(FlowNode):\n"
    "    x = Input(DataType.INTEGER)\n    y = Output(DataType.INTEGER)\n"
    "    def execute(self, context, x):\n"
    "        context.cancel.wait(100)\n        return x\n"
)
SHOW = "flow = Flow('first')\nflow"
BUSY = "import os\nwhile not os.path.exists('enough'):\n    for _ in range(1_000_000): pass"
ASK = "print(flow.spec.edges, flow.last_run and flow.last_run.state)"
CELLS = [LOAD, NUMBER, DOUBLE, SHOUT, NAP, SHOW, ASK, BUSY]
SHOWN, ASKED, BUSIED = 5, 6, 7


def open_notebook(page: Page, lab: LabServer, name: str, cells: list[str]) -> LabNotebook:
    write_notebook(lab.root / name, cells)
    return LabNotebook(page, lab, name).open()


def show_editor(notebook: LabNotebook, index: int = SHOWN) -> Editor:
    """Run all cells up to the one that shows the editor."""
    for number in range(index + 1):
        outputs = notebook.run_cell(number)
        assert not [each for each in outputs if each["output_type"] == "error"], notebook.text(
            number
        )
    return Editor(notebook.page, notebook.cell(index)).wait()


def build_flow(editor: Editor) -> None:
    """`number -> double -> nap`, from the palette, by mouse."""
    for name in ("number", "double", "Nap"):
        editor.add_from_palette(name)
    expect(editor.cards()).to_have_count(3)
    editor.press("Arrange")
    editor.press("Fit")


def connect(editor: Editor, source: tuple[str, str], target: tuple[str, str]) -> None:
    editor.drag_to(
        editor.handle(source[0], "output", source[1]), editor.handle(target[0], "input", target[1])
    )
    expect(editor.bubble()).to_contain_text("Fits")
    editor.drop()
    expect(editor.edge(f"{source[0]}.{source[1]} -> {target[0]}.{target[1]}")).to_have_count(1)


@pytest.fixture(scope="module")
def wired(browser: Browser, lab: LabServer) -> Iterator[LabNotebook]:
    """A notebook that shows three nodes and one edge, for tests that leave it so."""
    context = browser.new_context(viewport=VIEWPORT)
    notebook = open_notebook(context.new_page(), lab, "wired.ipynb", CELLS)
    editor = show_editor(notebook)
    build_flow(editor)
    connect(editor, ("number", "output"), ("double", "x"))
    yield notebook
    context.close()


def find_editor(notebook: LabNotebook) -> Editor:
    return Editor(notebook.page, notebook.cell(SHOWN)).wait()


def test_a_flow_is_built_run_and_cancelled_by_mouse(page: Page, lab: LabServer) -> None:
    notebook = open_notebook(page, lab, "first.ipynb", CELLS)
    editor = show_editor(notebook)
    build_flow(editor)

    # A connection that does not fit says why while it is dragged, and is not made.
    editor.add_from_palette("shout")
    editor.press("Arrange")
    editor.press("Fit")
    editor.drag_to(
        editor.handle("number", "output", "output"), editor.handle("shout", "input", "text")
    )
    expect(editor.bubble()).to_contain_text("Does not fit")
    expect(editor.bubble()).to_contain_text("INTEGER does not become TEXT by itself.")
    editor.drop()
    expect(editor.edges()).to_have_count(0)
    expect(editor.toast()).to_contain_text("INTEGER does not become TEXT by itself.")

    # Those that fit are made, in the kernel too.
    editor.card("shout").click(position={"x": 30, "y": 20})
    page.keyboard.press("Delete")
    expect(editor.cards()).to_have_count(3)
    connect(editor, ("number", "output"), ("double", "x"))
    connect(editor, ("double", "output"), ("nap", "x"))
    notebook.run_cell(ASKED)
    assert "number" in notebook.text(ASKED)
    assert "nap" in notebook.text(ASKED)

    # The run is live on the cards.
    notebook.cell(SHOWN)
    editor.press("Run")
    expect(editor.card("double")).to_contain_text("Completed")
    expect(editor.card("nap")).to_contain_text("Running")
    expect(editor.run_chip()).to_contain_text("Running")

    # Cancel works while the kernel's main thread is busy with another cell.
    notebook.start_cell(BUSIED)
    poll(lambda: notebook.is_busy(BUSIED), what="the busy cell runs")
    notebook.cell(SHOWN)
    editor.press("Cancel")
    expect(editor.run_chip()).to_contain_text("Cancelled", timeout=4_000)
    assert notebook.is_busy(BUSIED)
    expect(editor.card("nap")).to_contain_text("Cancelled")
    (lab.root / "enough").touch()
    poll(lambda: not notebook.is_busy(BUSIED), what="the busy cell ends")


def test_a_changed_cell_changes_the_graph_and_keeps_the_wires(page: Page, lab: LabServer) -> None:
    notebook = open_notebook(page, lab, "change.ipynb", CELLS)
    editor = show_editor(notebook)
    build_flow(editor)
    connect(editor, ("number", "output"), ("double", "x"))
    connect(editor, ("double", "output"), ("nap", "x"))

    # A new input appears; the wires stay.
    notebook.set_source(2, DOUBLE.replace("(x: int)", "(x: int, extra: int)"))
    notebook.run_cell(2)
    notebook.cell(SHOWN)
    expect(editor.handle("double", "input", "extra")).to_have_count(1)
    expect(editor.edges()).to_have_count(2)

    # A connector that goes leaves its wire, marked broken; bringing it back mends it.
    notebook.set_source(2, DOUBLE.replace("x: int", "y: int").replace("x", "y"))
    notebook.run_cell(2)
    notebook.cell(SHOWN)
    expect(editor.edges()).to_have_count(2)
    expect(editor.root.get_by_label(re.compile("Broken edge number.output"))).to_have_count(1)
    notebook.set_source(2, DOUBLE)
    notebook.run_cell(2)
    notebook.cell(SHOWN)
    expect(editor.root.get_by_label(re.compile("Broken edge"))).to_have_count(0)


def test_a_kernel_that_restarts_mid_run_leaves_nothing_that_looks_alive(
    page: Page, lab: LabServer
) -> None:
    cells = [each.replace("'first'", "'restarted'") for each in CELLS]
    notebook = open_notebook(page, lab, "restart.ipynb", cells)
    editor = show_editor(notebook)
    build_flow(editor)
    connect(editor, ("number", "output"), ("double", "x"))
    connect(editor, ("double", "output"), ("nap", "x"))
    editor.press("Run")
    expect(editor.card("nap")).to_contain_text("Running")
    kept = DraftFiles(lab.folder / "dagy" / "drafts")
    poll(lambda: len(kept.find("restarted").flow.edges) == 2, what="what was drawn is kept")

    notebook.restart()
    expect(editor.root.get_by_role("alert")).to_contain_text("not connected")
    expect(editor.run_chip()).to_have_text("Not known")
    expect(editor.card("number")).to_contain_text("Completed")
    expect(editor.card("nap")).to_contain_text("Not known")
    expect(editor.root.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(editor.root.locator(".is-spinning, .dagy-progress")).to_have_count(0)

    # The cells run again: the flow has an editor that is heard, and undo leads back to what was drawn.
    editor = show_editor(notebook)
    expect(editor.cards()).to_have_count(0)
    editor.press("Undo")
    expect(editor.cards()).to_have_count(3)
    expect(editor.edges()).to_have_count(2)
    editor.add_from_palette("number")
    expect(editor.cards()).to_have_count(4)
    notebook.run_cell(ASKED)
    assert "None" in notebook.text(ASKED)


def test_two_editors_in_one_notebook_never_mix(page: Page, lab: LabServer) -> None:
    cells = [LOAD, NUMBER, DOUBLE, "one = Flow('one')\none", "two = Flow('two')\ntwo"]
    notebook = open_notebook(page, lab, "two.ipynb", cells)
    show_editor(notebook, 3)
    notebook.run_cell(4)
    second = Editor(page, notebook.cell(4)).wait()
    second.add_from_palette("double")
    first = Editor(page, notebook.cell(3)).wait()
    first.add_from_palette("number")
    first.add_from_palette("number")

    expect(first.cards()).to_have_count(2)
    page.keyboard.press("Delete")
    second = Editor(page, notebook.cell(4)).wait()
    expect(second.cards()).to_have_count(1)
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(len(cells))


def test_two_views_of_one_flow_show_one_truth_and_each_its_own_plan(
    page: Page, lab: LabServer
) -> None:
    cells = [LOAD, NUMBER, DOUBLE, "flow = Flow('one')\nflow", "flow"]
    notebook = open_notebook(page, lab, "views.ipynb", cells)
    show_editor(notebook, 3)
    notebook.run_cell(4)
    second = Editor(page, notebook.cell(4)).wait()
    first = Editor(page, notebook.cell(3)).wait()
    for editor in (first, second):
        editor.add_from_palette("number")
    expect(first.cards()).to_have_count(2)
    expect(second.cards()).to_have_count(2)

    # What one changes, the other takes back.
    first.card("number").click(position={"x": 30, "y": 20})
    page.keyboard.press("Delete")
    expect(second.cards()).to_have_count(1)
    second.press("Undo")
    expect(first.cards()).to_have_count(2)

    # A plan is asked for in one view; a run is shown in both, and closes the plan.
    first.root.get_by_role("switch", name="Reuse").click()
    expect(first.card("number")).to_contain_text("Runs")
    expect(second.card("number")).not_to_contain_text("Runs")
    second.press("Run")
    for editor in (first, second):
        expect(editor.run_chip()).to_contain_text("Completed")
        expect(editor.card("number")).to_contain_text("Completed")
    expect(first.root.locator(".dagy-plan")).to_have_count(0)


def test_two_notebooks_in_one_page_have_their_own_palettes(page: Page, lab: LabServer) -> None:
    show = "flow = Flow('mine')\nflow"
    first = open_notebook(page, lab, "left.ipynb", [LOAD, NUMBER, show])
    show_editor(first, 2)
    write_notebook(lab.root / "right.ipynb", [LOAD, SHOUT, show])
    second = first.open_beside("right.ipynb")
    editor = show_editor(second, 2)

    editor.root.get_by_label("Search nodes").fill("")
    expect(editor.root.locator(".dagy-entry[data-type='shout']")).to_have_count(1)
    expect(editor.root.locator(".dagy-entry[data-type='number']")).to_have_count(0)


def test_a_saved_notebook_shows_the_graph_without_a_kernel(
    wired: LabNotebook, lab: LabServer
) -> None:
    poll(
        lambda: ">double<" in str(wired.outputs(SHOWN)[-1]["data"].get("image/svg+xml", "")),
        what="the static picture follows the graph",
    )
    saved = wired.save()

    data = saved["cells"][SHOWN]["outputs"][-1]["data"]
    assert "double" in "".join(data["image/svg+xml"])
    assert "image/png" in data
    assert len(Path(lab.root / wired.path).read_bytes()) < 200_000


def test_the_editor_follows_the_theme_of_the_lab(wired: LabNotebook) -> None:
    editor = find_editor(wired)

    def background() -> str:
        return str(editor.root.evaluate("element => getComputedStyle(element).backgroundColor"))

    light = background()
    wired.set_theme("JupyterLab Dark")
    poll(lambda: background() != light, what="the editor turns dark")
    wired.set_theme("JupyterLab Light")
    poll(lambda: background() == light, what="the editor turns light")


def test_reloading_the_page_brings_everything_back(wired: LabNotebook) -> None:
    """The last of those that share a notebook: JupyterLab updates no picture that it loaded."""
    wired.save()
    wired.reload()
    editor = find_editor(wired)

    expect(editor.cards()).to_have_count(3)
    expect(editor.edge("number.output -> double.x")).to_have_count(1)
    editor.press("Fit")
    connect(editor, ("double", "output"), ("nap", "x"))
    editor.press("Undo")
    expect(editor.edges()).to_have_count(1)

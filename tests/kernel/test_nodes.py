"""`%%flownode` in a real kernel: what a user sees, and what papermill sees."""

from __future__ import annotations

import pytest

from tests.kernel.live import Kernel

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(180)]


def test_a_cell_defines_a_node_and_shows_its_card(kernel):
    cell = kernel.run(
        "%%flownode --timeout 30 --retries 1\n"
        "def late(flights: list, minutes: float = 15) -> list:\n"
        '    """Late ones."""\n'
        "    return [each for each in flights if each > minutes]\n"
    )

    assert cell.status == "ok"
    assert cell.shown.splitlines()[1:] == [
        "  Late ones.",
        "  in      flights: LIST",
        "  out     output: LIST",
        "  config  minutes: number = 15",
        "  runs    thread, limit 30 s, 1 further attempt",
        "  retry   after raised, at once",
    ]
    assert kernel.run("late([10, 20])").result == "[20]"


def test_a_notice_says_what_to_annotate_in_one_line(kernel):
    cell = kernel.run("%%flownode\ndef loose(x) -> int:\n    return 1")

    assert "  note  The parameter `x` of loose has no annotation" in cell.shown
    assert "[node.unknown_annotation]" in cell.shown
    late = kernel.run("%%flownode\ndef early(x: int) -> int:\n    return come_later(x)")
    assert "  note  line 3: `come_later` is not defined yet" in late.shown


def test_running_a_cell_again_says_what_changed_and_what_it_broke(kernel):
    kernel.run("%%flownode\ndef before() -> int:\n    return 1")
    kernel.run("%%flownode\ndef middle(x: int) -> int:\n    return x")
    kernel.run(
        "%%flow changing\nnodes: {a: {type: before}, b: {type: middle}}\nedges: [a.output -> b.x]"
    )

    cell = kernel.run("%%flownode\ndef middle(y: int) -> int:\n    return y")

    assert cell.status == "ok"
    assert "revision 2" in cell.shown
    assert "changed  input x is gone" in cell.shown
    assert "changed  input y is new" in cell.shown
    assert "broken   flow changing: " in cell.shown
    check = kernel.run("%flow check changing")
    assert "a.output -> b.x" in check.result
    assert kernel.run("%%flownode\ndef middle(x: int) -> int:\n    return x").status == "ok"
    assert kernel.run("%flow check changing").result == "Flow changing: nothing to mend."


def test_a_cell_that_raises_is_a_failed_cell_that_shows_its_own_line(kernel):
    kernel.run("from dagy_nb import FlowNode")

    cell = kernel.run("%%flownode\n\nx = 1\nclass Broken(FlowNode):\n    y = undefined\n")

    assert (cell.status, cell.ename) == ("error", "NameError")
    assert "----> 4 class Broken(FlowNode):" in cell.traceback
    assert "line 5, in Broken()" in cell.traceback
    frames = [line for line in cell.traceback.splitlines() if line.startswith(("Cell ", "File "))]
    assert frames
    assert all(line.startswith("Cell In[") for line in frames)


def test_an_error_in_a_node_called_by_hand_shows_the_cells_line(kernel):
    kernel.run("%%flownode\ndef divide(x: int) -> float:\n    # a comment\n    return 1 / x")

    cell = kernel.run("divide(0)")

    assert cell.ename == "ZeroDivisionError"
    assert "----> 4     return 1 / x" in cell.traceback


def test_a_syntax_error_looks_like_pythons_own(kernel):
    cell = kernel.run("%%flownode\ndef wrong(x: int -> int:\n    return x")

    assert cell.status == "error"
    assert "node.syntax" in cell.evalue
    assert "line 2" in cell.traceback
    assert "SyntaxError:" in cell.traceback
    assert "File " not in cell.traceback


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("%%flownode\nx = 1", "node.none"),
        (
            (
                "%%flownode\nfrom dagy_nb import FlowNode\n"
                "class A(FlowNode):\n    def execute(self):\n        return {}\n"
                "class B(FlowNode):\n    def execute(self):\n        return {}\n"
            ),
            "node.several",
        ),
        ("%%flownode --timeot 3\ndef f() -> int:\n    return 1", "usage.unknown_option"),
        ("%%flownode --runner nowhere\ndef f() -> int:\n    return 1", "usage.option_value"),
    ],
)
def test_a_cell_that_defines_no_node_fails_with_a_code_and_no_frames(kernel, cell, code):
    answer = kernel.run(cell)

    assert answer.status == "error"
    assert f"[{code}]" in answer.evalue
    assert "site-packages" not in answer.traceback
    assert "dagy_nb/" not in answer.traceback


def test_data_of_the_notebook_is_refused_by_name(kernel):
    kernel.run("threshold_table = {'a': [1, 2]}")

    cell = kernel.run("%%flownode\ndef uses(x: int) -> int:\n    return x + len(threshold_table)")

    assert cell.ename == "CaptureRefused"
    assert "`threshold_table`" in cell.evalue


def test_a_failed_cell_leaves_the_node_as_it_was(kernel):
    kernel.run("%%flownode\ndef kept(x: int) -> int:\n    return x + 1")

    kernel.run("%%flownode\ndef kept(x: int) -> int:\n    return x + 2\nraise ValueError")

    assert kernel.run("kept(1)").result == "2"


def test_the_source_of_a_node_can_be_read(kernel):
    kernel.run("%%flownode\ndef readable(x: int) -> int:\n    return x  # here")

    cell = kernel.run("import inspect; print(inspect.getsource(readable))")

    assert "return x  # here" in cell.stdout


def test_leading_blank_lines_count_as_lines(kernel):
    cell = kernel.run("\n\n%%flownode\ndef low() -> int:\n    return 1\nraise ValueError('low')")

    assert "----> 6 raise ValueError('low')" in cell.traceback


def test_a_node_knows_its_notebook(tmp_path):
    kernel = Kernel(tmp_path, JPY_SESSION_NAME="folder/some.ipynb")
    try:
        kernel.run("import dagy_nb")
        kernel.run("%%flownode\ndef placed() -> int:\n    return 1", cell_id="cell-7")

        assert "some.ipynb" in kernel.run("placed.spec.origin.place").result
    finally:
        kernel.close()


def test_import_loads_the_magics_and_unload_takes_them_away(fresh_kernel):
    assert fresh_kernel.run("import dagy_nb").status == "ok"
    assert fresh_kernel.run("%flow list").status == "ok"
    assert fresh_kernel.run("%load_ext dagy_nb").status == "ok"
    assert fresh_kernel.run("%flow list").status == "ok"

    assert fresh_kernel.run("%unload_ext dagy_nb").status == "ok"

    assert fresh_kernel.run("%flow list").status == "error"
    assert fresh_kernel.run("%reload_ext dagy_nb").status == "ok"
    assert fresh_kernel.run("%flow list").status == "ok"


def test_loading_is_quick_because_the_store_waits_for_its_first_use(fresh_kernel):
    fresh_kernel.run("%load_ext dagy_nb")

    loaded = fresh_kernel.run(
        "import sys; print('duckdb' in sys.modules, 'papermill' in sys.modules)"
    )

    assert loaded.stdout.split() == ["False", "False"]


def test_a_node_that_goes_on_with_an_old_helper_is_told_of(kernel):
    kernel.run(
        "FACTOR = 3\ndef scale(x):\n    return x * FACTOR\ndef twice(x):\n    return scale(x) * 2"
    )
    kernel.run("%%flownode\ndef scaled(x: int = 2) -> int:\n    return twice(x)")
    note = "Node scaled goes on with `twice` as it was: run its cell again to take the new one."

    # Another text of the same name, and data where a constant was; the same text again is nothing new.
    assert kernel.run("def scale(x):\n    # as before\n    return x * FACTOR").shown == ""
    assert kernel.run("def scale(x):\n    return x * FACTOR + 1").shown == note
    assert kernel.run("unrelated = 1").shown == ""
    assert kernel.run("FACTOR = 4").shown == note
    assert kernel.run("FACTOR = 4.0").shown == note
    assert kernel.run("FACTOR = [4]").shown == note.replace("twice", "scale")
    assert kernel.run("FACTOR = 3").shown == note

    again = kernel.run("%%flownode\ndef scaled(x: int = 2) -> int:\n    return twice(x)")
    assert "goes on with" not in again.shown
    assert kernel.run("FACTOR = 3").shown == ""


SCALED = (
    "class Scaler:\n    def __init__(self, by):\n        self.by = by",
    "%%flownode\ndef fitted(by: int = 2) -> Scaler:\n    return Scaler(by)",
    "%%flownode\ndef applied(scaler: Scaler) -> bool:\n    return isinstance(scaler, Scaler)",
    "from dagy_nb import Flow\nflow = Flow('scaled')",
    "flow.add('fitted', id='a')\nflow.add('applied', id='b')\nflow.connect('a.output', 'b.scaler')",
)


@pytest.mark.parametrize("runner", ["thread", "process"])
def test_a_class_of_the_notebook_is_one_class_in_all_nodes_and_kernels(tmp_path, runner):
    shown = []
    for _ in range(2):
        kernel = Kernel(tmp_path)
        try:
            for cell in ("%load_ext dagy_nb", *SCALED):
                assert kernel.run(cell).status == "ok"
            kernel.run(f"run = flow.run(runner={runner!r}, reuse=True, force='b').wait()")
            seen = "str(run['a'].state), run['b'].value, isinstance(run['a'].value, Scaler)"
            shown.append(kernel.run(seen).result)
        finally:
            kernel.close()

    assert shown == ["('COMPLETED', True, True)", "('SKIPPED', True, True)"]

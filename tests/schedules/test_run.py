"""A notebook run: recorded while it runs, saved as it was, told where it failed."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import nbformat
import pytest

from dagy_nb.errors import NotebookError
from dagy_nb.model.event import CellEnded, CellStarted, Event, RunEnded, RunQueued, RunStarted
from dagy_nb.model.state import NodeState, RunKind, RunState
from dagy_nb.schedules.limits import Timeouts
from dagy_nb.schedules.supervisor import Supervisor
from dagy_nb.store.memory import MemoryStore
from tests.schedules.build import (
    read_output,
    read_printed,
    read_statuses,
    run,
    write_notebook,
)

pytestmark = pytest.mark.kernel


def test_a_notebook_runs_with_its_parameters_and_every_cell_is_recorded(tmp_path: Path) -> None:
    store = MemoryStore()
    heard: list[Event] = []
    done = run(
        tmp_path,
        store,
        "# parameters:\nmonth = 1\ncarrier = 'UA'",
        "#md\n# Title",
        "print(month, carrier)",
        "import sys; sys.stderr.write('half'); sys.stderr.write(' line\\n')",
        parameters={"carrier": "DL"},
        typed={"month": "2"},
        on_event=heard.append,
    )
    record = store.run(done.run_id)

    assert done.ok
    assert (done.error, done.cell, done.failures) == (None, None, ())
    assert done.parameters == {"carrier": "DL", "month": 2}
    assert "2 DL" in read_printed(read_output(tmp_path))
    assert read_statuses(read_output(tmp_path)) == ["completed"] * 5
    assert (record.kind, record.state, record.backend) == (
        RunKind.NOTEBOOK,
        RunState.COMPLETED,
        "papermill",
    )
    assert record.notebook == str(tmp_path / "in.ipynb")
    assert record.parameters == {"carrier": "DL", "month": 2}
    assert [cell.state for cell in record.cells] == [NodeState.COMPLETED] * 4
    assert [(line.level, line.text) for line in store.logs(done.run_id)] == [
        ("STDOUT", "2 DL"),
        ("STDERR", "half line"),
    ]
    kinds = [type(event) for event in heard if type(event) in {RunQueued, RunStarted, RunEnded}]
    assert kinds == [RunQueued, RunStarted, RunEnded]
    assert sum(isinstance(event, CellStarted) for event in heard) == 4


def test_the_source_stays_as_it_is_and_names_with_braces_are_names(tmp_path: Path) -> None:
    """papermill takes braces in paths for places to fill in."""
    path = write_notebook(tmp_path, "import os; print(os.getcwd())", name="{x}.ipynb")
    before = path.read_bytes()
    from dagy_nb.schedules.notebook import run_notebook
    from dagy_nb.settings import Settings

    done = run_notebook(path, store=MemoryStore(), settings=Settings(home=tmp_path / ".dagy"))

    assert done.ok
    assert path.read_bytes() == before
    assert done.output.parent == tmp_path / ".dagy" / "notebooks"
    notebook = nbformat.read(done.output, as_version=4)
    assert str(tmp_path) in read_printed(notebook)
    assert notebook.metadata.papermill["output_path"] == str(done.output)


def test_a_cell_that_raises_ends_the_run_there(tmp_path: Path) -> None:
    store = MemoryStore()
    done = run(tmp_path, store, "x = 1", "def f():\n    return x / 0\nf()", "print('never')")
    record = store.run(done.run_id)
    notebook = read_output(tmp_path)

    assert done.state is RunState.FAILED
    assert done.error is not None
    assert done.cell is not None
    assert (done.error.type, done.error.code) == ("ZeroDivisionError", "raised.ZeroDivisionError")
    assert "return x / 0" in done.error.traceback
    assert "\x1b" not in done.error.traceback
    assert (done.cell.index, done.cell.execution_count) == (1, 2)
    assert done.cell.cell_id == notebook.cells[1].id
    assert "In [2] (def f():)" in done.explain()
    assert [cell.state for cell in record.cells] == [NodeState.COMPLETED, NodeState.FAILED]
    assert record.error == done.error
    assert read_statuses(notebook) == ["completed", "failed", "pending"]
    assert notebook.metadata.papermill["exception"]


def test_an_allowed_error_is_no_failure(tmp_path: Path) -> None:
    done = run(tmp_path, MemoryStore(), "# raises-exception:\n1/0", "print('after')")

    assert done.ok
    assert "after" in read_printed(read_output(tmp_path))


@pytest.mark.parametrize(
    ("cells", "state", "code"),
    [
        (("import sys; sys.exit(0)", "print('left')"), RunState.FAILED, "notebook.stopped_early"),
        (("import sys; sys.exit(0)", "#md\nwords", "  "), RunState.COMPLETED, None),
        (("import sys; sys.exit(3)",), RunState.FAILED, "raised.SystemExit"),
    ],
)
def test_a_cell_that_exits_hides_nothing(
    tmp_path: Path, cells: tuple[str, ...], state: RunState, code: str | None
) -> None:
    """papermill takes `sys.exit(0)` for success, however much is left."""
    done = run(tmp_path, MemoryStore(), *cells)

    assert done.state is state
    assert (done.error.code if done.error else None) == code


def test_cells_are_told_and_saved_while_the_notebook_runs(tmp_path: Path) -> None:
    """The second cell waits for what the test does when it sees the first one's output on disk."""
    gate, out = tmp_path / "gate", tmp_path / "out.ipynb"
    store = MemoryStore()
    seen: list[str] = []

    def open_gate() -> None:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and not gate.exists():
            if out.exists() and "first done" in read_printed(read_output(tmp_path)):
                (recorded,) = store.runs().runs
                cells = store.run(recorded.run_id).cells
                seen.extend(str(cell.state) for cell in cells)
                gate.touch()
            threading.Event().wait(0.05)

    watcher = threading.Thread(target=open_gate)
    watcher.start()
    done = run(
        tmp_path,
        store,
        "print('first done')",
        f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.05)",
        save_every=0.2,
    )
    watcher.join()

    assert done.ok
    assert seen == ["COMPLETED", "RUNNING"]


def test_a_widget_leaves_no_state_in_the_file(tmp_path: Path) -> None:
    done = run(tmp_path, MemoryStore(), "import ipywidgets; ipywidgets.IntSlider()")

    assert done.ok
    assert "widgets" not in read_output(tmp_path).metadata


def test_a_long_talker_is_recorded_in_part_and_saved_whole(tmp_path: Path) -> None:
    store = MemoryStore()
    done = run(tmp_path, store, "for i in range(12_000): print(i)")
    lines = [line.text for line in store.logs(done.run_id)]

    assert len(lines) == 10_000
    assert "in the notebook only" in lines[-1]
    assert read_printed(read_output(tmp_path)).endswith("11999\n")


def test_cells_end_before_the_run_does(tmp_path: Path) -> None:
    store = MemoryStore()
    heard: list[Event] = []
    run(tmp_path, store, "1", "1/0", on_event=heard.append)

    ends = [event for event in heard if isinstance(event, CellEnded | RunEnded)]
    assert [type(event) for event in ends] == [CellEnded, CellEnded, RunEnded]


def test_an_output_that_goes_away_is_told_and_the_run_recorded(tmp_path: Path) -> None:
    """As a disk that fills up: saving fails while the notebook runs, and again at its end."""
    folder = tmp_path / "gone"
    folder.mkdir()
    store = MemoryStore()
    cell = f"import shutil, time\nshutil.rmtree({str(folder)!r})\ntime.sleep(0.5)"
    with pytest.raises(NotebookError) as caught:
        run(tmp_path, store, cell, "print('goes on')", output=folder / "out.ipynb", save_every=0.1)

    assert caught.value.code == "notebook.output_unwritable"
    (record,) = store.runs().runs
    assert record.state is RunState.COMPLETED
    assert [line.text for line in store.logs(record.run_id)] == ["goes on"]


def test_a_watch_that_breaks_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unwatched, this notebook would run for ever."""

    def fail(self: Supervisor, now: float) -> None:
        if self.running is not None:
            raise RuntimeError("broken")

    store = MemoryStore()
    monkeypatch.setattr(Supervisor, "_find_stop", fail)
    with pytest.raises(RuntimeError, match="broken"):
        run(tmp_path, store, "import time\nwhile True: time.sleep(1)")

    assert store.runs().runs[0].state is RunState.FAILED


@pytest.mark.timeout(170)
def test_strange_output_ends_no_run(tmp_path: Path) -> None:
    """What a notebook file cannot hold as it is, is put into it in other words."""
    # Where a stream is flushed right when ipykernel gives up on half a character, it waits 10 s, several times.
    patient = Timeouts(start=50, run=110)
    store = MemoryStore()

    done = run(
        tmp_path,
        store,
        r"print('half a character', '\ud800')",
        r"print('bytes that are no text', b'\xff\xfe'.decode('utf-8', 'surrogateescape'))",
        r"print('a control character', '\x00\x1b[0m')",
        "display({'application/json': float('nan'), 'text/plain': 'no number'}, raw=True)",
        "print('the end')",
        save_every=0.1,
        timeouts=patient,
    )

    assert done.ok, done.explain()
    assert "the end" in read_printed(read_output(tmp_path))
    assert store.run(done.run_id).state is RunState.COMPLETED

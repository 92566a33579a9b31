"""The executed notebook on disk: saved in one step, on time, with true marks."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import nbformat
import pytest

from dagy_nb.schedules.marks import MarkedNotebook, save_notebook
from tests.schedules.build import make_notebook, read_statuses


def mark(folder: Path, *cells: str, **options: Any) -> MarkedNotebook:
    notebook = make_notebook(*cells)
    notebook.metadata["papermill"] = {}
    marked = MarkedNotebook(
        notebook, output=str(folder / "out.ipynb"), progress_bar=False, **options
    )
    marked.notebook_start()
    return marked


def test_papermill_s_own_saves_write_nothing(tmp_path: Path) -> None:
    marked = mark(tmp_path, "1")
    marked.cell_start(marked.nb.cells[0], 0)
    marked.autosave_cell()

    assert not (tmp_path / "out.ipynb").exists()


def test_it_is_saved_when_it_is_time_to(tmp_path: Path) -> None:
    marked = mark(tmp_path, "1", save_every=5)
    out = tmp_path / "out.ipynb"
    saves = []
    for time in (100.0, 101.0, 104.9, 105.1, 109.0, 110.3):
        out.unlink(missing_ok=True)
        marked.save_on_time(time)
        saves.append(out.exists())

    assert saves == [True, False, False, True, False, True]


def test_zero_saves_at_the_end_only(tmp_path: Path) -> None:
    marked = mark(tmp_path, "1", save_every=0)
    marked.save_on_time(1e9)
    assert not (tmp_path / "out.ipynb").exists()

    marked.notebook_complete()
    assert (tmp_path / "out.ipynb").exists()


def test_cells_that_never_ran_stay_pending(tmp_path: Path) -> None:
    marked = mark(tmp_path, "1", "2", "3")
    marked.cell_start(marked.nb.cells[0], 0)
    marked.cell_exception(marked.nb.cells[0], cell_index=0)
    marked.cell_complete(marked.nb.cells[0], cell_index=0)
    marked.notebook_complete()
    saved = nbformat.read(tmp_path / "out.ipynb", as_version=4)

    assert read_statuses(saved) == ["failed", "pending", "pending"]
    assert saved.metadata.papermill["exception"] is True
    assert saved.metadata.papermill["duration"] >= 0


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    out = tmp_path / "out.ipynb"
    notebook = make_notebook("x = '" + "é" * 200_000 + "'")
    save_notebook(notebook, out)
    stop = threading.Event()
    broken: list[str] = []

    def read() -> None:
        while not stop.is_set():
            try:
                json.loads(out.read_text(encoding="utf-8"))
            except (ValueError, OSError) as error:
                broken.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        save_notebook(notebook, out)
    stop.set()
    reader.join()

    assert broken == []
    assert [each.name for each in tmp_path.iterdir()] == ["out.ipynb"]


def test_a_save_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.ipynb"
    save_notebook(make_notebook("1"), out)
    before = out.read_bytes()

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        save_notebook(make_notebook("2"), out)

    assert out.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["out.ipynb"]

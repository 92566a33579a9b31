"""Tiny notebooks, one behaviour each, and the one way the tests run them."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil

from dagy_nb.schedules.limits import Timeouts
from dagy_nb.schedules.notebook import NotebookRun, run_notebook
from dagy_nb.settings import Settings

QUICK = Timeouts(start=50, run=50)
"""Limits that a test never reaches, under pytest's own."""


def make_notebook(*cells: str, kernel: str = "python3", language: str = "python") -> Any:
    """A notebook of code cells. One that begins with `# TAG:` gets the tag, one with `#md` is markdown."""
    v4 = nbformat.v4
    notebook = v4.new_notebook(
        metadata={"kernelspec": {"name": kernel, "display_name": kernel, "language": language}}
    )
    for source in cells:
        first = source.split("\n")[0]
        cell = v4.new_markdown_cell(source) if first == "#md" else v4.new_code_cell(source)
        if first.startswith("# ") and first.endswith(":"):
            cell.metadata["tags"] = [first[2:-1]]
        notebook.cells.append(cell)
    return notebook


def write_notebook(folder: Path, *cells: str, name: str = "in.ipynb", **options: Any) -> Path:
    """The same as a file."""
    path = folder / name
    nbformat.write(make_notebook(*cells, **options), path)
    return path


def run(folder: Path, store: Any, *cells: str, **options: Any) -> NotebookRun:
    """Run such a notebook with its records in a store of the test."""
    options = {"timeouts": QUICK, "output": folder / "out.ipynb", **options}
    path = write_notebook(folder, *cells)
    return run_notebook(path, store=store, settings=Settings(home=folder / ".dagy"), **options)


def read_output(folder: Path, name: str = "out.ipynb") -> Any:
    """The executed notebook."""
    return nbformat.read(folder / name, as_version=4)


def read_printed(notebook: Any) -> str:
    """All that the cells printed."""
    return "".join(
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type == "stream"
    )


def read_statuses(notebook: Any) -> list[str]:
    """papermill's mark of each cell; the cells it puts in to show an error have none."""
    return [
        cell.metadata.papermill["status"] for cell in notebook.cells if "papermill" in cell.metadata
    ]


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Any, seconds: float = 20.0) -> None:
    """Look until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        threading.Event().wait(0.02)


BROOD = """\
import os, subprocess, sys
children = [subprocess.Popen(["sleep", "600"]), subprocess.Popen(["sleep", "600"], start_new_session=True)]
print("PIDS", os.getpid(), *[each.pid for each in children], flush=True)
"""
"""A cell that starts a process in its own group and one outside of it."""


def read_pids(text: str) -> list[int]:
    """The process ids that the cell above printed."""
    line = next(line for line in text.splitlines() if line.startswith("PIDS"))
    return [int(word) for word in line.split()[1:]]

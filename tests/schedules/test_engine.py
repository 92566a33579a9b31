"""papermill itself, with our engine: the same records, the same end."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from dagy_nb.engine.clock import SystemClock
from dagy_nb.model.record import RunRecord
from dagy_nb.model.state import RunState
from dagy_nb.store import open_store
from tests.schedules.build import read_output, read_printed, read_statuses, write_notebook

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(90)]


def papermill(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run papermill's own command with our engine."""
    return subprocess.run(
        [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "--engine", "dagy", *words],
        cwd=folder,
        env={**os.environ, "DAGY_HOME": str(folder / ".dagy")},
        capture_output=True,
        text=True,
        check=False,
    )


def read_records(folder: Path) -> list[RunRecord]:
    store = open_store(folder / ".dagy", SystemClock())
    try:
        return [store.run(run.run_id) for run in store.runs().runs]
    finally:
        store.close()


def test_papermill_finds_the_engine_by_its_entry_point():
    (found,) = [each for each in entry_points(group="papermill.engine") if each.name == "dagy"]

    assert found.value == "dagy_nb.schedules.engine:DagyEngine"


def test_papermill_s_command_runs_and_records(tmp_path: Path) -> None:
    write_notebook(tmp_path, "# parameters:\nmonth = 1", "print('month', month)")
    done = papermill(tmp_path, "-p", "month", "2")

    assert done.returncode == 0, done.stderr
    assert "month 2" in read_printed(read_output(tmp_path))
    (record,) = read_records(tmp_path)
    assert (record.state, record.parameters) == (RunState.COMPLETED, {"month": 2})
    assert len(record.cells) == 3


@pytest.mark.parametrize(
    ("cells", "words", "code", "recorded"),
    [
        (("1/0", "1"), (), "raised.ZeroDivisionError", RunState.FAILED),
        (
            ("import time; time.sleep(99)", "1"),
            ("--execution-timeout", "1"),
            "notebook.cell_timeout",
            RunState.TIMED_OUT,
        ),
        (("import sys; sys.exit(0)", "1"), (), "notebook.stopped_early", RunState.FAILED),
    ],
    ids=["raises", "hangs", "exits"],
)
def test_what_goes_wrong_is_an_exit_code_and_a_record(
    tmp_path: Path, cells: tuple[str, ...], words: tuple[str, ...], code: str, recorded: RunState
) -> None:
    write_notebook(tmp_path, *cells)
    done = papermill(tmp_path, *words)

    assert done.returncode == 1
    (record,) = read_records(tmp_path)
    assert record.state is recorded
    assert record.error is not None
    assert record.error.code == code
    assert read_statuses(read_output(tmp_path))[-1] == "pending"


def test_parameters_that_do_not_fit_are_refused_here_too(tmp_path: Path) -> None:
    write_notebook(tmp_path, "# parameters:\nmonht = 1")
    done = papermill(tmp_path, "-p", "month", "2")

    assert done.returncode == 1
    assert "notebook.unknown_parameter" in done.stderr
    assert read_records(tmp_path) == []

"""Notebooks are run from a terminal, in a process of their own, and their end is told by the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.source import ROOT

FIRST = ROOT / "notebooks" / "01_first_flow.ipynb"

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(240)]


def dagy_nb(folder, *words):
    """Run the installed command in a folder that has a store."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DAGY_")}
    return subprocess.run(
        [str(Path(sys.executable).with_name("dagy-nb")), *map(str, words)],
        cwd=folder,
        env={**kept, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_demo_runs_records_and_reports_in_a_fresh_folder(tmp_path):
    done = dagy_nb(tmp_path, "demo", "--month", "2", "--json")

    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)["data"]
    folder = tmp_path / "dagy-demo"
    (inside,) = data["inside"]
    assert data["state"] == "COMPLETED"
    assert inside["parent_run_id"] == data["run_id"]
    assert {each["state"] for each in inside["nodes"].values()} == {"COMPLETED"}
    assert len(inside["nodes"]) >= 6
    assert any("ExpressJet" in line for line in data["report"])
    assert sorted(each.name for each in folder.glob("*.ipynb")) == [
        "01_first_flow.ipynb",
        "01_first_flow.out.ipynb",
        "02_connectors.ipynb",
        "03_timeouts.ipynb",
        "04_rerun_and_resume.ipynb",
        "05_scale_out.ipynb",
    ]
    listed = json.loads(dagy_nb(folder, "runs", "--json").stdout)["data"]["runs"]
    assert [each["kind"] for each in listed] == ["flow", "notebook"]
    shown = dagy_nb(folder, "show", data["run_id"])
    assert "DelayByCarrier  COMPLETED" in shown.stdout
    again = dagy_nb(tmp_path, "demo", folder)
    assert again.returncode == 2
    assert "usage.folder_taken" in again.stderr


def test_a_notebook_that_reuses_and_resumes_leaves_its_reasons_in_the_records(tmp_path):
    """By papermill, in a kernel of its own; cells that are to fail do not end it."""
    (tmp_path / ".dagy").mkdir()

    done = dagy_nb(tmp_path, "run", FIRST.parent / "04_rerun_and_resume.ipynb", "--json")

    assert done.returncode == 0, done.stderr
    *_, failed, resumed = json.loads(done.stdout)["data"]["inside"]
    assert (failed["state"], resumed["state"]) == ("FAILED", "COMPLETED")
    assert resumed["resumed_from"] == failed["run_id"]
    told = {name: (each["reason"], each["why"]) for name, each in resumed["nodes"].items()}
    assert told == {
        **dict.fromkeys(("flights", "late", "report"), ("up_to_date", None)),
        "share": (None, told["share"][1]),
    }
    assert resumed["nodes"]["report"]["reused_from"] == failed["run_id"]
    shown = dagy_nb(tmp_path, "show", resumed["run_id"]).stdout
    assert f"It goes on with run {failed['run_id']}." in shown
    assert f"kept in run {failed['run_id']}" in shown


def test_a_failing_copy_exits_with_1_and_names_the_node_and_the_cell(tmp_path):
    notebook = nbformat.read(FIRST, as_version=4)
    cell = next(each for each in notebook.cells if "def departed" in each.source)
    cell.source += '\n    raise ValueError("on purpose")'
    cell.source = cell.source.replace("return flights.loc", "kept = flights.loc")
    nbformat.write(notebook, tmp_path / "failing.ipynb")
    (tmp_path / ".dagy").mkdir()

    done = dagy_nb(tmp_path, "run", "failing.ipynb", "-p", "month=2", "-o", "out.ipynb")

    assert done.returncode == 1
    assert "node departed of flow delays FAILED" in done.stderr
    assert "on purpose" in done.stderr
    assert "run = %flow run delays" in done.stderr
    assert "Traceback" not in done.stderr
    assert "departed  departed" in done.stdout
    assert "FAILED (raised)" in done.stdout
    assert (tmp_path / "out.ipynb").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("run", "nowhere.ipynb"), "notebook.not_found"),
        (("run", FIRST, "-p", "mnth=2"), "notebook.unknown_parameter"),
        (("run", FIRST, "-p", "month=soon"), "notebook.parameter_type"),
        (("run", FIRST, "-o", FIRST), "notebook.output_is_input"),
    ],
    ids=["missing", "unknown parameter", "wrong type", "same file"],
)
def test_a_notebook_that_cannot_be_run_as_asked_exits_with_2(tmp_path, words, code):
    (tmp_path / ".dagy").mkdir()

    done = dagy_nb(tmp_path, *words, "--json")

    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["error"]["code"] == code


def test_a_cell_past_its_limit_exits_with_1(tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("import time\ntime.sleep(30)")],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    )
    nbformat.write(notebook, tmp_path / "slow.ipynb")
    (tmp_path / ".dagy").mkdir()

    done = dagy_nb(tmp_path, "run", "slow.ipynb", "--cell-timeout", "1", "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "run.timed_out"


def test_help_is_quick_because_commands_load_what_they_need_when_they_run(tmp_path):
    script = (
        "import sys, dagy_nb.cli.main; "
        "print(*{'duckdb', 'papermill', 'IPython', 'pandas', 'nbformat'} & set(sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert done.stdout.split() == []

"""The magics work in a plain IPython, without a kernel, just as well."""

from __future__ import annotations

import os
import subprocess
import sys

import nbformat
import pytest

from tests.source import ROOT

pytestmark = pytest.mark.timeout(180)
CELLS = (
    "%load_ext dagy_nb",
    "%%flownode\ndef number(value: int = 1) -> int:\n    print('told')\n    return value",
    "%%flow small\nparameters: {value: 3}\nnodes: {n: {type: number, config: {value: '${params.value}'}}}",
    "run = %flow run small -p value=7\nprint(run.outputs)",
    "%flow run small",
    "listed = %runs -n 1\nprint(listed)",
)


@pytest.fixture
def ipython(tmp_path):
    """Run cells in a plain IPython, one after the other, and return what it prints."""

    def run(*cells):
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(each) for each in cells]
        )
        nbformat.write(notebook, tmp_path / "cells.ipynb")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("DAGY_")}
        return subprocess.run(
            [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "cells.ipynb"],
            cwd=tmp_path,
            env={
                **kept,
                "PYTHONPATH": str(ROOT),
                "DAGY_HOME": str(tmp_path / ".dagy"),
                "IPYTHONDIR": str(tmp_path / ".ipython"),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_nodes_flows_and_runs_work_in_a_terminal(ipython):
    done = ipython(*CELLS)

    assert "config  value: integer = 1" in done.stdout
    assert "{'n.output': 7}" in done.stdout
    assert done.stdout.count("n | told") == 2
    assert done.stdout.count("COMPLETED in") == 2
    assert "small  flow  COMPLETED" in done.stdout


def test_a_failed_run_says_the_nodes_line_in_a_terminal(ipython):
    broken = CELLS[1].replace("return value", "return value / 0")

    done = ipython(CELLS[0], broken, CELLS[2], "%flow run small")

    told = done.stdout + done.stderr
    assert "ZeroDivisionError: division by zero" in told
    assert "return value / 0" in told
    assert "RunFailed: Run " in told
    assert "dagy_nb/" not in told

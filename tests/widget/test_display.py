"""A saved notebook carries the picture with the last states, also where no browser was."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.kernel.live import ROOT
from tests.widget.conftest import DEFINE, require_built
from tests.widget.frontend import VIEW_MIME

pytestmark = pytest.mark.kernel


def execute(folder: Path, *cells: str, **environment: str):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    client = NotebookClient(notebook, timeout=60, store_widget_state=False)
    env = {**os.environ, "PYTHONPATH": paths, "DAGY_HOME": str(folder / ".dagy"), **environment}
    return client.execute(cwd=str(folder), env=env)


@pytest.mark.parametrize("static", ["0", "1"])
def test_a_notebook_run_without_a_browser_ends_with_the_states_of_the_run(tmp_path, static):
    require_built()

    done = execute(
        tmp_path,
        DEFINE,
        "flow = make_flow('kept')\nflow",
        "run = flow.run().wait()",
        "%flow run kept",
        DAGY_STATIC=static,
    )

    *widgets, picture = done.cells[1].outputs
    assert picture["data"]["image/svg+xml"].count("Completed") == 1 + 2 + 2
    assert picture["data"]["text/plain"] == "<Flow kept: 2 nodes, 1 edges>"
    assert [VIEW_MIME in each["data"] for each in widgets] == ([True] if static == "0" else [])
    assert nbformat.validate(done) is None


def test_a_failed_run_shows_in_the_picture_too(tmp_path):
    done = execute(
        tmp_path,
        DEFINE,
        "@node\ndef broken(x: int) -> int:\n    raise ValueError('secret-value')",
        "flow = make_flow('failing'); flow.add('broken', id='b'); flow.connect('d.output', 'b.x')\nflow",
        "run = flow.run().wait(check=False)",
        DAGY_STATIC="1",
    )

    picture = done.cells[2].outputs[0]["data"]["image/svg+xml"]
    assert "Failed" in picture
    assert "secret-value" not in picture

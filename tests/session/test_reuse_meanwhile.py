"""What is changed while a node runs does not count as what the node used."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dagy_nb.engine.content_files import was_there
from dagy_nb.model.state import Reason
from dagy_nb.session.flow import Flow
from tests.session.reusing import Notebook

READ = """
def read(path: Path = Path("here")) -> int:
    found = int(path.read_text()) * own_factor.FACTOR
    BEGAN.touch()
    while not GOES_ON.exists():
        time.sleep(0.01)
    return found
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "number").write_text("1")
    (tmp_path / "own_factor.py").write_text("FACTOR = 1")
    yield tmp_path
    sys.modules.pop("own_factor", None)


@pytest.fixture
def flow(place: Path) -> Iterator[Flow]:
    with Notebook(place / ".dagy", keep_after=1e-9) as notebook:
        notebook.run("import time, own_factor\nfrom pathlib import Path")
        notebook.run(
            f"BEGAN, GOES_ON = Path({str(place)!r}) / 'began', Path({str(place)!r}) / 'on'"
        )
        notebook.define(READ, runner="thread")
        yield notebook.flow(
            f"name: f\nnodes: {{n: {{type: read, config: {{path: {place / 'number'}}}}}}}"
        )


def change_file(place: Path) -> None:
    (place / "number").write_text("5")


def change_module(place: Path) -> None:
    (place / "own_factor.py").write_text("FACTOR = 55")
    importlib.reload(sys.modules["own_factor"])


@pytest.mark.parametrize("change", [change_file, change_module])
@pytest.mark.parametrize("reuse", [False, True], ids=["unasked", "asked"])
def test_what_was_made_before_a_change_is_not_kept_for_after_it(
    flow: Flow, place: Path, change: Callable[[Path], None], reuse: bool
) -> None:
    handle = flow.run(reuse=reuse)
    deadline = time.monotonic() + 30
    while not (place / "began").exists():
        assert time.monotonic() < deadline
        os.sched_yield()
    change(place)
    (place / "on").touch()
    assert handle.wait()["n"].value == 1

    warm, cold = flow.run(reuse=True).wait(), flow.run().wait()
    assert warm["n"].value == cold["n"].value != 1


def test_what_used_a_file_that_stayed_is_kept_unasked(flow: Flow, place: Path) -> None:
    (place / "on").touch()
    deadline = time.monotonic() + 30
    while not was_there(str(place / "number"), time.time()):
        assert time.monotonic() < deadline
    flow.run().wait()

    assert flow.run(reuse=True).wait()["n"].reason is Reason.UP_TO_DATE

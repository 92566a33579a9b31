"""A runner's name and a folder in, what happens to the victims in a kernel that runs them itself out, as JSON.

A process of its own, which plays the kernel: `python -m tests.victims.inside RUNNER FOLDER`. It says `ready` when only
the victims of the last act run, and is killed then.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

from dagy_nb.nodes.cell import CellSource, compile_cell
from dagy_nb.session.current import make_session
from dagy_nb.session.flow import Flow
from dagy_nb.settings import Settings
from dagy_nb.store.memory import MemoryStore
from tests.victims.cells import VICTIMS, list_cells
from tests.victims.watching import wait_until

LIMIT = 0.3
SECONDS = 2.5


class Beat:
    """Beats as often as it can; the longest pause tells how long the kernel was frozen."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def end(self) -> float:
        self._is_over.set()
        self._thread.join()
        return self.longest

    def _beat(self) -> None:
        last = time.monotonic()
        while not self._is_over.wait(0.005):
            now = time.monotonic()
            self.longest, last = max(self.longest, now - last), now


def play(session, folder: Path, runner: str, name: str, ending: str) -> dict[str, object]:
    """Let one victim run to its limit or a cancel; return how that went."""
    place = folder / f"{name} {ending}"
    place.mkdir()
    limit = LIMIT if ending == "timeout" else 0
    flow = Flow(f"{name}_{ending}", session=session)
    flow.add(
        name,
        id=name,
        config={"folder": str(place), "seconds": SECONDS},
        runner=runner,
        timeout=limit,
    )
    beat = Beat()
    handle = flow.run()
    assert wait_until((place / name).exists, 60)
    due = time.time() + LIMIT
    if ending == "cancel":
        due = time.time()
        handle.cancel(name)
    run = handle.wait(timeout=60, check=False)
    frozen = beat.end()
    record = run[name].record
    if ending == "timeout":
        due = record.started_at + LIMIT
    return {
        "late": max(0.0, record.ended_at - due),
        "state": str(record.state),
        "enforcement": record.enforcement,
        "frozen": frozen,
    }


def main(runner: str, folder: Path) -> None:
    answers, quiet = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    session = make_session(Settings(home=folder / ".dagy"), store=MemoryStore())
    for cell in list_cells(list(VICTIMS)):
        compile_cell(CellSource(cell), {}, registry=session.registry)
    seen = {
        name: {
            ending: play(session, folder, runner, name, ending) for ending in ("timeout", "cancel")
        }
        for name in VICTIMS
    }
    os.write(answers, json.dumps(seen).encode() + b"\n")
    threading.Event().wait(600)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

"""Measured cells in, the Markdown table of `DAGY_VICTIMS_TABLE` out, whichever tests of it ran."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from zlib import crc32

from filelock import FileLock

from tests.victims.cells import VICTIMS

_INTRO = """# The victims

Nodes that do not end by themselves, and what happens to them at their limit, at a cancel, and when the kernel is
restarted or killed. The tests in `tests/victims` and `tests/kernel/test_victims.py` measure this and write it; nothing
here is edited by hand:

    DAGY_VICTIMS_TABLE=.github/VICTIMS.md pytest tests/victims tests/kernel/test_victims.py

A cell says how many seconds after the limit, the cancel or the kernel's death the last process of the node was gone,
how many of its processes were left 0.5 s after it, and what the record says.
"""

_SECTIONS = {
    "process": ("The process runner", ("timeout", "cancel", "restart", "SIGKILL")),
    "dask": ("The Dask runner", ("timeout", "cancel", "restart", "SIGKILL")),
    "thread": ("What the thread runner does instead", ("timeout", "cancel", "SIGKILL")),
    "inline": ("What the inline runner does instead", ("timeout", "cancel", "SIGKILL")),
}

_NOTES = {
    "process": "Each victim runs beside a sibling, whose result is intact.",
    "dask": "The same, in Dask's workers on a cluster of two.",
    "thread": "The record is right in time and nobody waits longer, but the work itself may go on: an abandoned body holds "
    "its thread, and the processes that it started live on. What holds the GIL freezes the whole kernel until it ends "
    "(here after some seconds, by itself), so that nobody can look at the clock.",
    "inline": "As for threads: inline bodies run in the driver's thread, and another one takes over the driving.",
}


def add_cell(runner: str, victim: str, ending: str, text: str) -> None:
    """Print a measured cell, and put it into the table where one is asked for."""
    print(f"{runner} · {victim} · {ending}: {text}")
    path = os.environ.get("DAGY_VICTIMS_TABLE", "")
    if not path:
        return
    kept = Path(
        tempfile.gettempdir(), f"dagy-victims-{crc32(str(Path(path).absolute()).encode()):x}.json"
    )
    with FileLock(f"{kept}.lock"):
        cells = json.loads(kept.read_text()) if kept.exists() else {}
        cells.setdefault(runner, {}).setdefault(victim, {})[ending] = text
        kept.write_text(json.dumps(cells))
        Path(path).write_text(render(cells))


def render(cells: dict[str, dict[str, dict[str, str]]]) -> str:
    """Return the whole text."""
    parts = [_INTRO]
    for runner, (title, endings) in _SECTIONS.items():
        rows = cells.get(runner, {})
        if not rows:
            continue
        parts.append(f"## {title}\n\n{_NOTES[runner]}\n")
        lines = [["victim", *endings], ["---"] * (len(endings) + 1)]
        lines += [
            [words, *(rows[name].get(ending, "") for ending in endings)]
            for name, words in VICTIMS.items()
            if name in rows
        ]
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n")
    return "\n".join(parts)

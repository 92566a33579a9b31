"""What one notebook run needs, handed through papermill to our engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagy_nb.schedules.reporter import NotebookReporter


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookPlan:
    """One notebook run, ready to go.

    Attributes:
        reporter: Who is told what happens, and knows the limits.
        source: The notebook, for its metadata.
        output: Where it is saved; None saves nothing.
        env: The whole environment of the kernel.
        cwd: The kernel's working directory; None for this process's own.
        save_every: Seconds between two saves while it runs; 0 saves at the end only.
        this_python: The kernel runs this process's Python, whatever is installed under its name.
    """

    reporter: NotebookReporter
    source: str
    output: str | None
    env: Mapping[str, str]
    cwd: Path | None = None
    save_every: float = 5.0
    this_python: bool = False

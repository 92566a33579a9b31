"""A run's record in, one display of it out which changes while the run goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from IPython.display import display

from dagy_nb.model.record import RunRecord
from dagy_nb.protocol.tables import Table, list_nodes

EVERY = 0.25


class RunView(Protocol):
    """Where the waiting cell shows its run."""

    def show(self, record: RunRecord) -> None:
        """Show the run as it is now."""

    def finish(self, record: RunRecord) -> None:
        """Show how it ended; the last call."""


class FinalView:
    """Shows the end only: for notebooks that nobody watches, whose output must not depend on time.

    Args:
        remarks: What else stands below the nodes.
    """

    def __init__(self, remarks: str = "") -> None:
        self._remarks = remarks

    def show(self, record: RunRecord) -> None:
        """Show nothing."""

    def finish(self, record: RunRecord) -> None:
        """Show the node runs."""
        display(draw(record, self._remarks))


class CellView:
    """One output of a notebook cell, brought up to date in place.

    Args:
        remarks: What else stands below the nodes.
        now: The clock, seconds since the epoch.
        every: Seconds between two updates.
    """

    def __init__(
        self, remarks: str = "", now: Callable[[], float] = time.time, *, every: float = EVERY
    ) -> None:
        self._remarks = remarks
        self._now = now
        self._every = every
        self._handle: Any = None
        self._shown = ""
        self._next = 0.0

    def show(self, record: RunRecord) -> None:
        """Bring the output up to date, not too often."""
        now = self._now()
        if now >= self._next:
            self._next = now + self._every
            self._put(record, now)

    def finish(self, record: RunRecord) -> None:
        """Leave the final table in the output."""
        self._put(record, None)

    def _put(self, record: RunRecord, now: float | None) -> None:
        table = draw(record, self._remarks, now=now)
        if repr(table) == self._shown:
            return
        self._shown = repr(table)
        if self._handle is None:
            self._handle = display(table, display_id=True)
        else:
            self._handle.update(table)


class TerminalView:
    """A table that a terminal draws anew below what the nodes print.

    Args:
        remarks: What else stands below the nodes, at the end.
    """

    def __init__(self, remarks: str = "") -> None:
        from rich.live import Live

        self._remarks = remarks
        self._live = Live(refresh_per_second=8, transient=True)
        self._live.start()

    def show(self, record: RunRecord) -> None:
        """Draw the run as it is now."""
        from rich.text import Text

        self._live.update(Text(repr(list_nodes(record, now=time.time()))))

    def finish(self, record: RunRecord) -> None:
        """Leave the final table on the screen."""
        self._live.stop()
        display(draw(record, self._remarks))


def choose_view(shell: Any, remarks: str = "", *, static: bool) -> RunView:
    """Return the view that fits where the shell shows its output.

    Args:
        shell: The shell.
        remarks: What else stands below the nodes.
        static: Show the end only.
    """
    if static:
        return FinalView(remarks)
    if getattr(shell, "kernel", None) is not None:
        return CellView(remarks)
    return TerminalView(remarks) if sys.stdout.isatty() else FinalView(remarks)


def draw(record: RunRecord, remarks: str, *, now: float | None = None) -> Table:
    """Return the table of a run's nodes, with remarks below it."""
    table = list_nodes(record, now=now)
    return replace(table, note="\n".join(filter(None, (table.note, remarks))))

"""What happens in a notebook run in, facts in the store out; and the one place that holds its state."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagy_nb.errors import StoreError
from dagy_nb.model.event import (
    CellEnded,
    CellStarted,
    ErrorFact,
    Event,
    LogWritten,
    RunEnded,
    RunQueued,
    RunStarted,
)
from dagy_nb.model.state import NodeState, RunKind, RunState
from dagy_nb.schedules.failures import FailedCell
from dagy_nb.schedules.limits import Stop, Timeouts

if TYPE_CHECKING:
    from dagy_nb.abc import Clock, Store

logger = logging.getLogger(__name__)
MAX_SOURCE = 20_000
MAX_LINE = 2_000
MAX_LINES = 10_000


class NotebookReporter:
    """One notebook run: what is known of it, told to the store and to whoever watches.

    A store that fails does not fail the notebook; it is told once, and kept in `trouble`.

    Args:
        run_id: The run.
        store: Where facts go.
        clock: Where times come from.
        timeouts: The limits.
        on_event: Hears every fact after it was recorded.

    Attributes:
        state: Where the run is.
        error: What went wrong, once it has ended.
        cancelled_by: Who asked to cancel; None while nobody did.
        is_late: It is ended for what it carries out, whose time is over.
        failed_cell: The cell in which the run ended, or None.
        trouble: Why facts could not be recorded, or None.
    """

    def __init__(
        self,
        run_id: str,
        *,
        store: Store,
        clock: Clock,
        timeouts: Timeouts,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self.run_id = run_id
        self.store = store
        self.clock = clock
        self.timeouts = timeouts
        self.state = RunState.QUEUED
        self.error: ErrorFact | None = None
        self.cancelled_by: str | None = None
        self.is_late = False
        self.failed_cell: FailedCell | None = None
        self.trouble: StoreError | None = None
        self._on_event = on_event
        self._lock = threading.RLock()
        self._lines = 0
        self._rest: dict[str, str] = {}

    def queue(self, notebook: Path, parameters: dict[str, Any], *, parent: str = "") -> None:
        """Record that the run was accepted."""
        self._tell(
            RunQueued(
                at=self.clock.now(),
                run_id=self.run_id,
                run_kind=RunKind.NOTEBOOK,
                backend="papermill",
                parent_run_id=parent,
                parameters=parameters,
                notebook=str(notebook),
            )
        )

    def start(self) -> None:
        """Record that the kernel is launched."""
        self.state = RunState.RUNNING
        self._tell(RunStarted(at=self.clock.now(), run_id=self.run_id))

    def start_cell(self, index: int, cell_id: str, source: str) -> None:
        """Record that a cell began."""
        self._tell(
            CellStarted(
                at=self.clock.now(),
                run_id=self.run_id,
                index=index,
                cell_id=cell_id,
                source=source[:MAX_SOURCE],
            )
        )

    def end_cell(self, index: int) -> None:
        """Record that a cell ran to its end."""
        self._end_cell(index, NodeState.COMPLETED, None)

    def fail_cell(self, cell: FailedCell, state: NodeState, error: ErrorFact) -> None:
        """Record that a cell ended otherwise, and with it the run."""
        self.failed_cell = cell
        self._end_cell(cell.index, state, error)

    def write(self, level: str, text: str) -> None:
        """Record what a cell put out, line by line; a line that goes on waits for its rest."""
        *lines, rest = (self._rest.pop(level, "") + text).split("\n")
        if len(rest) > MAX_LINE:
            lines, rest = [*lines, rest], ""
        if rest:
            self._rest[level] = rest
        self._write_lines(level, lines)

    def flush(self) -> None:
        """Record lines that have no end yet."""
        for level in list(self._rest):
            self._write_lines(level, [self._rest.pop(level)])

    def cancel(self, by: str = "", *, late: bool = False) -> None:
        """Ask the run to end; any thread may call this, any number of times.

        Args:
            by: Who asks.
            late: What it carries out ran past its own limit, so this run is TIMED_OUT too.
        """
        with self._lock:
            if self.cancelled_by is None:
                self.cancelled_by, self.is_late = by, late

    def end(self, state: RunState, error: ErrorFact | None = None) -> None:
        """Record how the run ended; only the first call counts."""
        with self._lock:
            if self.state.is_final:
                return
            self.state, self.error = state, error
        self._tell(RunEnded(at=self.clock.now(), run_id=self.run_id, state=state, error=error))

    def end_stopped(self, stop: Stop) -> None:
        """Record that the run was ended from outside its cells."""
        self.end(stop.state, stop.fact)

    def _end_cell(self, index: int, state: NodeState, error: ErrorFact | None) -> None:
        self.flush()
        now = self.clock.now()
        self._tell(CellEnded(at=now, run_id=self.run_id, index=index, state=state, error=error))

    def _write_lines(self, level: str, lines: list[str]) -> None:
        room = MAX_LINES - self._lines
        if not lines or room <= 0:
            return
        self._lines += len(lines)
        kept = [line[:MAX_LINE] for line in lines[:room]]
        if self._lines >= MAX_LINES:
            kept[-1] = f"… further output is in the notebook only ({MAX_LINES:,} lines recorded)"
        now = self.clock.now()
        self._tell(
            *(LogWritten(at=now, run_id=self.run_id, level=level, text=line) for line in kept)
        )

    def _tell(self, *events: Event) -> None:
        try:
            self.store.append(*events)
        except StoreError as error:
            if self.trouble is None:
                logger.warning("notebook run %s is not recorded: %s", self.run_id, error)
            self.trouble = error
        if self._on_event is not None:
            for event in events:
                self._on_event(event)

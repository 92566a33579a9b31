"""The facts of a run inside a node in, that node's progress and log lines out."""

from __future__ import annotations

from dagy_nb.engine.output import Listener
from dagy_nb.model.event import ErrorFact, Event, LogWritten, NodeEnded, RunEnded
from dagy_nb.model.state import BROKEN_STATES

MAX_LINES = 20
MAX_STEPS = 200
_HARDNESS = ("", "cancelled", "killed", "abandoned")


class InnerWatch:
    """Hears every fact of one inner run.

    Args:
        total: How many nodes it has.
        listener: Hears the composite node's lines and progress.
        catches: Failed nodes do not fail the inner run, so they are no more than a warning.

    Attributes:
        ended: Node id → how it ended, in the order in which they did.
        error: Why the whole inner run failed, or None.
        enforcement: How the nodes that were stopped ended, the worst.
    """

    def __init__(self, total: int, listener: Listener, *, catches: bool) -> None:
        self.ended: dict[str, NodeEnded] = {}
        self.error: ErrorFact | None = None
        self.enforcement = "cancelled"
        self._total = total
        self._listener = listener
        self._level = "WARNING" if catches else "ERROR"
        self._failed = 0
        self._told = -1

    def hear(self, event: Event) -> None:
        """Take a fact."""
        if isinstance(event, NodeEnded):
            self._hear_end(event)
        elif isinstance(event, LogWritten):
            self._listener.wrote(event.level, f"{event.node_id} | {event.text}")
        elif isinstance(event, RunEnded):
            self.error = event.error
            if self._failed > MAX_LINES:
                more = self._failed - MAX_LINES
                self._listener.wrote(self._level, f"… and {more} more that did not complete.")

    def _hear_end(self, event: NodeEnded) -> None:
        self.ended[event.node_id] = event
        self.enforcement = max(self.enforcement, event.enforcement, key=_HARDNESS.index)
        if event.state in BROKEN_STATES:
            self._tell_failure(event)
        self._tell_progress()

    def _tell_failure(self, event: NodeEnded) -> None:
        self._failed += 1
        if self._failed <= MAX_LINES:
            error = event.error
            why = f": {error.type}: {error.message}" if error else ""
            self._listener.wrote(self._level, f"{event.node_id} {event.state}{why}")

    def _tell_progress(self) -> None:
        """Tell how many have ended, so seldom that ten thousand nodes do not flood the records."""
        count = len(self.ended)
        step = count * MAX_STEPS // self._total
        if step > self._told or count == self._total:
            self._told = step
            self._listener.progressed(count / self._total, f"{count} of {self._total}")

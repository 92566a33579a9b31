"""A run's facts in, its record so far and its lines to show out."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from dagy_nb.model.event import Event, LogWritten
from dagy_nb.model.record import RunRecord
from dagy_nb.store.fold import RunFold


class RunListener:
    """Hears every fact of one run, from the first on, in whatever thread tells it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fold = RunFold()
        self._lines: queue.SimpleQueue[LogWritten] = queue.SimpleQueue()

    def hear(self, event: Event) -> None:
        """Take a fact."""
        with self._lock:
            self._fold.apply(event)
        if isinstance(event, LogWritten):
            self._lines.put(event)

    def record(self, run_id: str) -> RunRecord:
        """Return what is known of the run up to now."""
        with self._lock:
            return self._fold.record(run_id)

    def take_lines(self) -> Iterator[LogWritten]:
        """Yield the lines that nobody took yet."""
        while not self._lines.empty():
            yield self._lines.get()

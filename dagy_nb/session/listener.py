"""A run's facts in, its record so far and its lines to show out."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterator, Mapping

from dagy_nb.model.event import AttemptFailed, Event, LogWritten
from dagy_nb.model.record import RunRecord
from dagy_nb.store.fold import RunFold

TAIL_LINES = 20
TAIL_LETTERS = 400


class RunListener:
    """Hears every fact of one run, from the first on, in whatever thread tells it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fold = RunFold()
        self._tails: dict[str, deque[str]] = {}
        self._retries: dict[str, float] = {}
        self._lines: queue.SimpleQueue[LogWritten] = queue.SimpleQueue()

    def hear(self, event: Event) -> None:
        """Take a fact."""
        with self._lock:
            self._fold.apply(event)
            if isinstance(event, AttemptFailed):
                self._retries[event.node_id] = event.retry_at
            if isinstance(event, LogWritten):
                tail = self._tails.setdefault(event.node_id, deque(maxlen=TAIL_LINES))
                tail.append(event.text[:TAIL_LETTERS])
        if isinstance(event, LogWritten):
            self._lines.put(event)

    def record(self, run_id: str) -> RunRecord:
        """Return what is known of the run up to now."""
        with self._lock:
            return self._fold.record(run_id)

    def read_tails(self) -> Mapping[str, tuple[str, ...]]:
        """Return node id → the last lines it wrote, bounded."""
        with self._lock:
            return {node_id: tuple(tail) for node_id, tail in self._tails.items()}

    def read_retries(self) -> Mapping[str, float]:
        """Return node id → when its next attempt was last said to be due, in seconds since the epoch."""
        with self._lock:
            return dict(self._retries)

    def take_lines(self) -> Iterator[LogWritten]:
        """Yield the lines that nobody took yet."""
        # Several threads may wait for one run: whoever comes first shows the line.
        while True:
            try:
                yield self._lines.get_nowait()
            except queue.Empty:
                return

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
MOST_UNREAD = 20_000
"""How many facts wait until somebody looks at the record; nobody may ever."""


class RunListener:
    """Hears every fact of one run, from the first on, in whatever thread tells it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fold = RunFold()
        self._unread: deque[Event] = deque()  # whoever adds to it or takes of it needs no lock
        self._tails: dict[str, deque[str]] = {}
        self._retries: dict[str, float] = {}
        self._lines: queue.SimpleQueue[LogWritten] = queue.SimpleQueue()

    def hear(self, event: Event) -> None:
        """Take a fact."""
        if isinstance(event, LogWritten):
            self._hear_line(event)
            return
        self._unread.append(event)
        if len(self._unread) >= MOST_UNREAD:
            with self._lock:
                self._read()
        if isinstance(event, AttemptFailed):
            with self._lock:
                self._retries[event.node_id] = event.retry_at

    def record(self, run_id: str) -> RunRecord:
        """Return what is known of the run up to now."""
        with self._lock:
            self._read()
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

    def _hear_line(self, line: LogWritten) -> None:
        with self._lock:
            tail = self._tails.setdefault(line.node_id, deque(maxlen=TAIL_LINES))
            tail.append(line.text[:TAIL_LETTERS])
        self._lines.put(line)

    def _read(self) -> None:
        """Fold what was heard; not before somebody looks, since that costs the run's own thread."""
        while self._unread:
            self._fold.apply(self._unread.popleft())

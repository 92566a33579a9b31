"""What happens in a Dask task in, batches of messages on a topic of the cluster out, in order."""

from __future__ import annotations

import threading
from typing import Any

BATCH_SECONDS = 0.03
"""Seconds in which further messages may join one that is not urgent."""
MOST = 500
"""Messages in one batch."""


class Telling:
    """Tells the notebook what happens in one task, through the scheduler.

    Args:
        worker: The Dask worker.
        topic: Where the notebook listens.
        name: Whose messages these are.
    """

    def __init__(self, worker: Any, topic: str, name: str) -> None:
        self._worker = worker
        self._topic = topic
        self._name = name
        self._lock = threading.Lock()
        self._waiting: list[list[Any]] = []
        self._is_due = False
        self._told = 0

    def tell(self, *message: Any, now: bool = False) -> None:
        """Send a message with the next batch, or now."""
        with self._lock:
            self._waiting.append(list(message))
            self._told += 1
            is_first, self._is_due = not self._is_due, True
            is_full = len(self._waiting) >= MOST
        if now or is_full:
            self._worker.loop.add_callback(self._send)
        elif is_first:
            self._worker.loop.add_callback(self._send_later)

    def close(self) -> int:
        """Send what waits; return how many messages there were in all."""
        self._worker.loop.add_callback(self._send)
        return self._told

    # Only the loop sends, so batches leave in the order of their messages.

    def _send_later(self) -> None:
        self._worker.loop.call_later(BATCH_SECONDS, self._send)

    def _send(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
            self._is_due = False
        if batch:
            self._worker.log_event(self._topic, {"call": self._name, "messages": batch})

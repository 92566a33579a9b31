"""Messages of one piece of work as they come in, the moment when all of them are here out.

An ending travels another way than the messages before it, and may come first.
"""

from __future__ import annotations

import threading

PATIENCE = 30.0
"""Seconds to wait for messages that were sent and have not come."""


class Arrivals:
    """Counts what came; any thread may use it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._is_last = False

    def add(self, count: int) -> None:
        """Note that messages came."""
        with self._changed:
            self._count += count
            self._changed.notify_all()

    def give_up(self) -> None:
        """Note that no more will come: who sent them is gone."""
        with self._changed:
            self._is_last = True
            self._changed.notify_all()

    def wait_for(self, told: int) -> None:
        """Wait until so many messages came, or no more will."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_last or self._count >= told, PATIENCE)

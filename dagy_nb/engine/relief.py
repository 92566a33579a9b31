"""Runs that carry a body on their own thread in, a second thread for those which it holds up out.

A synchronous inline body runs on its run's own thread, since a hand-over to another thread costs more than
most bodies. While it runs, nobody looks at limits and cancels. So one thread looks every `TICK` seconds at
all runs; where a body holds one up, a new thread goes on with the run, the old one is left with the body.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

TICK = 0.02
PATIENCE = 0.03


class Held(Protocol):
    """A driver as the watch sees it."""

    def relieve(self, before: float) -> None:
        """Go on in a new thread if a body has held this one since `before` (monotonic seconds)."""


class ReliefWatch:
    """Looks after the drivers that run bodies themselves; its thread lives only while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._drivers: set[Held] = set()
        self._is_alive = False

    def add(self, driver: Held) -> None:
        """Look after a driver."""
        with self._lock:
            self._drivers.add(driver)
            if not self._is_alive:
                # First: an interrupt in between must not leave runs without their thread.
                threading.Thread(target=self._watch, name="dagy relief", daemon=True).start()
                self._is_alive = True

    def remove(self, driver: Held) -> None:
        """Look after it no more."""
        with self._lock:
            self._drivers.discard(driver)

    def _watch(self) -> None:
        while True:
            time.sleep(TICK)
            with self._lock:
                if not self._drivers:
                    self._is_alive = False
                    return
                drivers = tuple(self._drivers)
            before = time.monotonic() - PATIENCE
            for driver in drivers:
                driver.relieve(before)


WATCH = ReliefWatch()

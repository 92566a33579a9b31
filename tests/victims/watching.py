"""A folder of victims' notes in, which of their processes live out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

GRACE = 0.5
"""Seconds after a limit, a cancel or the kernel's death within which a node's processes are gone."""


def wait_until(holds: Callable[[], bool], seconds: float, *, every: float = 0.01) -> bool:
    """Look until a condition holds, or the time is over; return whether it held."""
    wake, ends = threading.Event(), time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            return False
        wake.wait(every)
    return True


def read_notes(folder: Path, name: str) -> list[psutil.Process]:
    """Return the processes that a victim told of, with all that live below them."""
    noted = [int(pid) for pid in (folder / name).read_text().split()]
    found: dict[int, psutil.Process] = {}
    for pid in noted:
        try:
            each = psutil.Process(pid)
            for one in (each, *each.children(recursive=True)):
                found[one.pid] = one
        except psutil.NoSuchProcess:
            continue
    return list(found.values())


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still runs; one that ended and is only waited for does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def list_marked(token: str, variable: str = "DAGY_VICTIMS") -> list[psutil.Process]:
    """Return the live processes that were started with a token in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(variable) == token and is_alive(process):
                found.append(process)
        except psutil.Error:
            continue
    return found


class Watch:
    """Looks all the time which of some processes live, and when the last of each group went."""

    def __init__(self, groups: dict[str, Iterable[psutil.Process]]) -> None:
        self.gone_at: dict[str, float] = {}
        self._alive = {name: list(group) for name, group in groups.items()}
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def add(self, name: str, group: Iterable[psutil.Process]) -> None:
        """Look at another group too."""
        with self._lock:
            self._alive[name] = list(group)

    def end(self) -> dict[str, list[int]]:
        """Stop looking; return the ids of those that still live."""
        self._is_over.set()
        self._thread.join()
        return {name: [each.pid for each in group] for name, group in self._alive.items()}

    def wait(self, seconds: float) -> bool:
        """Wait until all are gone, or the time is over."""
        return wait_until(lambda: len(self.gone_at) == len(self._alive), seconds)

    def _look(self) -> None:
        while not self._is_over.wait(0.005):
            with self._lock:
                groups = list(self._alive.items())
            for name, group in groups:
                left = [each for each in group if is_alive(each)]
                self._alive[name] = left
                if not left and name not in self.gone_at:
                    self.gone_at[name] = time.time()

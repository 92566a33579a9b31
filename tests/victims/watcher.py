"""Groups of processes on stdin in, the time at which the last of each group was gone on stdout out; all lines of JSON.

A program of its own, so that what freezes the tests' process does not blur what they measure:

    {"watch": NAME, "processes": [[PID, CREATED_AT], …]}   is answered by   {"watched": NAME}
    later, once no process of it lives:                                     {"gone": NAME, "at": SECONDS}
    the end of stdin:                                                       {"left": {NAME: [PID, …], …}}
"""

from __future__ import annotations

import json
import os
import select
import time
from contextlib import suppress

import psutil

TICK = 0.002
"""Seconds between two looks where the system does not tell of a process's end."""


class Process:
    """One that is watched.

    Attributes:
        handle: What can be read from when it has ended; -1 where the system has no such thing.
    """

    def __init__(self, pid: int, created_at: float) -> None:
        self.pid = pid
        self.handle = -1
        with suppress(AttributeError, OSError):
            # Before the look at the process: so both mean the same one.
            self.handle = os.pidfd_open(pid)
        try:
            self._process = psutil.Process(pid)
            is_other = abs(self._process.create_time() - created_at) > 1
        except psutil.NoSuchProcess:
            is_other = True
        self.is_gone = is_other

    def look(self) -> None:
        """Find out whether it has ended; one that is only waited for has."""
        if self.is_gone:
            return
        if self.handle >= 0:
            self.is_gone = bool(select.select([self.handle], [], [], 0)[0])
            return
        try:
            self.is_gone = self._process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            self.is_gone = True


class Watcher:
    """Watches groups until its stdin ends."""

    def __init__(self) -> None:
        self._groups: dict[str, list[Process]] = {}
        self._gone: set[str] = set()
        self._text = b""

    def run(self) -> None:
        """Take orders and tell what happens."""
        while self._take_orders():
            self._look()
        self._look()
        _tell(left={name: _list_left(group) for name, group in self._groups.items()})

    def _take_orders(self) -> bool:
        living = [each for group in self._groups.values() for each in group if not each.is_gone]
        handles = [each.handle for each in living if each.handle >= 0]
        patience = None if len(handles) == len(living) else TICK
        if 0 not in select.select([0, *handles], [], [], patience)[0]:
            return True
        read = os.read(0, 1 << 16)
        *orders, self._text = (self._text + read).split(b"\n")
        for order in map(json.loads, orders):
            self._groups[order["watch"]] = [Process(*each) for each in order["processes"]]
            _tell(watched=order["watch"])
        return bool(read)

    def _look(self) -> None:
        for name, group in self._groups.items():
            for each in group:
                each.look()
            if name not in self._gone and not _list_left(group):
                self._gone.add(name)
                _tell(gone=name, at=time.time())


def _list_left(group: list[Process]) -> list[int]:
    return [each.pid for each in group if not each.is_gone]


def _tell(**news: object) -> None:
    os.write(1, json.dumps(news).encode() + b"\n")


if __name__ == "__main__":
    Watcher().run()

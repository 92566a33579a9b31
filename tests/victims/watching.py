"""A folder of victims' notes in, which of their processes live out."""

from __future__ import annotations

import ctypes
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil

GRACE = 0.5
"""Seconds after a limit, a cancel or the kernel's death within which a node's processes are gone."""
_PATIENCE = 30.0


def wait_until(holds: Callable[[], bool], seconds: float, *, every: float = 0.01) -> bool:
    """Look until a condition holds, or the time is over; return whether it held."""
    wake, ends = threading.Event(), time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            return False
        wake.wait(every)
    return True


def freeze(seconds: float) -> None:
    """Let no thread of this process run Python: a call into C that keeps the GIL."""
    ctypes.PyDLL(None).usleep(int(seconds * 1_000_000))


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
    """Knows when the last process of each group went, as a process of its own saw it (`tests.victims.watcher`).

    It looks from its making, or from `add`, until `end`; both return when the looking has begun.

    Attributes:
        gone_at: Seconds since the epoch by name, as far as they were heard.
    """

    def __init__(self, groups: dict[str, Iterable[psutil.Process]] | None = None) -> None:
        self.gone_at: dict[str, float] = {}
        self._watched: set[str] = set()
        self._left: dict[str, list[int]] | None = None
        self._watcher = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("watcher.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._text = b""
        for name, group in (groups or {}).items():
            self.add(name, group)

    def add(self, name: str, group: Iterable[psutil.Process]) -> None:
        """Look at another group too."""
        order = {"watch": name, "processes": [_identify(each) for each in group]}
        assert self._watcher.stdin is not None
        self._watcher.stdin.write(json.dumps(order).encode() + b"\n")
        self._watcher.stdin.flush()
        assert self._hear_until(lambda: name in self._watched, _PATIENCE), "the watcher is silent"

    def wait(self, seconds: float) -> bool:
        """Wait until all are gone, or the time is over."""
        return self._hear_until(lambda: self.gone_at.keys() == self._watched, seconds)

    def end(self) -> dict[str, list[int]]:
        """Stop looking; return the ids of those that still live."""
        if self._left is None:
            assert self._watcher.stdin is not None
            self._watcher.stdin.close()
            assert self._hear_until(lambda: self._left is not None, _PATIENCE)
            self._watcher.wait(_PATIENCE)
            self._watcher.stdout.close()
        return self._left

    def _hear_until(self, holds: Callable[[], bool], seconds: float) -> bool:
        ends, pipe = time.monotonic() + seconds, self._watcher.stdout.fileno()
        said = select.poll()  # many files may be open here: more than `select` can
        said.register(pipe, select.POLLIN)
        while not holds():
            if not said.poll(max(0.0, ends - time.monotonic()) * 1000):
                return False
            read = os.read(pipe, 1 << 16)
            assert read, "the watcher died"
            *news, self._text = (self._text + read).split(b"\n")
            for each in map(json.loads, news):
                self._hear(each)
        return True

    def _hear(self, news: dict[str, Any]) -> None:
        match news:
            case {"watched": name}:
                self._watched.add(name)
            case {"gone": name, "at": at}:
                self.gone_at[name] = at
            case {"left": left}:
                self._left = left


def _identify(process: psutil.Process) -> tuple[int, float]:
    """Return its id and when it was made; one that is gone was made never."""
    try:
        return process.pid, process.create_time()
    except psutil.NoSuchProcess:
        return process.pid, 0.0

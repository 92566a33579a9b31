"""Runs that go on in, the moment since when nothing that they looked at may be evicted out.

A process with such a run holds the lock of a file of its own, which ends with the process however that ends.
The file's time says when its oldest run began.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from dagy_nb.store.liveness import hold, is_held

if TYPE_CHECKING:
    from pathlib import Path


class Lease:
    """Says to other processes that runs go on here.

    Args:
        folder: Where all processes have their files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._runs = 0
        self._path: Path | None = None
        self._descriptor = -1

    def hold(self) -> None:
        """A run begins."""
        with self._lock:
            self._runs += 1
            if self._runs == 1:
                with suppress(OSError):  # without it, an eviction may cost a run a value
                    self._open()

    def release(self) -> None:
        """A run is over."""
        with self._lock:
            self._runs -= 1
            if self._runs == 0:
                self._let_go()

    def oldest(self) -> float | None:
        """Return when the oldest run that goes on anywhere began, in seconds since the epoch, or None."""
        moments = []
        for each in self._list():
            with suppress(OSError):
                began = each.stat().st_mtime
                if each == self._path or is_held(each):
                    moments.append(began)
                else:
                    each.unlink()
        return min(moments, default=None)

    def _list(self) -> list[Path]:
        try:
            return [each for each in self._folder.iterdir() if not each.name.startswith(".")]
        except OSError:
            return []

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{os.getpid()}-{os.urandom(4).hex()}"
        fresh = path.with_name(f".{path.name}")
        self._descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC)
        self._path = fresh
        hold(self._descriptor)  # before it can be seen, so that nobody takes it for a dead one
        self._path = fresh.rename(path)

    def _let_go(self) -> None:
        path, descriptor = self._path, self._descriptor
        self._path, self._descriptor = None, -1
        if descriptor >= 0:
            os.close(descriptor)
        if path is not None:
            with suppress(OSError):  # who evicts removes what nobody holds
                path.unlink()

"""What is to be done with a SQLite file in, the same done out; a file that SQLite cannot read is put aside.

The file is open for as long as its owner lives, and closed at the latest when Python ends: since 3.13 Python
complains of files that are not. In a fork it stays the parent's.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
import threading
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from dagy_nb.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_T = TypeVar("_T")
PATIENCE = 10.0


class OutputDatabase:
    """A SQLite file whose content can be made again, for any thread; opened whenever it is not.

    Args:
        path: The file.
        schema: What makes its tables where there are none.
    """

    _connection: sqlite3.Connection | None

    def __init__(self, path: Path, schema: str) -> None:
        self._path = path
        self._schema = schema
        self._opened = 0
        self._file = 0
        self._begin()

    def close_with(self, owner: object) -> None:
        """Let go of the file when `owner` is garbage, or Python ends."""
        weakref.finalize(owner, self.close)

    @property
    def is_there(self) -> bool:
        """Whether there is a file to read from."""
        return self._connection is not None or self._path.exists()

    def version(self) -> object:
        """Return what differs from its earlier values once anybody, here or elsewhere, wrote something."""
        ask = "PRAGMA data_version"
        return self.do(lambda db: (self._opened, *db.execute(ask).fetchone(), db.total_changes))

    def do(self, act: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do something with the file; where it turns out to be damaged, once more with a new one.

        Raises:
            StoreError: `outputs.unwritable`.
        """
        with self._lock:
            try:
                return self._try(act)
            except sqlite3.Error as error:
                if type(error) is not sqlite3.DatabaseError:  # all others have a class of their own
                    raise self._tell(error) from error
                self._put_aside()
            try:
                return self._try(act)
            except sqlite3.Error as error:
                raise self._tell(error) from error

    def refresh(self) -> bool:
        """Let go of the file where somebody has removed it or put another in its place; return whether so."""
        with self._lock:
            is_lost = self._connection is not None and _identify(self._path) != self._file
            if is_lost:
                self.close()
            return is_lost

    def close(self) -> None:
        """Let go of the file."""
        self.begin_anew_in_fork()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def begin_anew_in_fork(self) -> None:
        """In a fork, leave alone what is open: not even closed may it be, for it is the parent's."""
        if self._process == os.getpid():
            return
        if self._connection is not None:  # it must not be closed as garbage either
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._connection))
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._connection = None

    def _try(self, act: Callable[[sqlite3.Connection], _T]) -> _T:
        db = self._connection or self._open()
        try:
            return act(db)
        except BaseException:
            with suppress(sqlite3.Error):
                db.rollback()
            raise

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._tell(error) from error
        db = sqlite3.connect(
            self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        self._connection = db
        self._opened += 1
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(self._schema)
        self._file = _identify(self._path)
        return db

    def _put_aside(self) -> None:
        self.close()
        stamp = time.time_ns()
        for suffix in ("", "-wal", "-shm"):
            path = self._path.with_name(self._path.name + suffix)
            with suppress(OSError):
                path.replace(path.with_name(f"quarantine-{stamp}-{path.name}"))

    def _tell(self, error: Exception) -> StoreError:
        return StoreError(
            f"The index of the kept outputs cannot be used: {error}.",
            code="outputs.unwritable",
            suggestion=f"Look at the rights and the free space of {self._path.parent}.",
        )


def _identify(path: Path) -> int:
    """Return which file is at a path; 0 where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0

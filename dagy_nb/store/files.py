"""Closed database files in, copied, put in each other's place and removed out; knows no DuckDB."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagy_nb.store.place import wal_of
from dagy_nb.store.segment import sync_folder

if TYPE_CHECKING:
    from pathlib import Path


def copy_file(source: Path, target: Path) -> None:
    """Copy a closed database and wait until the copy survives a loss of power."""
    with source.open("rb") as reading, target.open("wb") as writing:
        while chunk := reading.read(1 << 20):
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())


def replace_file(fresh: Path, path: Path) -> None:
    """Put a closed database in the place of another, which whoever has it open keeps."""
    remove_file(wal_of(path))  # a log of the old file would make the new one unreadable
    fresh.replace(path)
    sync_folder(path.parent)


def remove_file(path: Path) -> None:
    """Remove a file if it is there, and its write-ahead log."""
    path.unlink(missing_ok=True)
    if path.suffix == ".duckdb":
        wal_of(path).unlink(missing_ok=True)

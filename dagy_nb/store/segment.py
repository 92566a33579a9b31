"""A folder and a process in, one segment of the journal out: created, appended, let go.

A segment becomes visible under its name only when its first line is written and its lock is held, so
whoever sees it can tell whose it is and whether that process lives.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagy_nb.model.event import JOURNAL_VERSION
from dagy_nb.store.line import write_line
from dagy_nb.store.liveness import Origin, hold

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

_NAME = re.compile(r"(?P<time>\d{20})-(?P<writer>\d+-[0-9a-f]{8})\.jsonl")

HEADER_KIND = "segment_opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line of a segment.

    Attributes:
        version: Of the journal's format; a reader leaves newer ones alone.
        origin: Which process writes it.
        at: When it was opened, seconds since the epoch, UTC.
    """

    version: int
    origin: Origin
    at: float

    def to_plain(self) -> dict[str, Any]:
        """Return it as the values of a line."""
        return {
            "kind": HEADER_KIND,
            "version": self.version,
            "at": self.at,
            "pid": self.origin.pid,
            "started": self.origin.started,
            "host": self.origin.host,
            "boot": self.origin.boot,
        }


def read_header(data: Mapping[str, Any]) -> Header:
    """Return the header that a first line holds.

    Raises:
        KeyError: Something is missing.
        ValueError: The line is no header.
    """
    if data.get("kind") != HEADER_KIND:
        raise ValueError("the first line of a segment is its header")
    origin = Origin(
        pid=int(data["pid"]),
        started=str(data.get("started", "")),
        host=str(data.get("host", "")),
        boot=str(data.get("boot", "")),
    )
    return Header(version=int(data["version"]), origin=origin, at=float(data["at"]))


def name_segment(time_ns: int, writer: str) -> str:
    """Return the name of a segment; names of one writer sort in the order of their making."""
    return f"{time_ns:020d}-{writer}.jsonl"


def writer_of(name: str) -> str | None:
    """Return which writer a segment belongs to, or None where the name is no segment's."""
    match = _NAME.fullmatch(name)
    return match["writer"] if match else None


class Segment:
    """One open segment of this process.

    Attributes:
        path: Where it is.
        size: How many bytes were written to it.
    """

    def __init__(self, path: Path, descriptor: int, size: int) -> None:
        self.path = path
        self.size = size
        self._descriptor = descriptor

    @classmethod
    def create(cls, folder: Path, name: str, *, origin: Origin, at: float) -> Segment:
        """Make a segment, hold its lock and write its header; raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        hidden = folder / f".{name}"
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(hidden, flags, 0o644)
        made = cls(folder / name, descriptor, 0)
        try:
            hold(descriptor)
            header = Header(version=JOURNAL_VERSION, origin=origin, at=at)
            made.write(write_line(header.to_plain()))
            hidden.rename(made.path)
        except BaseException:
            made.close()
            with suppress(OSError):
                hidden.unlink()
            raise
        return made

    def write(self, lines: bytes) -> None:
        """Append whole lines; raises OSError, after which the segment must not be used again."""
        written = os.write(self._descriptor, lines)
        self.size += written
        while written < len(lines):
            lines = lines[written:]
            written = os.write(self._descriptor, lines)
            self.size += written

    def sync(self) -> None:
        """Wait until what was written survives a loss of power; raises OSError."""
        if sys.platform == "darwin":
            import fcntl

            fcntl.fcntl(self._descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fdatasync(self._descriptor)

    def is_removed(self) -> bool:
        """Whether somebody deleted the file, so that what is appended would be lost."""
        return os.fstat(self._descriptor).st_nlink == 0

    def close(self) -> None:
        """Let go of the file and of its lock.

        The lock is not given up in so many words: in a forked child that would free the parent's.
        """
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):
                os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

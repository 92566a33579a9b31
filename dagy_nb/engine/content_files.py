"""A path in, what its file or folder holds into a digest out; a file that did not change is read once."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from pathlib import Path
from typing import Any

from dagy_nb.engine.sink import DIGITS, NoDigest, Sink

MAX_FILES = 10_000
MAX_KNOWN = 50_000
FRESH_NS = 100_000_000
MISSING = "missing"

_Stamp = tuple[int, int, int, int, int]


class FileDigests:
    """Remembers the digests of files by size, times of change and inode; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[_Stamp, str]] = {}

    def read(self, path: str) -> str:
        """Return the digest of what a file holds.

        Raises:
            OSError: It cannot be read.
        """
        stamp = _stamp(Path(path).stat())
        with self._lock:
            known = self._known.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        digest = _read_file(path)
        # A file written a moment ago may be written again within one tick of the disk's clock.
        if stamp == _stamp(Path(path).stat()) and time.time_ns() - max(stamp[:2]) > FRESH_NS:
            with self._lock:
                if len(self._known) >= MAX_KNOWN:
                    self._known.clear()
                self._known[path] = (stamp, digest)
        return digest


FILES = FileDigests()


def digest_path(path: str) -> str:
    """Return the digest of what a file or a folder holds, or `missing`.

    Raises:
        NoDigest: It cannot be read, is no plain file, or holds too many files.
    """
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISREG(mode):
            return FILES.read(path)
        if stat.S_ISDIR(mode):
            return _digest_folder(path)
    except FileNotFoundError:
        return MISSING
    except OSError as error:
        raise NoDigest(f"names {path}, which cannot be read: {error.strerror}") from None
    raise NoDigest(f"names {path}, which is no plain file")


def put_path(sink: Sink, value: os.PathLike[Any]) -> None:
    """Put a path with what lies there into the sink."""
    path = os.fsdecode(os.fspath(value))
    kind = type(value)
    digest = digest_path(path)
    sink.files[str(Path(path).absolute())] = digest
    sink.tag("path", kind.__module__, kind.__qualname__, _shorten(path, sink.folder), digest)


def was_there(path: str, moment: float) -> bool:
    """Say whether a file or folder surely held what it holds now at a moment, in seconds since the epoch."""
    try:
        places = [path, *(_list_folder(path) if Path(path).is_dir() else ())]
        changed = max(max(_stamp(Path(each).stat())[:2]) for each in places)
    except (OSError, NoDigest):
        return False
    return changed < moment * 1e9 - FRESH_NS


def _shorten(path: str, folder: Path | None) -> str:
    """Return a path without the artifact folder, which is another in each run."""
    whole = Path(path)
    if folder is not None and whole.is_relative_to(folder):
        return f"<artifacts>/{whole.relative_to(folder)}"
    return path


def _digest_folder(path: str) -> str:
    sink = Sink()
    for each in sorted(_list_folder(path)):
        sink.tag(os.path.relpath(each, path), "" if each.endswith(os.sep) else digest_path(each))
    return sink.read()


def _list_folder(path: str) -> list[str]:
    """Return the files and folders in a folder, however deep; the names of folders end with a separator."""
    found: list[str] = []
    # Links to folders are followed, since a node would follow them; a circle of them cannot be read.
    for place, folders, files in os.walk(path, onerror=_refuse, followlinks=True):
        found += [str(Path(place) / name) for name in files]
        found += [str(Path(place) / name) + os.sep for name in folders]
        if len(found) > MAX_FILES:
            raise NoDigest(f"names the folder {path}, which holds more than {MAX_FILES:,} files")
    return found


def _refuse(error: OSError) -> None:
    raise error


def _read_file(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]


def _stamp(found: os.stat_result) -> _Stamp:
    # A copy may set the time of writing back; nobody sets the time of the change itself.
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev

"""Segments that are long over in, packs of them out; and a segment out of its pack.

Every process leaves a segment of its own, so a journal would grow by as many files for ever. Segments that
were folded and published and have rested for an hour are packed together, some hundreds into one zip file,
with their names and every byte of them: folding everything anew gives the same tables. A pack appears whole
before the first of its segments goes; the state of a segment (`SegmentState.pack`) says where it is.

Nothing is removed unless it is asked for: a pack that is then older than so many days goes, and what it holds
stays in the database files only.
"""

from __future__ import annotations

import logging
import os
import time
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from dagy_nb.store.segment import sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from zipfile import ZipFile

    from dagy_nb.store.place import Place

_log = logging.getLogger(__name__)

SUFFIX = ".zip"
MANY_SEGMENTS = 200
MANY_BYTES = 16_000_000
MOST_BYTES = 32_000_000
REST = 3600.0
"""Seconds since the last line of a segment: who watches for requests to cancel has read it by then."""
_DAY = 86_400.0


def pack_segments(
    place: Place, finished: Iterable[str], on_step: Callable[[str], None] = lambda _: None
) -> str | None:
    """Pack the oldest of the segments, where there are many; only under the fold lock.

    Args:
        place: The store's folder.
        finished: Segments that are over, and are folded and published whole.
        on_step: Called with the name of each step that a crash may interrupt.

    Returns:
        The name of the pack, or None where none was made.
    """
    resting = _list_resting(place, finished)
    if len(resting) < MANY_SEGMENTS and sum(resting.values()) < MANY_BYTES:
        return None
    chosen = _choose(resting)
    pack = f"{chosen[0].removesuffix('.jsonl')}{SUFFIX}"
    try:
        _write_pack(place, pack, chosen)
        on_step("packed")
        for name in chosen:
            (place.journal / name).unlink(missing_ok=True)
            on_step("unpacked one")
    except OSError as error:
        _log.warning("Old segments of %s cannot be packed: %s", place.journal, error)
        return None
    return pack


def remove_packed(place: Place, names: Iterable[str]) -> None:
    """Remove the files of segments that are in packs: what a crash left there."""
    for name in names:
        if name.endswith(SUFFIX):  # a pack's own state
            continue
        with suppress(OSError):
            (place.journal / name).unlink(missing_ok=True)


def remove_old_packs(place: Place, *, days: float) -> list[str]:
    """Remove packs that were made more than so many days ago; only where all is published."""
    removed = []
    for path in place.journal.glob(f"*{SUFFIX}"):
        if time.time() - path.stat().st_mtime > days * _DAY:
            path.unlink(missing_ok=True)
            removed.append(path.name)
    return removed


class BrokenPack(Exception):
    """A pack, or a segment in it, is not as it was made."""


def list_packed(path: Path) -> list[str]:
    """Return the segments in a pack.

    Raises:
        BrokenPack: It is none any more.
        OSError: It cannot be read.
    """
    with _open(path) as pack:
        return pack.namelist()


@contextmanager
def open_packed(path: Path, name: str) -> Iterator[IO[bytes]]:
    """Open a segment in a pack for reading.

    Raises:
        BrokenPack: On the way, too.
        OSError: It cannot be read.
    """
    import zlib
    from zipfile import BadZipFile

    with _open(path) as pack:
        try:
            with pack.open(name) as file:
                yield file
        except (BadZipFile, zlib.error, EOFError) as error:
            raise BrokenPack(f"{name} in {path.name}: {error}") from error


def save_packed(path: Path, name: str) -> tuple[bytes, int]:
    """Return what can still be read of a broken segment in a pack, and how many bytes are lost."""
    parts: list[bytes] = []
    with _open(path) as pack:
        size = pack.getinfo(name).file_size
    with suppress(BrokenPack), open_packed(path, name) as file:
        while part := file.read(4096):
            parts.append(part)
    data = b"".join(parts)
    return data, size - len(data)


def _list_resting(place: Place, finished: Iterable[str]) -> dict[str, int]:
    """Return the segments to which nothing was written for a while, the oldest first, with sizes."""
    latest = time.time() - REST
    found = {}
    for name in sorted(finished):
        try:
            state = (place.journal / name).stat()
        except OSError:
            continue
        if state.st_mtime < latest:
            found[name] = state.st_size
    return found


def _choose(resting: dict[str, int]) -> list[str]:
    chosen: list[str] = []
    room = MOST_BYTES
    for name, size in resting.items():
        if chosen and size > room:
            break
        chosen.append(name)
        room -= size
    return chosen


def _write_pack(place: Place, pack: str, names: Iterable[str]) -> None:
    from zipfile import ZIP_DEFLATED, ZipFile

    fresh = place.journal / f".{pack}"
    with fresh.open("wb") as file:
        with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=6, strict_timestamps=False) as made:
            for name in names:
                made.write(place.journal / name, name)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(place.journal / pack)
    sync_folder(place.journal)


def _open(path: Path) -> ZipFile:
    from zipfile import BadZipFile, ZipFile

    try:
        return ZipFile(path)
    except BadZipFile as error:
        raise BrokenPack(f"{path.name}: {error}") from error

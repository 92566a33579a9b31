"""The closed base in, two copies of it out: `snap.duckdb` for our views, `runs.duckdb` for the user.

A copy takes its name in one step, so a reader has the old one or the new one. Each bears the base's time of
change, which tells whether it is still the same. Copying is throttled by the size of the base, so that a
big history does not spend its time being copied.
"""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

from dagy_nb.store.files import copy_file, remove_file, replace_file
from dagy_nb.store.place import wal_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dagy_nb.store.place import Place

_log = logging.getLogger(__name__)

SHORTEST_PAUSE = 2.0
_SHARE = 0.05
_BYTES_PER_SECOND = 300e6
_MAGIC = (8, b"DUCK")


def publish(place: Place, on_step: Callable[[str], None]) -> bool:
    """Bring both copies to the state of the base; only under the fold lock, with the base closed.

    Returns:
        Whether that was possible; where it is not, the old copies stay.
    """
    try:
        for path in (place.snap, place.user_copy):
            if not is_published(place.base, path):
                _replace_copy(place.base, path, on_step)
    except OSError as error:
        _log.warning("The records in %s cannot be published: %s", place.folder, error)
        return False
    return True


def is_due(place: Place, now: float) -> bool:
    """Whether something is to be published, and the last time is long enough ago."""
    if is_up_to_date(place):
        return False
    try:
        last = place.snap.stat()
    except FileNotFoundError:
        return True
    if not _is_whole(place.user_copy, last) or now < last.st_ctime:
        return True
    return now - last.st_ctime >= pause_of(last.st_size)


def is_up_to_date(place: Place) -> bool:
    """Whether both copies are made from the base as it is."""
    return all(is_published(place.base, path) for path in (place.snap, place.user_copy))


def pause_of(size: int) -> float:
    """Return how many seconds lie between two publications of so many bytes."""
    return max(SHORTEST_PAUSE, 2 * size / _BYTES_PER_SECOND / _SHARE)


def is_published(base: Path, path: Path) -> bool:
    """Whether a copy is there, whole, and made from the base as it is."""
    try:
        made_from = base.stat()
        made = path.stat()
    except FileNotFoundError:
        return False
    if made.st_mtime_ns != made_from.st_mtime_ns:
        return False
    return made.st_size == made_from.st_size


def sweep_log(place: Place) -> None:
    """Remove a write-ahead log beside the user's copy.

    A program that had the copy open for writing while it was replaced leaves a log that does not belong
    to the new file, and DuckDB would refuse to open it. What a user writes into the copy is lost with
    the next one in any case.
    """
    wal_of(place.user_copy).unlink(missing_ok=True)


def _replace_copy(base: Path, path: Path, on_step: Callable[[str], None]) -> None:
    fresh = path.with_name(f".new-{path.name}")
    remove_file(fresh)
    made_from = base.stat()
    copy_file(base, fresh)
    on_step(f"copied {path.name}")
    os.utime(fresh, ns=(time.time_ns(), made_from.st_mtime_ns))
    replace_file(fresh, path)
    on_step(f"published {path.name}")


def _is_whole(path: Path, like: os.stat_result) -> bool:
    """Whether the user's copy can still be opened: it was not removed, cut short or overwritten."""
    try:
        found = path.stat()
        if found.st_mtime_ns == like.st_mtime_ns:
            return found.st_size == like.st_size
        # changed since: perhaps by a user's own tables, which is no damage
        with path.open("rb") as file:
            start, magic = _MAGIC
            return found.st_size >= like.st_size and file.read(start + 4)[start:] == magic
    except OSError:
        return False

"""The closed base in, two copies of it out: `snap.duckdb` for our views, `runs.duckdb` for the user.

A copy takes its name in one step, so a reader has the old one or the new one. Each bears the base's time of
change, which tells whether it is still the same. Copying is throttled by the size of the base, so that a
big history does not spend its time being copied.

`runs.duckdb` is a link to a file of its own for each copy. A user who has an old copy open for writing
then also keeps its write-ahead log apart: beside the new file, DuckDB would refuse to open that file.
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
_GRACE = 10.0


def publish(place: Place, on_step: Callable[[str], None]) -> bool:
    """Bring both copies to the state of the base; only under the fold lock, with the base closed.

    Returns:
        Whether that was possible; where it is not, the old copies stay.
    """
    try:
        if not is_published(place.base, place.snap):
            fresh = place.snap.with_name(f".new-{place.snap.name}")
            _copy_base(place.base, fresh, place.snap.name, on_step)
            replace_file(fresh, place.snap)
            on_step(f"published {place.snap.name}")
        if not is_published(place.base, place.user_copy):
            fresh = place.folder / f".runs-{time.time_ns()}.duckdb"
            _copy_base(place.base, fresh, place.user_copy.name, on_step)
            _point_at_copy(fresh, place.user_copy)
            on_step(f"published {place.user_copy.name}")
            _remove_old_copies(place)
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


def sweep_logs(place: Place) -> None:
    """Remove what programs left beside the user's copy: a log that is damaged or not its own.

    What a user writes into the copy is lost with the next one in any case.
    """
    wal_of(place.user_copy).unlink(missing_ok=True)
    wal_of(place.user_copy.resolve()).unlink(missing_ok=True)


def _copy_base(base: Path, fresh: Path, name: str, on_step: Callable[[str], None]) -> None:
    remove_file(fresh)
    made_from = base.stat()
    copy_file(base, fresh)
    on_step(f"copied {name}")
    os.utime(fresh, ns=(time.time_ns(), made_from.st_mtime_ns))


def _point_at_copy(fresh: Path, path: Path) -> None:
    """Make `path` lead to a new copy; where there are no links, the copy itself takes the name."""
    before = path.resolve() if path.is_symlink() else None
    link = path.with_name(f".new-{path.name}")
    remove_file(link)
    try:
        link.symlink_to(fresh.name)
    except (OSError, NotImplementedError):
        link = fresh
    replace_file(link, path)
    if before is not None and before.exists():
        os.utime(before)  # it is old from now on


def _remove_old_copies(place: Place) -> None:
    """Remove what `runs.duckdb` led to before, when whoever was just opening it has done so."""
    current = place.user_copy.resolve()
    for path in place.folder.glob(".runs-*.duckdb"):
        if path != current and time.time() - path.stat().st_ctime > _GRACE:
            remove_file(path)


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

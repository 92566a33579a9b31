"""Kept values in, fewer of them out: what was not looked at for the longest time goes first."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagy_nb.store.output_blobs import Blobs, touched_at

if TYPE_CHECKING:
    from pathlib import Path

    from dagy_nb.store.output_index import OutputIndex
    from dagy_nb.store.output_lease import Lease

MAX_ENTRIES = 200_000
LITTER_SECONDS = 3_600.0
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept.

    Attributes:
        megabytes: Of all values together.
        days: After which what nobody looked at goes.
    """

    megabytes: float = 2048.0
    days: float = 30.0


def evict(
    blobs: Blobs,
    index: OutputIndex,
    lease: Lease,
    limits: Limits,
    *,
    now: Callable[[], float] = time.time,
) -> list[str]:
    """Remove what is too much or too old, never what a run that goes on has looked at.

    Returns:
        The names of the values that were removed.

    Raises:
        StoreError: The index cannot be written.
    """
    files = _measure(blobs)
    total = sum(size for _, size, _ in files)
    since = lease.oldest()
    too_old = now() - limits.days * DAY
    removed = []
    for at, size, path in sorted(files):
        is_too_much = total > limits.megabytes * 1e6
        if not is_too_much and at >= too_old:
            break
        if path.name.startswith("."):
            _remove_litter(path, now() - LITTER_SECONDS)
        elif _remove(path, since):
            index.forget_blob(path.name)
            removed.append(path.name)
            total -= size
    index.forget_old(too_old, most=MAX_ENTRIES)
    return removed


def _measure(blobs: Blobs) -> list[tuple[float, int, Path]]:
    found = []
    for path in blobs.walk():
        with suppress(OSError):
            found.append((touched_at(path), path.stat().st_size, path))
    return found


def _remove(path: Path, since: float | None) -> bool:
    """Remove a file unless a run looked at it, even one that looks while it is being removed."""
    aside = path.with_name(f".{path.name}-evicted")
    try:
        if since is not None and touched_at(path) >= since:
            return False
        path.rename(aside)
        if since is not None and touched_at(aside) >= since:
            aside.rename(path)
            return False
        aside.unlink()
    except OSError:
        return False
    return True


def _remove_litter(path: Path, before: float) -> None:
    """Remove what a process left behind that died while it wrote."""
    with suppress(OSError):
        if path.stat().st_mtime < before:
            path.unlink()

"""Errors of the operating system in, errors that say what to do out."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from dagy_nb.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def is_full(error: OSError) -> bool:
    """Whether there is no room left: the disk, the quota or the size of a file."""
    return error.errno in _FULL


def explain(error: OSError, folder: Path) -> StoreError:
    """Return the error to raise from `error`: `store.full` or `store.unwritable`."""
    told = error.strerror or str(error)
    if is_full(error):
        return StoreError(
            f"There is no room left for records in {folder} ({told}).",
            code="store.full",
            suggestion="Free some space; recording goes on by itself. What was recorded is safe.",
        )
    return StoreError(
        f"Records cannot be written to {folder} ({told}).",
        code="store.unwritable",
        suggestion="Set DAGY_HOME to a folder you may write to. What is there can still be read.",
    )


def explain_reading(error: OSError, path: Path) -> StoreError:
    """Return the error to raise from `error` where records cannot be read."""
    return StoreError(
        f"{path} cannot be read ({error.strerror or error}).",
        code="store.unreadable",
        suggestion="Ask its owner for the right to read it, or set DAGY_HOME to a folder of yours.",
    )

"""Facts in, records out: the journal of facts and the DuckDB tables made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dagy_nb.abc import Clock
    from dagy_nb.store.journal_store import JournalStore


def open_store(folder: Path, clock: Clock, *, keep_days: float | None = None) -> JournalStore:
    """Return the store of a folder; nothing is made there before the first fact.

    Args:
        folder: Usually the nearest `.dagy`.
        clock: Where times come from.
        keep_days: How many days the packed parts of the journal are kept; None for ever.
    """
    from dagy_nb.store.journal_store import JournalStore

    return JournalStore(folder, clock, keep_days=keep_days)

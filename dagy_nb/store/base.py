"""The base database: opened under the fold lock whatever became of it, written in one transaction each.

The journal is the truth, so a base that cannot be read is put aside and made anew: from the last snapshot,
which knows how far it was folded, else from the first line of the journal.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import duckdb

from dagy_nb.store import queries
from dagy_nb.store.archive import Archive
from dagy_nb.store.database import (
    Damaged,
    Held,
    check_content,
    connect_file,
    make_file,
    migrate_file,
)
from dagy_nb.store.files import copy_file, remove_file, replace_file
from dagy_nb.store.merge import write_rows
from dagy_nb.store.migrations import MIGRATIONS, list_missing, read_version
from dagy_nb.store.place import wal_of
from dagy_nb.store.projection import Projection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dagy_nb.store.migrations import Migration
    from dagy_nb.store.place import Place
    from dagy_nb.store.tail import Batch

_log = logging.getLogger(__name__)

KEPT_IN_QUARANTINE = 3


def ignore_step(step: str) -> None:
    """Do nothing at a step: only tests stop there."""


class Base:
    """The base, open; only for whoever holds the fold lock.

    Args:
        place: The store's folder.
        migrations: What brings it to the newest version.
        on_step: Called with the name of each step that a crash may interrupt.
    """

    def __init__(
        self,
        place: Place,
        *,
        migrations: Sequence[Migration] = MIGRATIONS,
        on_step: Callable[[str], None] | None = None,
    ) -> None:
        self._place = place
        self._migrations = migrations
        self._on_step = on_step or ignore_step
        self._path = place.base
        self.connection = self._open()
        self.archive = Archive(self.connection)

    def fold(self, batch: Batch) -> Projection:
        """Fold a batch and how far it reaches in one transaction.

        Raises:
            duckdb.Error: The base is damaged, or there is no room.
        """
        projection = Projection()
        self.archive.seed(projection, projection.list_unknown_runs(batch))
        projection.apply(batch)
        rows = projection.rows()
        self._on_step("staged")
        self.connection.execute("BEGIN")
        try:
            write_rows(self.connection, rows)
            self.connection.execute(queries.NUMBER_RUNS)
            self._on_step("merged")
            self.connection.execute("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):
                self.connection.execute("ROLLBACK")
            raise
        self._on_step("committed")
        return projection

    def is_whole(self) -> bool:
        """Whether every block can be read; reads them all."""
        return check_content(self.connection)

    def close(self) -> None:
        """Write everything into the one file and close it."""
        with suppress(duckdb.Error):  # what is left in the log is folded again
            self.connection.execute("CHECKPOINT")
        self.connection.close()
        self._on_step("closed")
        if self._path != self._place.base:
            replace_file(self._path, self._place.base)

    def abandon(self) -> None:
        """Close it after an error."""
        with suppress(duckdb.Error):
            self.connection.close()
        if self._path != self._place.base:
            remove_file(self._path)

    def _open(self) -> duckdb.DuckDBPyConnection:
        if not self._place.base.exists():
            self._make_anew()
        try:
            return self._open_newest(self._place.base)
        except Held:
            return self._open_copy()
        except Damaged as damage:
            _log.warning("%s cannot be read (%s): it is made anew.", self._place.base, damage)
            set_aside(self._place, self._place.base)
            self._make_anew()
            return self._open_newest(self._place.base)

    def _open_newest(self, path: Path) -> duckdb.DuckDBPyConnection:
        connection = connect_file(path)
        try:
            missing = list_missing(read_version(connection), self._migrations)
        except BaseException:
            connection.close()
            raise
        if not missing:
            return connection
        connection.close()
        migrate_file(path, self._migrations)
        return connect_file(path)

    def _open_copy(self) -> duckdb.DuckDBPyConnection:
        """Go on with a copy that takes the base's place: nobody can stop recording by looking."""
        self._path = self._place.base.with_name(f".held-{self._place.base.name}")
        remove_file(self._path)
        copy_file(self._place.base, self._path)
        return self._open_newest(self._path)

    def _make_anew(self) -> None:
        base = self._place.base
        remove_file(wal_of(base))
        if self._place.snap.exists():
            fresh = base.with_name(f".restored-{base.name}")
            remove_file(fresh)
            copy_file(self._place.snap, fresh)
            try:
                connection = connect_file(fresh)
                whole = check_content(connection)
                connection.close()
            except (Damaged, Held):
                whole = False
            if whole:
                replace_file(fresh, base)
                return
            remove_file(fresh)
            set_aside(self._place, self._place.snap)
        make_file(base, self._migrations)


def set_aside(place: Place, path: Path) -> None:
    """Put a file that cannot be read into quarantine; only the newest few are kept."""
    with suppress(FileNotFoundError):
        path.rename(place.quarantine(path.name, time.time_ns()))
    wal_of(path).unlink(missing_ok=True)
    kept = sorted(place.folder.glob(f"quarantine-*-{path.name}"))
    for old in kept[:-KEPT_IN_QUARANTINE]:
        old.unlink(missing_ok=True)

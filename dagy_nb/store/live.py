"""Snapshot and journal in, records fresh to the last line out; takes no lock and writes nothing.

What the last snapshot holds is asked of DuckDB; what was appended since is folded in memory over it. Without
a snapshot the whole journal is the tail, and DuckDB is not even imported.
"""

from __future__ import annotations

import atexit
import logging
import sys
import threading
import weakref
from typing import TYPE_CHECKING, NamedTuple

from dagy_nb.store.folding import list_crash_facts
from dagy_nb.store.projection import Projection
from dagy_nb.store.tail import Tail
from dagy_nb.store.versions import number_content

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from dagy_nb.store.archive import Archive
    from dagy_nb.store.place import Place

_log = logging.getLogger(__name__)


class Generation(NamedTuple):
    """Which snapshot it is."""

    inode: int
    changed_ns: int
    size: int


class Live:
    """The records as of now; any thread may use it.

    Args:
        place: The store's folder.

    Attributes:
        lock: Held while something is asked.
        tail: What was appended since the snapshot, folded.
        archive: What the snapshot holds, or None where there is none.
        is_snapshot_damaged: There is one, but it cannot be read.
    """

    def __init__(self, place: Place) -> None:
        self.lock = threading.RLock()
        self.tail = Projection()
        self.archive: Archive | None = None
        self.is_snapshot_damaged = False
        self._place = place
        self._generation: Generation | None = None
        self._reader = Tail(place)
        _open.add(self)

    def refresh(self, *, number: bool = False) -> None:
        """Read what is new.

        Args:
            number: Number versions as the next fold will; only where nothing is read on afterwards.
        """
        with self.lock:
            try:
                self._refresh()
            except duckdb_errors():  # the snapshot is at fault: see `distrust_snapshot`
                raise
            except BaseException:  # an interrupt: what was read may not have been taken in
                self._begin(None)
                raise
            if number:
                for _ in number_content(self.tail.versions):
                    pass

    def backlog(self) -> int:
        """Return how many facts are not in the snapshot yet."""
        with self.lock:
            return len(self.tail)

    def close(self) -> None:
        """Let go of the snapshot; the next question begins anew."""
        with self.lock:
            self._begin(None)

    def distrust_snapshot(self) -> None:
        """Go on without this snapshot: reading it failed."""
        with self.lock:
            generation = self._generation
            self._begin(None)
            self._generation = generation
            self.is_snapshot_damaged = True

    def take_connection(self) -> duckdb.DuckDBPyConnection | None:
        """Hand over the connection to the snapshot; the caller closes it."""
        with self.lock:
            connection = self.archive.connection if self.archive else None
            self.archive = None
            return connection

    def _begin(self, generation: Generation | None) -> None:
        """Begin a new tail over a snapshot."""
        if self.archive is not None:
            self.archive.connection.close()
        self.archive = None
        self._generation = generation
        self.is_snapshot_damaged = False
        self.tail = Projection()
        self._reader = Tail(self._place)
        archive = self._open_snapshot() if generation is not None else None
        if archive is not None:
            self._reader = Tail(self._place, archive.states(), archive.packs())
            archive.seed(self.tail, archive.open_runs())
            self.archive = archive

    def _open_snapshot(self) -> Archive | None:
        from dagy_nb.store.archive import Archive
        from dagy_nb.store.database import Damaged
        from dagy_nb.store.snapshot import open_snapshot

        try:
            return Archive(open_snapshot(self._place.snap))
        except (Damaged, OSError) as error:
            _log.warning("%s cannot be read: %s", self._place.snap, error)
            self.is_snapshot_damaged = True
            return None

    def _refresh(self) -> None:
        generation = read_generation(self._place.snap)
        if generation != self._generation:
            self._begin(generation)
        self._read_on()
        crashed = list_crash_facts(
            self.tail.runs, self._reader.states, self._reader.living_writers()
        )
        for fact in crashed:
            self.tail.runs.apply(fact)

    def _read_on(self) -> None:
        while True:
            batch = self._reader.read()
            unknown = self.tail.list_unknown_runs(batch)
            if self.archive is not None and unknown:
                self.archive.seed_runs(self.tail.runs, unknown)
            self.tail.apply(batch)
            if self._reader.is_caught_up:
                return


def read_generation(path: Path) -> Generation | None:
    """Return which file has this name now."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Generation(found.st_ino, found.st_mtime_ns, found.st_size)


def remove_snapshot(place: Place) -> None:
    """Put a snapshot that cannot be read aside; only under the fold lock."""
    from dagy_nb.store.base import set_aside

    set_aside(place, place.snap)


def duckdb_errors() -> tuple[type[Exception], ...]:
    """Return what DuckDB raises, for an `except`; does not import DuckDB to find out."""
    loaded = sys.modules.get("duckdb")
    return () if loaded is None else (loaded.Error,)


_open: weakref.WeakSet[Live] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Close the snapshots before the interpreter goes away.

    DuckDB complains at length about a connection that is still open then, as it is where the traceback of
    a node that failed holds the store.
    """
    for each in list(_open):
        each.close()

"""What is kept of node runs in, found again by key, by flow and by run out: one SQLite file, shared.

Each row is signed: what another hand wrote is not believed.
"""

from __future__ import annotations

import json
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from dagy_nb.model.kept import KeptInputs, KeptOutputs
from dagy_nb.model.plain import from_plain, to_plain
from dagy_nb.store.output_database import OutputDatabase

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from dagy_nb.store.signing import Signer

_T = TypeVar("_T")
MAX_DECODED = 20_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries(
    key TEXT PRIMARY KEY, recipe TEXT, used_at REAL, gone INTEGER, data TEXT, mac TEXT)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recent(
    flow TEXT, node_id TEXT, key TEXT, PRIMARY KEY(flow, node_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS taps(
    run_id TEXT, node_id TEXT, attempt INTEGER, at REAL, data TEXT, mac TEXT,
    PRIMARY KEY(run_id, node_id, attempt)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refs(
    blob TEXT, owner TEXT, PRIMARY KEY(blob, owner)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entry_recipes ON entries(recipe) WHERE NOT gone;
"""


class OutputIndex:
    """The index of a folder of outputs; any thread may use it, several processes at once.

    Args:
        path: The file; made on first use.
        signer: Who signs its rows.
    """

    def __init__(self, path: Path, signer: Signer) -> None:
        self._database = OutputDatabase(path, _SCHEMA)
        self._database.close_with(self)
        self._signer = signer
        self._lock = threading.Lock()
        self._decoded: dict[str, KeptOutputs] = {}

    def find(self, key: str) -> tuple[KeptOutputs, bool] | None:
        """Return what is kept under a key and whether its values are gone; None where nothing was."""
        rows = self._read("SELECT key, gone, mac, data FROM entries WHERE key = ?", (key,))
        for each, gone, mac, data in rows:
            kept = self._decode(each, mac, partial(str, data))
            return None if kept is None else (kept, bool(gone))
        return None

    def last(self, flow: str) -> Iterator[tuple[str, KeptOutputs, bool, float]]:
        """Yield node id, what was kept last of it, whether its values are gone, and when it was used."""
        rows = self._read(
            "SELECT node_id, key, gone, mac, used_at FROM recent JOIN entries USING (key) "
            "WHERE flow = ?",
            (flow,),
        )
        for node_id, key, gone, mac, used_at in rows:
            kept = self._decode(key, mac, partial(self._fetch, key))
            if kept is not None:
                yield node_id, kept, bool(gone), used_at

    def version(self) -> object:
        """Return what differs from its earlier values once anybody, here or elsewhere, wrote something."""
        return self._database.version() if self._database.is_there else None

    def recipes(self) -> set[str]:
        """Return the recipes of all entries whose values are there."""
        rows = self._read("SELECT DISTINCT recipe FROM entries WHERE NOT gone", ())
        return {recipe for (recipe,) in rows}

    def write(
        self,
        outputs: Iterable[KeptOutputs],
        inputs: Iterable[KeptInputs],
        used: Iterable[tuple[str, str, str]],
    ) -> None:
        """Write all of this in one transaction.

        Args:
            outputs: New entries.
            inputs: New taps.
            used: Flow, node id and key of what was taken again.

        Raises:
            StoreError: `outputs.unwritable`.
        """
        now = time.time()
        entries = [self._encode_outputs(each) for each in outputs]
        taps = [self._encode_inputs(each) for each in inputs]
        used = list(used)

        def write(db: sqlite3.Connection) -> None:
            db.execute("BEGIN IMMEDIATE")
            for kept, data, mac in entries:
                db.execute(
                    "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, 0, ?, ?)",
                    (kept.key, kept.recipe, now, data, mac),
                )
                self._point(db, kept.key, kept.outputs.values())
            for tap, data, mac in taps:
                place = (tap.run_id, tap.node_id, tap.attempt)
                db.execute(
                    "INSERT OR REPLACE INTO taps VALUES (?, ?, ?, ?, ?, ?)",
                    (*place, tap.at, data, mac),
                )
                values = [value for many in tap.inputs.values() for value in many]
                self._point(db, _name_tap(*place), values)
            recent = [(each.flow, each.node_id, each.key) for each, _, _ in entries]
            db.executemany("INSERT OR REPLACE INTO recent VALUES (?, ?, ?)", [*recent, *used])
            db.executemany(
                "UPDATE entries SET used_at = ? WHERE key = ?", [(now, key) for _, _, key in used]
            )
            db.execute("COMMIT")

        self._database.do(write)
        with self._lock:
            self._decoded.update((mac, kept) for kept, _, mac in entries)

    def tapped(self, run_id: str, node_id: str) -> list[KeptInputs]:
        """Return the kept inputs of a node of a run, by attempt."""
        rows = self._read(
            "SELECT attempt, mac, data FROM taps WHERE run_id = ? AND node_id = ? ORDER BY attempt",
            (run_id, node_id),
        )
        found = (
            self._open_row(KeptInputs, _name_tap(run_id, node_id, attempt), mac, data)
            for attempt, mac, data in rows
        )
        return [each for each in found if each is not None]

    def mark_gone(self, key: str) -> None:
        """Note that the values of an entry cannot be read any more."""
        self._database.do(
            lambda db: db.execute("UPDATE entries SET gone = 1 WHERE key = ?", (key,))
        )

    def forget_blob(self, blob: str) -> None:
        """Note that a value was evicted, so that no entry counts on it."""

        def forget(db: sqlite3.Connection) -> None:
            db.execute("BEGIN IMMEDIATE")
            db.execute(
                "UPDATE entries SET gone = 1 WHERE key IN (SELECT owner FROM refs WHERE blob = ?)",
                (blob,),
            )
            db.execute("DELETE FROM refs WHERE blob = ?", (blob,))
            db.execute("COMMIT")

        self._database.do(forget)

    def forget_old(self, before: float, *, most: int) -> None:
        """Drop entries and taps that nobody used since a moment, and the oldest where there are too many."""

        def forget(db: sqlite3.Connection) -> None:
            db.execute("BEGIN IMMEDIATE")
            (count,) = db.execute("SELECT count(*) FROM entries").fetchone()
            oldest = "SELECT key FROM entries ORDER BY used_at LIMIT ?"
            db.execute(
                f"DELETE FROM entries WHERE used_at < ? OR key IN ({oldest})",  # noqa: S608 - our own text
                (before, max(0, count - most)),
            )
            db.execute("DELETE FROM taps WHERE at < ?", (before,))
            db.execute("DELETE FROM recent WHERE key NOT IN (SELECT key FROM entries)")
            db.execute("COMMIT")

        self._database.do(forget)

    def refresh(self) -> None:
        """Let go of the file where somebody has removed it or put another in its place."""
        if self._database.refresh():
            with self._lock:
                self._decoded.clear()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def reset(self) -> None:
        """Begin anew in a forked child, whose parent goes on with what is open."""
        self._lock = threading.Lock()
        self._database.begin_anew_in_fork()

    def _encode_outputs(self, kept: KeptOutputs) -> tuple[KeptOutputs, str, str]:
        data = json.dumps(to_plain(kept), separators=(",", ":"))
        return kept, data, self._signer.sign(kept.key, data)

    def _encode_inputs(self, kept: KeptInputs) -> tuple[KeptInputs, str, str]:
        data = json.dumps(to_plain(kept), separators=(",", ":"), default=repr)
        name = _name_tap(kept.run_id, kept.node_id, kept.attempt)
        return kept, data, self._signer.sign(name, data)

    def _decode(self, key: str, mac: str, fetch: Callable[[], str]) -> KeptOutputs | None:
        kept = self._decoded.get(mac)
        if kept is not None and kept.key == key:  # a signature is good under its own key only
            return kept
        kept = self._open_row(KeptOutputs, key, mac, fetch())
        if kept is None:
            return None
        with self._lock:
            if len(self._decoded) >= MAX_DECODED:
                self._decoded.clear()
            self._decoded[mac] = kept
        return kept

    def _open_row(self, kind: type[_T], name: str, mac: Any, data: Any) -> _T | None:
        """Return what a row holds; None where another hand wrote it, or another version of this package."""
        is_text = isinstance(mac, str) and isinstance(data, str)
        if not is_text or not self._signer.is_own(mac, name, data):
            return None
        try:
            return from_plain(kind, json.loads(data))
        except (TypeError, ValueError, LookupError):
            return None

    def _fetch(self, key: str) -> str:
        rows = self._read("SELECT data FROM entries WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

    @staticmethod
    def _point(db: sqlite3.Connection, owner: str, values: Iterable[Any]) -> None:
        blobs = [(each.blob, owner) for each in values if not each.inline]
        if blobs:
            db.executemany("INSERT OR IGNORE INTO refs VALUES (?, ?)", blobs)

    def _read(self, sql: str, values: Sequence[Any]) -> list[Any]:
        if not self._database.is_there:
            return []
        return self._database.do(lambda db: db.execute(sql, values).fetchall())


def _name_tap(run_id: str, node_id: str, attempt: int) -> str:
    return f"tap {run_id} {node_id} {attempt}"

"""The tables of the record: their columns, in order, and how a value of each gets into DuckDB.

What `dagy_nb.store.migrations` creates and what `dagy_nb.store.rows` fills; a test holds them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """The type of a column, as SQL names it."""

    TEXT = "VARCHAR"
    INTEGER = "BIGINT"
    NUMBER = "DOUBLE"
    BOOLEAN = "BOOLEAN"
    JSON = "JSON"
    TIME = "TIMESTAMP"

    @property
    def staged_as(self) -> str:
        """What a value is on its way into the table.

        Times travel as whole microseconds since the epoch, so that no time zone bends them.
        """
        return "BIGINT" if self is Kind.TIME else str(self.value)


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        name: As in SQL.
        key: The columns that tell its rows apart.
        columns: Name → kind, in order.
        is_log: Rows are only added, never changed.
        keeps: Columns that a new row without a value leaves as they are.
    """

    name: str
    key: tuple[str, ...]
    columns: dict[str, Kind]
    is_log: bool = False
    keeps: tuple[str, ...] = ()


_TEXT, _INTEGER, _NUMBER = Kind.TEXT, Kind.INTEGER, Kind.NUMBER
_BOOLEAN, _JSON, _TIME = Kind.BOOLEAN, Kind.JSON, Kind.TIME

_ERROR = {"error": _TEXT, "error_code": _TEXT, "error_fact": _JSON}
_SOURCE = {"segment": _TEXT, "position": _INTEGER}

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "runs",
            ("run_id",),
            {
                "run_id": _TEXT,
                "kind": _TEXT,
                "flow": _TEXT,
                "flow_version": _INTEGER,
                "flow_hash": _TEXT,
                "state": _TEXT,
                "backend": _TEXT,
                "parent_run_id": _TEXT,
                "notebook": _TEXT,
                "artifacts": _TEXT,
                "parameters": _JSON,
                "queued_at": _TIME,
                "started_at": _TIME,
                "ended_at": _TIME,
                "cancel_requested": _BOOLEAN,
                **_ERROR,
                "writer": _TEXT,
                "backend_reason": _TEXT,
                "parent_node_id": _TEXT,
                "resumed_from": _TEXT,
            },
        ),
        Table(
            "node_runs",
            ("run_id", "node_id"),
            {
                "run_id": _TEXT,
                "node_id": _TEXT,
                "place": _INTEGER,
                "node_type": _TEXT,
                "node_version": _TEXT,
                "state": _TEXT,
                "reason": _TEXT,
                "why": _TEXT,
                "attempts": _INTEGER,
                "runner": _TEXT,
                "timeout": _NUMBER,
                "enforcement": _TEXT,
                "started_at": _TIME,
                "ended_at": _TIME,
                "fraction": _NUMBER,
                "message": _TEXT,
                **_ERROR,
                "previews": _JSON,
                "cause": _JSON,
                "why_detail": _TEXT,
                "reused_from": _TEXT,
                "key": _TEXT,
            },
        ),
        Table(
            "cell_runs",
            ("run_id", "index"),
            {
                "run_id": _TEXT,
                "index": _INTEGER,
                "cell_id": _TEXT,
                "state": _TEXT,
                "started_at": _TIME,
                "ended_at": _TIME,
                **_ERROR,
            },
        ),
        Table(
            "flow_versions",
            ("flow", "content_hash"),
            {
                "flow": _TEXT,
                "version": _INTEGER,
                "content_hash": _TEXT,
                "spec": _JSON,
                "node_versions": _JSON,
                "author": _TEXT,
                "reason": _TEXT,
                "created_at": _TIME,
                "published_at": _TIME,
            },
            keeps=("spec",),
        ),
        Table(
            "node_versions",
            ("node_type", "version"),
            {
                "node_type": _TEXT,
                "version": _TEXT,
                "schema_version": _TEXT,
                "origin": _TEXT,
                "spec": _JSON,
                "seen_at": _TIME,
            },
            keeps=("spec",),
        ),
        Table(
            "events",
            ("segment", "position"),
            {
                "happened_at": _TIME,
                "run_id": _TEXT,
                "kind": _TEXT,
                "node_id": _TEXT,
                "data": _JSON,
                **_SOURCE,
            },
            is_log=True,
        ),
        Table(
            "logs",
            ("segment", "position"),
            {
                "run_id": _TEXT,
                "node_id": _TEXT,
                "attempt": _INTEGER,
                "happened_at": _TIME,
                "level": _TEXT,
                "text": _TEXT,
                **_SOURCE,
            },
            is_log=True,
        ),
        Table(
            "audit",
            ("segment", "position"),
            {
                "happened_at": _TIME,
                "actor": _TEXT,
                "action": _TEXT,
                "resource_type": _TEXT,
                "resource_id": _TEXT,
                "before": _JSON,
                "after": _JSON,
                **_SOURCE,
            },
            is_log=True,
        ),
        Table(
            "damage",
            ("segment", "position"),
            {**_SOURCE, "length": _INTEGER, "what": _TEXT},
            is_log=True,
        ),
        Table(
            "segments",
            ("name",),
            {
                "name": _TEXT,
                "writer": _TEXT,
                "position": _INTEGER,
                "is_complete": _BOOLEAN,
                "version": _INTEGER,
                "pid": _INTEGER,
                "started": _TEXT,
                "host": _TEXT,
                "boot": _TEXT,
                "opened_at": _TIME,
                "last_at": _TIME,
                "facts": _INTEGER,
                "damages": _INTEGER,
                "pack": _TEXT,
            },
        ),
    )
}

"""A database file of any older version in, one of the newest version out.

Each migration is a number, a name and SQL statements. They only add: a table or a column is never renamed
or dropped, so an older dagy_nb and older queries keep reading what a newer one wrote. A file is migrated
as a copy which then takes its place: a crash at any moment leaves the old one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagy_nb.errors import StoreError
from dagy_nb.store import attempts
from dagy_nb.store.tables import TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import duckdb


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    statements: tuple[str, ...]


_CREATE_VERSION = """
CREATE TABLE IF NOT EXISTS schema_version (number BIGINT, name VARCHAR, applied_at TIMESTAMP)
"""

_001_TABLES = (
    """
    CREATE TABLE runs (
        run_id VARCHAR, kind VARCHAR, flow VARCHAR, flow_version BIGINT, flow_hash VARCHAR,
        state VARCHAR, backend VARCHAR, parent_run_id VARCHAR, notebook VARCHAR, artifacts VARCHAR,
        parameters JSON, queued_at TIMESTAMP, started_at TIMESTAMP, ended_at TIMESTAMP,
        cancel_requested BOOLEAN, error VARCHAR, error_code VARCHAR, error_fact JSON, writer VARCHAR
    )
    """,
    """
    CREATE TABLE node_runs (
        run_id VARCHAR, node_id VARCHAR, place BIGINT, node_type VARCHAR, node_version VARCHAR,
        state VARCHAR, reason VARCHAR, why VARCHAR, attempts BIGINT, runner VARCHAR, timeout DOUBLE,
        enforcement VARCHAR, started_at TIMESTAMP, ended_at TIMESTAMP, fraction DOUBLE,
        message VARCHAR, error VARCHAR, error_code VARCHAR, error_fact JSON, previews JSON, cause JSON
    )
    """,
    """
    CREATE TABLE cell_runs (
        run_id VARCHAR, index BIGINT, cell_id VARCHAR, state VARCHAR, started_at TIMESTAMP,
        ended_at TIMESTAMP, error VARCHAR, error_code VARCHAR, error_fact JSON
    )
    """,
    """
    CREATE TABLE flow_versions (
        flow VARCHAR, version BIGINT, content_hash VARCHAR, spec JSON, node_versions JSON,
        author VARCHAR, reason VARCHAR, created_at TIMESTAMP, published_at TIMESTAMP
    )
    """,
    """
    CREATE TABLE node_versions (
        node_type VARCHAR, version VARCHAR, schema_version VARCHAR, origin VARCHAR, spec JSON,
        seen_at TIMESTAMP
    )
    """,
    """
    CREATE TABLE events (
        happened_at TIMESTAMP, run_id VARCHAR, kind VARCHAR, node_id VARCHAR, data JSON,
        segment VARCHAR, position BIGINT
    )
    """,
    """
    CREATE TABLE logs (
        run_id VARCHAR, node_id VARCHAR, attempt BIGINT, happened_at TIMESTAMP, level VARCHAR,
        text VARCHAR, segment VARCHAR, position BIGINT
    )
    """,
    """
    CREATE TABLE audit (
        happened_at TIMESTAMP, actor VARCHAR, action VARCHAR, resource_type VARCHAR,
        resource_id VARCHAR, before JSON, after JSON, segment VARCHAR, position BIGINT
    )
    """,
    """
    CREATE TABLE damage (segment VARCHAR, position BIGINT, length BIGINT, what VARCHAR)
    """,
    """
    CREATE TABLE segments (
        name VARCHAR, writer VARCHAR, position BIGINT, is_complete BOOLEAN, version BIGINT,
        pid BIGINT, started VARCHAR, host VARCHAR, boot VARCHAR, opened_at TIMESTAMP,
        last_at TIMESTAMP, facts BIGINT, damages BIGINT
    )
    """,
)

_002_REUSE = (
    "ALTER TABLE runs ADD COLUMN backend_reason VARCHAR",
    "ALTER TABLE runs ADD COLUMN parent_node_id VARCHAR",
    "ALTER TABLE runs ADD COLUMN resumed_from VARCHAR",
    "ALTER TABLE node_runs ADD COLUMN why_detail VARCHAR",
    "ALTER TABLE node_runs ADD COLUMN reused_from VARCHAR",
    "ALTER TABLE node_runs ADD COLUMN key VARCHAR",
)

MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "tables", _001_TABLES),
    Migration(2, "reuse and resume", _002_REUSE),
    Migration(3, "attempts", (attempts.VIEW,)),
    Migration(4, "packs", ("ALTER TABLE segments ADD COLUMN pack VARCHAR",)),
)


def apply_migrations(
    connection: duckdb.DuckDBPyConnection, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Bring the tables of an open database to the newest version, in one transaction."""
    connection.execute("BEGIN")
    connection.execute(_CREATE_VERSION)
    for migration in list_missing(read_version(connection), migrations):
        for statement in migration.statements:
            connection.execute(statement)
        connection.execute(
            "INSERT INTO schema_version SELECT ?, ?, make_timestamp(?)",
            [migration.number, migration.name, time.time_ns() // 1000],
        )
    connection.execute("COMMIT")


def read_version(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the number of the last migration; raises duckdb.Error where this is no store."""
    row = connection.execute("SELECT coalesce(max(number), 0) FROM schema_version").fetchone()
    return int(row[0]) if row else 0


def list_missing(version: int, migrations: Sequence[Migration] = MIGRATIONS) -> list[Migration]:
    """Return the migrations that a database of this version still needs.

    Raises:
        StoreError: `store.newer` where a newer dagy_nb wrote it.
    """
    newest = migrations[-1].number
    if version > newest:
        raise StoreError(
            f"The records were written by a newer dagy_nb (schema {version}, this one knows {newest}).",
            code="store.newer",
            suggestion="Upgrade dagy_nb in this environment. New facts are kept in the journal.",
        )
    return [each for each in migrations if each.number > version]


def count_rows(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[Table] = TABLES.values()
) -> dict[str, int]:
    """Return how many rows each table has that is there."""
    found = connection.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary")
    present = {name for (name,) in found.fetchall()}
    counts = {}
    for table in tables:
        if table.name in present:
            row = connection.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()  # noqa: S608
            counts[table.name] = int(row[0]) if row else 0
    return counts

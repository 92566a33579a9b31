"""Snapshot and tail in, one DuckDB connection with the tables of the record out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from dagy_nb.store import attempts
from dagy_nb.store.merge import write_rows
from dagy_nb.store.migrations import apply_migrations
from dagy_nb.store.snapshot import ALIAS, open_memory
from dagy_nb.store.tables import TABLES, Table

if TYPE_CHECKING:
    import duckdb

    from dagy_nb.store.live import Live
    from dagy_nb.store.projection import Projection

    Connection: TypeAlias = duckdb.DuckDBPyConnection


def connect_live(live: Live) -> duckdb.DuckDBPyConnection:
    """Return a connection over records that were just refreshed; it takes over their snapshot."""
    connection = live.take_connection()
    if connection is None:
        return connect_rows(live.tail)
    connection.execute("USE memory")
    connection.execute("CREATE SCHEMA tail")
    connection.execute("USE memory.tail")
    _fill(connection, live.tail)
    connection.execute("USE memory.main")
    for table in TABLES.values():
        connection.execute(_view_sql(table))
    connection.execute(attempts.VIEW)
    return connection


def connect_rows(projection: Projection) -> duckdb.DuckDBPyConnection:
    """Return a connection over what was folded in memory."""
    connection = open_memory()
    _fill(connection, projection)
    return connection


def _fill(connection: duckdb.DuckDBPyConnection, projection: Projection) -> None:
    apply_migrations(connection)
    write_rows(connection, projection.rows(), only_insert=True)


def _view_sql(table: Table) -> str:
    """Return the view of one table: the tail's rows, and the snapshot's where it has none."""
    name = table.name
    columns = ", ".join(f"s.{column}" for column in table.columns)
    newer = f"SELECT {columns} FROM tail.{name} AS s"  # noqa: S608 - fixed names
    older = f"SELECT {columns} FROM {ALIAS}.{name} AS s"  # noqa: S608
    same = " AND ".join(f"t.{column} = s.{column}" for column in table.key)
    if table.keeps:
        merged = ", ".join(_merge_column(column, table) for column in table.columns)
        newer = f"SELECT {merged} FROM tail.{name} AS t LEFT JOIN {ALIAS}.{name} AS s ON {same}"  # noqa: S608
    if not table.is_log:
        older += f" WHERE NOT EXISTS (SELECT 1 FROM tail.{name} AS t WHERE {same})"  # noqa: S608
    return f"CREATE VIEW {name} AS {newer} UNION ALL {older}"


def _merge_column(column: str, table: Table) -> str:
    if column in table.keeps:
        return f"coalesce(t.{column}, s.{column}) AS {column}"
    return f"t.{column}"

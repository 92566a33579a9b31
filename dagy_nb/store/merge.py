"""Rows in, tables of an open DuckDB database changed.

Rows travel as one JSON text per few thousand of them: no temporary file, no row-by-row inserts (which
are hundreds of times slower), and the same statement on every DuckDB since 1.4. A value that does not fit
its column becomes NULL instead of stopping the fold for ever.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from dagy_nb.store.line import write_json
from dagy_nb.store.tables import TABLES, Kind, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

BATCH = 4000

Row = dict[str, Any]


def write_rows(
    connection: duckdb.DuckDBPyConnection,
    rows: Mapping[str, Sequence[Row]],
    *,
    only_insert: bool = False,
) -> None:
    """Add rows to the tables they are named by; a row whose key is there replaces it.

    Args:
        connection: Where the tables are.
        rows: Table name → rows.
        only_insert: The tables are empty, so no row replaces another.
    """
    for name, items in rows.items():
        table = TABLES[name]
        write = _insert_sql if only_insert or table.is_log else _merge_sql
        for start in range(0, len(items), BATCH):
            connection.execute(write(name), [_to_text(items[start : start + BATCH])])


def _to_text(rows: Sequence[Row]) -> str:
    return write_json(rows).decode()


@cache
def _insert_sql(name: str) -> str:
    table = TABLES[name]
    return f"INSERT INTO {name} ({', '.join(table.columns)}) {_staged_sql(table)}"


@cache
def _merge_sql(name: str) -> str:
    table = TABLES[name]
    same = " AND ".join(f"t.{column} = s.{column}" for column in table.key)
    changes = ", ".join(
        f"{column} = coalesce(s.{column}, t.{column})"
        if column in table.keeps
        else f"{column} = s.{column}"
        for column in table.columns
        if column not in table.key
    )
    columns = ", ".join(table.columns)
    values = ", ".join(f"s.{column}" for column in table.columns)
    parts = (
        f"MERGE INTO {name} AS t USING ({_staged_sql(table)}) AS s ON {same}",
        f"WHEN MATCHED THEN UPDATE SET {changes}",
        f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})",  # noqa: S608 - fixed names
    )
    return " ".join(parts)


def _staged_sql(table: Table) -> str:
    shape = json.dumps([{name: kind.staged_as for name, kind in table.columns.items()}])
    columns = ", ".join(_column_sql(name, kind) for name, kind in table.columns.items())
    return f"SELECT {columns} FROM (SELECT unnest(from_json(?::JSON, '{shape}')) AS r)"  # noqa: S608 - fixed names


def _column_sql(name: str, kind: Kind) -> str:
    return f"make_timestamp(r.{name}) AS {name}" if kind is Kind.TIME else f"r.{name} AS {name}"

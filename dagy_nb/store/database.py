"""A path in, an open DuckDB database of ours out; or word of what is wrong with the file.

`Held` means somebody else has it open, `Damaged` that its content cannot be trusted: it is no database, of
a newer storage format, cut short, or somebody else's tables.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import duckdb

from dagy_nb.errors import StoreError
from dagy_nb.store.files import copy_file, remove_file, replace_file
from dagy_nb.store.migrations import MIGRATIONS, apply_migrations, count_rows, read_version
from dagy_nb.store.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagy_nb.store.migrations import Migration

CONFIG: dict[str, Any] = {
    "storage_compatibility_version": "v1.4.0",  # so that a 1.4 or 1.5 of the user can open it
    "autoinstall_known_extensions": "false",  # nothing is ever fetched from a network
}
_HEADERS = 3 * 4096
_HELD = ("conflicting lock", "different configuration", "unique file handle conflict")
_FULL = ("no space left", "disk quota", "file too large")


class Held(Exception):
    """Somebody else has the file open."""


class Damaged(Exception):
    """The file's content cannot be trusted."""


def connect_file(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a database of ours for writing.

    Raises:
        Held: Somebody else has it open.
        Damaged: It is no database of ours, or not whole.
        StoreError: `store.unwritable`.
    """
    try:
        connection = duckdb.connect(str(path), config=CONFIG)
    except duckdb.Error as error:
        raise judge(error, path) from error
    try:
        read_version(connection)
        check_size(connection, path)
    except duckdb.Error as error:
        connection.close()
        raise judge(error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


def judge(error: duckdb.Error, path: Path) -> Exception:
    """Return what an error of DuckDB means for a file."""
    text = str(error).lower()
    if any(words in text for words in _HELD):
        return Held(str(error))
    if any(words in text for words in _FULL):
        return StoreError(
            f"There is no room left to fold records in {path.parent}.",
            code="store.full",
            suggestion="Free some space; everything recorded is safe in the journal.",
        )
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return StoreError(
            f"{path} cannot be opened for writing.",
            code="store.unwritable",
            suggestion="Set DAGY_HOME to a folder you may write to, or give yourself the rights.",
        )
    return Damaged(str(error))


def check_size(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raise `Damaged` where the file ends before the last block that its tables use.

    The header counts free blocks too, which DuckDB cuts off now and then; so where the file is shorter
    than that, the blocks of the tables are looked up.
    """
    sizes = "SELECT max(block_size), max(block_size * total_blocks) FROM pragma_database_size()"
    row = connection.execute(sizes).fetchone()
    assert row is not None
    block_size, counted = row
    size = path.stat().st_size - _HEADERS
    if size < (counted or 0) and size < block_size * (_find_last_block(connection) + 1):
        raise Damaged(f"{path.name} was cut short")


def _find_last_block(connection: duckdb.DuckDBPyConnection) -> int:
    own = "SELECT greatest(block_id, list_max(additional_block_ids)) AS last FROM"
    parts = [f"{own} pragma_storage_info('{name}')" for name in TABLES]
    parts.append("SELECT block_id AS last FROM pragma_metadata_info()")
    row = connection.execute(f"SELECT max(last) FROM ({' UNION ALL '.join(parts)})").fetchone()  # noqa: S608 - fixed names
    return int(row[0]) if row and row[0] is not None else -1


def check_content(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether every block of every table can be read; reads them all."""
    try:
        for table in TABLES.values():
            hashes = " + ".join(f"hash({column})::HUGEINT" for column in table.columns)
            sql = f"SELECT sum({hashes}) FROM {table.name}"  # noqa: S608 - fixed names
            connection.execute(sql).fetchall()
    except duckdb.Error:
        return False
    return True


def make_file(path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Make an empty database; it appears whole or not at all."""
    fresh = path.with_name(f".new-{path.name}")
    remove_file(fresh)
    connection = duckdb.connect(str(fresh), config=CONFIG)
    try:
        apply_migrations(connection, migrations)
        connection.execute("CHECKPOINT")  # closing would not say that there is no room
    finally:
        connection.close()
    replace_file(fresh, path)


def migrate_file(path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a database to the newest version as a copy that takes its place.

    Raises:
        Damaged: Rows were lost on the way; the old file is untouched.
    """
    fresh = path.with_name(f".migrating-{path.name}")
    remove_file(fresh)
    copy_file(path, fresh)
    connection = duckdb.connect(str(fresh), config=CONFIG)
    try:
        before = count_rows(connection)
        apply_migrations(connection, migrations)
        connection.execute("CHECKPOINT")
        after = count_rows(connection)
    finally:
        connection.close()
    if any(after[name] != count for name, count in before.items()):
        remove_file(fresh)
        raise Damaged(f"migrating {path.name} would lose rows")
    replace_file(fresh, path)

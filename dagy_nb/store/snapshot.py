"""The published snapshot in, an in-memory DuckDB connection with it attached for reading out.

The snapshot is never written, only replaced, and is attached by its path while it is that generation: what
is attached stays as it is, however often it is replaced.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from dagy_nb.store.database import Damaged, Held, check_size, judge
from dagy_nb.store.files import copy_file
from dagy_nb.store.migrations import MIGRATIONS, read_version

ALIAS = "snap"


def open_memory() -> duckdb.DuckDBPyConnection:
    """Return a connection to an empty database in memory."""
    config: dict[str, Any] = {"autoinstall_known_extensions": "false"}
    connection = duckdb.connect(config=config)
    # In a kernel DuckDB would put a progress bar, a widget, into the outputs of slow cells.
    connection.execute("SET enable_progress_bar = false")
    return connection


def open_snapshot(path: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection whose default database is the snapshot.

    Raises:
        Damaged: It cannot be read, or is older than this version of dagy_nb reads.
    """
    try:
        return _attach(path)
    except Held:
        return _attach_copy(path)


def _attach(path: Path) -> duckdb.DuckDBPyConnection:
    connection = open_memory()
    try:
        quoted = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS {ALIAS} (READ_ONLY)")
        connection.execute(f"USE {ALIAS}")
        version = read_version(connection)
        check_size(connection, path)
    except duckdb.Error as error:
        connection.close()
        found = judge(error, path)
        raise found if isinstance(found, Held) else Damaged(str(error)) from error
    except BaseException:
        connection.close()
        raise
    if version < MIGRATIONS[-1].number:
        connection.close()
        raise Damaged(f"{path.name} is of the old schema {version}")
    return connection


def _attach_copy(path: Path) -> duckdb.DuckDBPyConnection:
    """Attach a copy of a snapshot which somebody opened for writing."""
    descriptor, name = tempfile.mkstemp(suffix=".duckdb")
    os.close(descriptor)
    copy = Path(name)
    try:
        copy_file(path, copy)
        return _attach(copy)
    except Held as error:
        raise Damaged(str(error)) from error
    finally:
        with suppress(OSError):  # the attached file lives on without its name
            copy.unlink()

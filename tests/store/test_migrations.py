"""The schema: numbered, added to only, and changed as a copy that takes the old file's place."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from dagy_nb.errors import StoreError
from dagy_nb.store import base as base_module
from dagy_nb.store import database
from dagy_nb.store.base import Base
from dagy_nb.store.database import Damaged, connect_file, make_file, migrate_file
from dagy_nb.store.journal_store import JournalStore
from dagy_nb.store.merge import write_rows
from dagy_nb.store.migrations import MIGRATIONS, Migration, list_missing, read_version
from dagy_nb.store.place import Place
from dagy_nb.store.tables import TABLES
from tests.store.facts import TurnedClock, whole_run
from tests.store.oracle import check_against_journal

NEXT = Migration(
    MIGRATIONS[-1].number + 1,
    "colours",
    ("ALTER TABLE runs ADD COLUMN colour VARCHAR", "CREATE TABLE colours (name VARCHAR)"),
)


def test_the_migrations_make_the_tables_that_are_filled(tmp_path):
    make_file(tmp_path / "new.duckdb")
    with duckdb.connect(str(tmp_path / "new.duckdb")) as connection:
        found = connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal "
            "AND table_name IN (SELECT table_name FROM duckdb_tables()) AND table_name != 'schema_version' ORDER BY table_name, column_index"
        ).fetchall()

    assert found == [
        (table.name, name, kind.value)
        for table in sorted(TABLES.values(), key=lambda table: table.name)
        for name, kind in table.columns.items()
    ]


def test_the_users_copy_has_the_views_too(tmp_path):
    """Also where it is attached beside other databases with tables of the same names."""
    make_file(tmp_path / "new.duckdb")
    connection = duckdb.connect()
    connection.execute("CREATE TABLE events (other INTEGER)")
    connection.execute(f"ATTACH '{tmp_path / 'new.duckdb'}' AS records (READ_ONLY)")

    assert connection.execute("SELECT * FROM records.attempts").fetchall() == []
    names = [column[0] for column in connection.description]
    assert names[:4] == ["run_id", "node_id", "attempt", "state"]


def test_migrations_are_numbered_without_gaps():
    assert [each.number for each in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_migrations_only_add():
    """So that an older dagy_nb and older queries keep reading what a newer one wrote."""
    text = " ".join(statement for each in MIGRATIONS for statement in each.statements).upper()

    assert not re.search(r"\b(DROP|RENAME|PRIMARY KEY|CREATE (UNIQUE )?INDEX|ALTER COLUMN)\b", text)


def test_a_database_is_made_whole_or_not_at_all(tmp_path):
    broken = Migration(1, "broken", ("CREATE TABLE runs (a INTEGER)", "CREATE NONSENSE"))

    with pytest.raises(duckdb.Error):
        make_file(tmp_path / "base.duckdb", (broken,))

    assert not (tmp_path / "base.duckdb").exists()


def fill(folder: Path) -> JournalStore:
    store = JournalStore(folder, TurnedClock(), fold_after=None)
    store.append(*whole_run("run-0001"), *whole_run("run-0002"))
    store.fold()
    return store


def test_an_older_base_is_brought_to_the_newest_version(tmp_path, monkeypatch):
    store = fill(tmp_path)
    monkeypatch.setattr(base_module, "MIGRATIONS", (*MIGRATIONS, NEXT))

    base = Base(Place(tmp_path), migrations=(*MIGRATIONS, NEXT))
    version = read_version(base.connection)
    runs = base.connection.execute("SELECT run_id, colour FROM runs ORDER BY 1").fetchall()
    base.close()

    assert version == NEXT.number
    assert runs == [("run-0001", None), ("run-0002", None)]
    store.close()


@pytest.mark.parametrize("when", ["copying", "migrating", "replacing"])
def test_a_migration_that_is_cut_off_leaves_the_old_base(tmp_path, monkeypatch, when):
    store = fill(tmp_path)

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    target = {"copying": "copy_file", "migrating": "apply_migrations", "replacing": "replace_file"}[
        when
    ]
    with monkeypatch.context() as patch:
        patch.setattr(database, target, crash)
        with pytest.raises(KeyboardInterrupt):
            migrate_file(tmp_path / "base.duckdb", (*MIGRATIONS, NEXT))

    store.append(*whole_run("run-0003"))
    assert store.fold()
    check_against_journal(store.place, store.connect())
    store.close()


def test_a_migration_that_would_lose_rows_is_refused(tmp_path):
    fill(tmp_path).close()
    loses = Migration(NEXT.number, "loses", ("DELETE FROM runs WHERE run_id = 'run-0001'",))

    with pytest.raises(Damaged, match="would lose rows"):
        migrate_file(tmp_path / "base.duckdb", (*MIGRATIONS, loses))

    connection = connect_file(tmp_path / "base.duckdb")
    assert connection.execute("SELECT count(*) FROM runs").fetchone() == (2,)
    connection.close()


def test_a_newer_schema_is_refused_with_advice():
    with pytest.raises(StoreError) as caught:
        list_missing(MIGRATIONS[-1].number + 1)

    assert caught.value.code == "store.newer"
    assert "Upgrade" in caught.value.suggestion


def test_a_row_replaces_the_one_of_its_key_and_logs_are_added(tmp_path):
    make_file(tmp_path / "base.duckdb")
    connection = connect_file(tmp_path / "base.duckdb")
    node = {"run_id": "r", "node_id": "a", "state": "RUNNING", "attempts": 1}
    line = {"segment": "s", "position": 1, "text": "hello"}
    write_rows(connection, {"node_runs": [node, node | {"node_id": "b"}], "logs": [line]})

    write_rows(
        connection, {"node_runs": [node | {"state": "COMPLETED"}], "logs": [line | {"position": 2}]}
    )

    assert connection.execute(
        "SELECT node_id, state, started_at FROM node_runs ORDER BY 1"
    ).fetchall() == [
        ("a", "COMPLETED", None),
        ("b", "RUNNING", None),
    ]
    assert connection.execute("SELECT count(*) FROM logs").fetchone() == (2,)
    connection.close()


def test_a_version_without_its_spec_keeps_the_spec_it_had(tmp_path):
    make_file(tmp_path / "base.duckdb")
    connection = connect_file(tmp_path / "base.duckdb")
    row = {"flow": "f", "content_hash": "x", "version": 0, "spec": {"name": "f"}}
    write_rows(connection, {"flow_versions": [row]})

    write_rows(connection, {"flow_versions": [row | {"version": 3, "spec": None}]})

    assert connection.execute("SELECT version, spec FROM flow_versions").fetchall() == [
        (3, '{"name":"f"}')
    ]
    connection.close()


def test_a_value_that_does_not_fit_its_column_becomes_null(tmp_path):
    make_file(tmp_path / "base.duckdb")
    connection = connect_file(tmp_path / "base.duckdb")

    write_rows(
        connection,
        {
            "runs": [
                {
                    "run_id": "r",
                    "queued_at": "noon",
                    "flow_version": "x",
                    "cancel_requested": [1],
                    "what": 1,
                }
            ],
            "node_runs": [
                {"run_id": "r", "node_id": "a", "fraction": float("nan"), "timeout": 1e400}
            ],
        },
    )

    assert connection.execute("SELECT run_id, queued_at, flow_version FROM runs").fetchall() == [
        ("r", None, None)
    ]
    assert connection.execute("SELECT count(*) FROM node_runs").fetchone() == (1,)
    connection.close()


def test_rows_are_never_written_one_by_one():
    """DuckDB's `executemany` is hundreds of times slower than what `merge` does; SQLite's is quick."""
    sources = Path(base_module.__file__).parent.glob("*.py")

    assert [
        path.name
        for path in sources
        if "executemany" in (text := path.read_text(encoding="utf-8"))
        and "import sqlite3" not in text
    ] == []

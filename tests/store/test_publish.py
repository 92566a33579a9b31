"""The published copies: whole, replaced in one step, open to every DuckDB and every program."""

from __future__ import annotations

import os
import struct
import subprocess
import sys

import duckdb
import pytest

from dagy_nb.store import publish as publish_module
from dagy_nb.store.files import copy_file
from dagy_nb.store.journal_store import JournalStore
from dagy_nb.store.publish import is_due, is_up_to_date, pause_of
from tests.store.facts import TurnedClock, whole_run


@pytest.fixture
def store(tmp_path):
    made = JournalStore(tmp_path / ".dagy", TurnedClock(), fold_after=None)
    made.append(*whole_run("run-0001"))
    yield made
    made.close()


@pytest.mark.parametrize("options", [{}, {"read_only": True}], ids=["plain", "read-only"])
def test_the_users_copy_opens_with_plain_duckdb(store, options):
    store.fold()

    with duckdb.connect(str(store.place.user_copy), **options) as connection:
        assert connection.execute("SELECT run_id, state FROM runs").fetchall() == [
            ("run-0001", "COMPLETED")
        ]
        assert connection.execute("SELECT count(*) FROM node_runs").fetchone() == (2,)


def test_an_older_duckdb_can_open_the_copy(store):
    """The storage version stands in the header: 64 is what DuckDB 1.0 to 1.4 write by default."""
    store.fold()

    header = store.place.user_copy.read_bytes()[:20]

    assert header[8:12] == b"DUCK"
    assert struct.unpack("<Q", header[12:20])[0] <= 67


def test_a_user_who_writes_into_the_copy_keeps_writing(store):
    """What is written there goes with the next copy; nobody is refused and nothing of ours is hurt."""
    store.fold()
    user = duckdb.connect(str(store.place.user_copy))
    user.execute("CREATE TABLE mine AS SELECT * FROM runs")
    for number in range(2, 5):
        store.append(*whole_run(f"run-000{number}"))
        assert store.fold()
        user.execute("INSERT INTO mine SELECT * FROM runs")
    user.close()

    script = "import duckdb, sys; print(duckdb.connect(sys.argv[1]).execute('SELECT count(*) FROM runs').fetchone()[0])"
    done = subprocess.run(
        [sys.executable, "-c", script, str(store.place.user_copy)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "4"


def test_publishing_pauses_between_two_copies(store):
    store.fold(publish=False)
    first = is_up_to_date(store.place)
    store.append(*whole_run("run-0002"))
    store.fold(publish=False)
    changed = store.place.snap.stat().st_ctime

    assert first
    assert not is_up_to_date(store.place)
    assert not is_due(store.place, changed + 1.9)
    assert is_due(store.place, changed + 2.1)
    assert is_due(store.place, changed - 100)  # a clock that was put back
    assert store.connect().execute("SELECT count(*) FROM runs").fetchone() == (2,)


def test_big_histories_are_copied_less_often():
    assert pause_of(1_000_000) == 2.0
    assert pause_of(1_000_000_000) > 60


def test_a_copy_that_fails_leaves_the_old_one(store, monkeypatch):
    store.fold()
    store.append(*whole_run("run-0002"))

    def fail(source, target):
        copy_file(source, target)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publish_module, "copy_file", fail)
    folded = store.fold()
    monkeypatch.undo()

    assert folded
    with duckdb.connect(str(store.place.user_copy), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)
    assert store.connect().execute("SELECT count(*) FROM runs").fetchone() == (2,)
    store.fold()
    assert is_up_to_date(store.place)


def test_nothing_is_copied_while_nothing_changes(store):
    store.fold()
    before = [
        (path.stat().st_ino, path.stat().st_ctime_ns)
        for path in (store.place.snap, store.place.user_copy)
    ]

    store.fold()

    assert before == [
        (path.stat().st_ino, path.stat().st_ctime_ns)
        for path in (store.place.snap, store.place.user_copy)
    ]


def test_copies_are_written_to_disk_before_they_take_their_name(store, monkeypatch):
    order = []
    real_fsync, real_replace = os.fsync, type(store.place.snap).replace
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: (order.append("sync"), real_fsync(descriptor))
    )
    monkeypatch.setattr(
        type(store.place.snap),
        "replace",
        lambda self, target: (order.append(target.name), real_replace(self, target))[1],
    )

    store.fold()

    for name in ("snap.duckdb", "runs.duckdb"):
        assert order[order.index(name) - 1] == order[order.index(name) + 1] == "sync"


def test_the_same_process_sees_the_new_copy_while_it_has_the_old_one_open(store):
    store.fold()
    old = duckdb.connect(str(store.place.user_copy))
    store.append(*whole_run("run-0002"))
    store.fold()
    new = duckdb.connect(str(store.place.user_copy))

    counts = [each.execute("SELECT count(*) FROM runs").fetchone()[0] for each in (old, new)]

    assert counts == [1, 2]
    old.close()
    new.close()


def test_old_copies_are_removed_a_while_after_they_were_replaced(store, monkeypatch):
    store.fold()
    first = store.place.user_copy.resolve()
    os.utime(first, (0, first.stat().st_mtime))
    monkeypatch.setattr(publish_module, "_GRACE", 0.0)
    monkeypatch.setattr(publish_module.time, "time", lambda: first.stat().st_ctime)
    store.append(*whole_run("run-0002"))
    store.fold()
    monkeypatch.undo()

    assert first.exists()
    assert store.place.user_copy.resolve() != first


def test_old_copies_do_not_pile_up(store, monkeypatch):
    for number in range(2, 6):
        store.append(*whole_run(f"run-000{number}"))
        store.fold()
    kept = len(list(store.place.folder.glob(".runs-*")))
    monkeypatch.setattr(publish_module, "_GRACE", -1.0)
    store.append(*whole_run("run-0006"))
    store.fold()

    assert kept == 4
    assert [path.name for path in store.place.folder.glob(".runs-*")] == [
        store.place.user_copy.readlink().name
    ]


def test_where_there_are_no_links_the_copy_itself_is_put_there(store, monkeypatch):
    def refuse(self, target):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(type(store.place.folder), "symlink_to", refuse)
    store.fold()

    assert not store.place.user_copy.is_symlink()
    with duckdb.connect(str(store.place.user_copy)) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)
    assert is_up_to_date(store.place)

"""Stores whose segments are packed from eight on, as fixtures and steps: import them into a suite."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dagy_nb.store import packs
from dagy_nb.store.journal_store import JournalStore
from dagy_nb.store.place import Place
from dagy_nb.store.tail import list_journal
from tests.store.facts import NOON, TurnedClock, see_node, whole_run
from tests.store.oracle import check_against_journal, dump_exactly


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".dagy"


@pytest.fixture(autouse=True)
def pack_from_eight_on(monkeypatch):
    monkeypatch.setattr(packs, "MANY_SEGMENTS", 8)


def open_store(folder: Path, at: float = NOON, **options) -> JournalStore:
    return JournalStore(folder, TurnedClock(at), fold_after=None, **options)


def record(folder: Path, *numbers: int) -> None:
    """Each run by a process of its own, which has ended."""
    for number in numbers:
        store = open_store(folder, at=NOON + number)
        store.append(see_node(), *whole_run(f"run-{number:04d}", at=NOON + number))
        store.close()


def let_rest(folder: Path, hours: float = 2.0) -> None:
    at = time.time() - 3600 * hours
    for path in (folder / "journal").iterdir():
        os.utime(path, (at, at))


def fold(folder: Path, **options) -> None:
    store = open_store(folder, **options)
    assert store.fold(wait=10.0)
    store.close()


def list_files(folder: Path) -> tuple[int, int]:
    segments, packed = list_journal(Place(folder))
    return len(segments), len(packed)


def dump_store(folder: Path):
    store = open_store(folder)
    connection = store.connect()
    found = dump_exactly(connection)
    check_against_journal(store.place, connection)
    connection.close()
    store.close()
    return found


def forget_tables(folder: Path) -> None:
    for path in folder.glob("*.duckdb"):
        path.unlink()


@pytest.fixture
def packed(folder: Path) -> Path:
    """Ten runs by ten processes; their segments are in one pack."""
    record(folder, *range(10))
    let_rest(folder)
    fold(folder)
    assert list_files(folder) == (0, 1)
    return folder

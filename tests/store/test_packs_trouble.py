"""A crash while segments are packed, or damage to a pack: nothing comes twice, and what is lost is told."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from dagy_nb.model.state import RunState
from dagy_nb.store.folding import fold_journal, hold_fold_lock
from dagy_nb.store.place import Place
from dagy_nb.store.tail import list_journal
from tests.store.facts import whole_run
from tests.store.oracle import dump_exactly
from tests.store.packing import (
    dump_store,
    fold,
    folder,
    forget_tables,
    let_rest,
    list_files,
    open_store,
    pack_from_eight_on,
    packed,
    record,
)

__all__ = ["folder", "pack_from_eight_on", "packed"]


class Stopped(Exception):
    """The process ends here."""


STEPS = 11
"""One when the pack is there, one for each segment that goes."""


@pytest.mark.parametrize("at", [1, 2, 6, STEPS])
def test_a_crash_while_packing_loses_nothing_and_doubles_nothing(folder, at):
    record(folder, *range(10))
    before = dump_store(folder)
    let_rest(folder)
    store = open_store(folder)
    steps = []

    def stop(step: str) -> None:
        if "packed" in step:
            steps.append(step)
            if len(steps) == at:
                raise Stopped

    forget_tables(folder)
    with hold_fold_lock(store.place, wait=1), pytest.raises(Stopped):
        fold_journal(store.place, store._journal, publish_now=True, on_step=stop)
    store.close()

    assert list_files(folder) == (11 - at, 1)
    assert dump_store(folder) == before
    fold(folder)
    assert dump_store(folder) == before
    forget_tables(folder)
    assert dump_store(folder) == before
    record(folder, *range(10, 20))
    let_rest(folder)
    fold(folder)
    assert list_files(folder)[0] == 0
    assert len(dump_store(folder)["runs"]) == 20


def test_the_steps_of_packing_are_these(folder):
    record(folder, *range(10))
    let_rest(folder)
    store = open_store(folder)
    steps = []
    with hold_fold_lock(store.place, wait=1):
        fold_journal(store.place, store._journal, publish_now=True, on_step=steps.append)
    store.close()

    assert sum("packed" in step for step in steps) == STEPS


def test_half_a_pack_that_a_crash_left_behind_does_no_harm(folder):
    record(folder, *range(10))
    (first, *_), _ = list_journal(Place(folder))
    half = folder / "journal" / f".{first.removesuffix('.jsonl')}.zip"
    half.write_bytes(b"PK half a file")
    let_rest(folder)

    fold(folder)

    assert not half.exists()
    assert len(dump_store(folder)["runs"]) == 10


def test_damage_inside_a_pack_costs_one_segment_at_the_most(packed):
    (name,) = list_journal(Place(packed))[1]
    path = packed / "journal" / name
    with zipfile.ZipFile(path) as pack:
        info = pack.infolist()[4]
    data = bytearray(path.read_bytes())
    middle = info.header_offset + 60 + info.compress_size // 2
    data[middle : middle + 8] = bytes(8)
    path.write_bytes(data)
    forget_tables(packed)

    fold(packed)

    store = open_store(packed)
    connection = store.connect()
    assert connection.execute("SELECT count(*) FROM runs").fetchone()[0] >= 9
    assert connection.execute(
        "SELECT count(*) > 0, count(DISTINCT segment) FROM damage"
    ).fetchone() == (True, 1)
    fold(packed)
    again = store.connect()
    assert (
        again.execute("FROM damage ORDER BY ALL").fetchall()
        == connection.execute("FROM damage ORDER BY ALL").fetchall()
    )
    store.close()


def test_a_pack_that_is_none_any_more_is_told_once(packed, caplog):
    (name,) = list_journal(Place(packed))[1]
    (packed / "journal" / name).write_bytes(b"what")
    before = dump_store_plainly(packed)
    forget_tables(packed)

    for _ in range(2):
        fold(packed)

    assert len(before["runs"]) == 10  # as long as the tables are there, no pack is needed
    store = open_store(packed)
    connection = store.connect()
    assert connection.execute("SELECT segment, length, what FROM damage").fetchall() == [
        (name, 4, "pack")
    ]
    assert connection.execute("SELECT count(*) FROM runs").fetchone() == (0,)
    store.append(*whole_run("run-0001"))
    assert store.run("run-0001").state is RunState.COMPLETED
    store.close()


def dump_store_plainly(folder: Path):
    store = open_store(folder)
    found = dump_exactly(store.connect())
    store.close()
    return found

"""Old segments go into packs, where they are as good as before, whoever reads and writes beside."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dagy_nb.model.event import CancelRequested, LogWritten, RunEnded
from dagy_nb.model.state import RunState
from dagy_nb.store import packs
from dagy_nb.store.folding import fold_journal, hold_fold_lock
from dagy_nb.store.place import Place
from dagy_nb.store.tail import Tail
from tests.store.facts import NOON, begin_run, make_flow, notebook_run, see_flow
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


def test_many_segments_that_are_long_over_become_one_pack(folder):
    record(folder, *range(10))
    fold(folder)
    before, files, size = dump_store(folder), list_files(folder), measure(folder)
    let_rest(folder)

    fold(folder)

    assert (files, list_files(folder)) == ((10, 0), (0, 1))
    assert measure(folder) < size / 2
    assert dump_store(folder) == before


def measure(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "journal").iterdir())


def test_folding_everything_anew_reads_the_packs(packed):
    record(packed, *range(10, 13))
    before = dump_store(packed)
    forget_tables(packed)

    without = dump_store(packed)
    fold(packed)

    assert without == before
    assert dump_store(packed) == before
    assert len(before["runs"]) == 13


def test_facts_go_on_being_folded_beside_packs(packed):
    for start in (10, 20, 30):
        record(packed, *range(start, start + 10))
        let_rest(packed)
        fold(packed)

    assert list_files(packed) == (0, 4)
    assert len(dump_store(packed)["runs"]) == 40
    store = open_store(packed)
    assert [run.run_id for run in store.runs(limit=100).runs] == [
        f"run-{number:04d}" for number in reversed(range(40))
    ]
    store.close()


def test_a_pack_that_was_read_is_not_opened_again(packed, monkeypatch):
    fold(packed)  # only the fold after the packing notes where the segments are now
    monkeypatch.setattr("dagy_nb.store.tail.list_packed", None)

    record(packed, 10)
    fold(packed)

    store = open_store(packed)
    assert len(store.runs().runs) == 11
    assert store.connect().execute(
        "SELECT count(*), count(DISTINCT pack) FROM segments WHERE pack IS NOT NULL"
    ).fetchone() == (11, 1)
    store.close()


@pytest.mark.parametrize("case", ["young", "few", "alive", "not published"])
def test_only_what_is_over_and_safe_and_much_is_packed(folder, case, monkeypatch):
    record(folder, *range(7 if case == "few" else 10))
    living = open_store(folder)
    living.append(*begin_run("run-9999", "a", at=NOON + 99))
    if case != "young":
        let_rest(folder)
    if case == "not published":
        monkeypatch.setattr("dagy_nb.store.folding.publish", lambda *_: False)

    fold(folder)

    segments, packed = list_files(folder)
    assert packed == (case == "alive")
    assert segments == {"young": 11, "few": 8, "alive": 1, "not published": 11}[case]
    living.append(RunEnded(at=NOON + 100, run_id="run-9999", state=RunState.COMPLETED))
    assert living.run("run-9999").state is RunState.COMPLETED
    living.close()


def test_big_segments_are_packed_though_they_are_few(folder, monkeypatch):
    monkeypatch.setattr(packs, "MANY_BYTES", 10_000)
    monkeypatch.setattr(packs, "MOST_BYTES", 8_000)
    record(folder, 1)
    store = open_store(folder, at=NOON + 2)
    store.append(*[LogWritten(at=NOON, run_id="run-0001", text="x" * 900)] * 12)
    store.close()
    record(folder, 3)
    before = dump_store(folder)
    let_rest(folder)

    fold(folder)

    assert list_files(folder) == (2, 1)  # the oldest one alone: the next would be too much
    fold(folder)
    assert list_files(folder) == (1, 2)
    forget_tables(folder)
    assert dump_store(folder) == before


def test_a_reader_goes_on_in_the_pack_where_it_stopped_in_the_segment(folder):
    """It has not looked for hours, and its snapshot is older than the pack."""
    record(folder, *range(9))
    writer = open_store(folder)
    writer.append(*begin_run("run-0009", at=NOON + 9))
    tail = Tail(Place(folder))
    read = tail.read()
    writer.append(RunEnded(at=NOON + 10, run_id="run-0009", state=RunState.COMPLETED))
    writer.close()
    let_rest(folder)
    fold(folder)

    rest = tail.read()

    assert list_files(folder)[1] == 1
    assert (
        len({fact.event.run_id for fact in read.facts}) == 11
    )  # what is known of node types is of no run
    assert [fact.event.run_id for fact in rest.facts] == ["run-0009"]
    assert tail.read().facts == []
    assert tail.living_writers() == set()


def test_a_segment_that_is_packed_between_two_looks_is_found(folder, monkeypatch):
    """It is listed, then packed, then opened: it is no more, so the next look finds the pack."""
    record(folder, *range(9))
    let_rest(folder)
    tail = Tail(Place(folder))
    real = tail._read_segment
    packed = []

    def look(name, batch, budget):
        if not packed:
            packed.append(name)
            fold(folder)
        return real(name, batch, budget)

    monkeypatch.setattr(tail, "_read_segment", look)

    facts = tail.read().facts

    assert list_files(folder) == (0, 1)
    runs = [fact.event.run_id for fact in facts if isinstance(fact.event, RunEnded)]
    assert sorted(runs) == [f"run-{number:04d}" for number in range(9)]


@pytest.mark.parametrize("budget", [1, 500, 5_000, 1 << 30])
def test_a_budget_bounds_each_look_into_a_pack_and_loses_nothing(packed, budget):
    whole = [(fact.segment, fact.position) for fact in Tail(Place(packed)).read(1 << 40).facts]
    tail = Tail(Place(packed))
    seen = []
    for _ in range(1000):
        batch = tail.read(budget)
        seen += [(fact.segment, fact.position) for fact in batch.facts]
        if tail.is_caught_up:
            break

    assert seen == whole
    assert len(whole) > 100


def test_a_fold_that_stops_in_the_middle_of_a_pack_goes_on_there(packed, monkeypatch):
    monkeypatch.setattr("dagy_nb.store.tail.BUDGET", 3_000)
    monkeypatch.setattr("dagy_nb.store.tail.Tail.read.__defaults__", (3_000,))
    before = dump_store(packed)
    forget_tables(packed)
    store = open_store(packed)
    asked = iter([False, False, True])
    with hold_fold_lock(store.place, wait=1):
        report = fold_journal(store.place, store._journal, should_stop=lambda: next(asked, True))
    store.close()

    assert 0 < report.facts < 100
    assert dump_store(packed) == before
    fold(packed)
    assert dump_store(packed) == before


@pytest.mark.parametrize(("days", "left"), [(None, 1), (3.0, 1), (1.0, 0)])
def test_packs_are_kept_as_long_as_it_is_asked_for(packed, days, left):
    fold(packed)
    let_rest(packed, hours=48)
    before = dump_store(packed)

    fold(packed, keep_days=days)

    assert list_files(packed) == (0, left)
    record(packed, 20)
    fold(packed, keep_days=days)
    store = open_store(packed)
    found = dump_exactly(store.connect())
    assert len(found["runs"]) == len(before["runs"]) + 1
    store.close()


def test_a_request_to_cancel_is_heard_though_its_segment_may_be_packed(folder):
    """Whoever watches has read it long before: a segment rests for an hour first."""
    record(folder, *range(9))
    running = open_store(folder)
    running.append(*begin_run("run-9999", "a", at=NOON + 99))
    assert running.cancel_requested("run-9999") is None
    let_rest(folder)
    other = open_store(folder)
    other.append(CancelRequested(at=NOON + 100, run_id="run-9999", by="you"))
    other.close()

    fold(folder)

    assert list_files(folder) == (2, 1)
    assert running.cancel_requested("run-9999") == ()
    running.close()


def test_readers_and_writers_go_on_while_segments_are_packed(folder):
    """Some threads record and read all the time; folds pack whatever is over at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packs, "REST", -1.0)
        reader, errors = open_store(folder), []
        done = threading.Event()

        def read() -> None:
            best = 0
            while not done.is_set():
                found = len(reader.runs(limit=1000).runs)
                if found < best:
                    errors.append(f"from {best} to {found}")
                best = found

        thread = threading.Thread(target=read)
        thread.start()
        try:
            for start in range(0, 60, 10):
                record(folder, *range(start, start + 10))
                fold(folder)
        finally:
            done.set()
            thread.join()

    assert errors == []
    assert len(reader.runs(limit=1000).runs) == 60
    assert list_files(folder)[1] >= 4
    reader.close()
    assert len(dump_store(folder)["runs"]) == 60


def test_versions_and_notebook_runs_are_packed_like_all_else(folder):
    store, flow = open_store(folder), make_flow()
    store.append(see_flow(flow), *notebook_run("run-0100", at=NOON + 100))
    store.publish_flow(flow, node_versions={"Work": "v1"}, author="ada")
    store.close()
    record(folder, *range(8))
    let_rest(folder)
    fold(folder)
    forget_tables(folder)

    store = open_store(folder)
    assert [cell.cell_id for cell in store.run("run-0100").cells] == ["c0", "c1"]
    assert (store.flow_version("delays").version, store.flow_version("delays").author) == (1, "ada")
    store.close()

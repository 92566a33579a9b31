"""Folding: the same tables however often and in whatever portions; what only the fold can say."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dagy_nb.model.event import Event
from dagy_nb.store.folding import fold_journal, hold_fold_lock
from dagy_nb.store.journal import Journal
from dagy_nb.store.journal_store import JournalStore
from dagy_nb.store.place import Place
from tests.store.facts import (
    NOON,
    ROOT,
    TurnedClock,
    begin_run,
    failed_run,
    make_flow,
    notebook_run,
    run_node,
    see_flow,
    see_node,
    whole_run,
)
from tests.store.oracle import check_against_journal, dump, dump_exactly

FLOW = make_flow()
FACTS: list[Event] = [
    see_node(),
    *whole_run("run-0001", "a", "b", flow=FLOW),
    *failed_run("run-0002", at=NOON + 10),
    *notebook_run("run-0003", at=NOON + 20),
    *begin_run("run-0004", "x", "y", at=NOON + 30),
    *run_node("run-0004", "x", at=NOON + 30),
]


def open_store(folder: Path) -> JournalStore:
    return JournalStore(folder, TurnedClock(), fold_after=None)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory):
    store = open_store(tmp_path_factory.mktemp("once") / ".dagy")
    store.append(*FACTS)
    found = dump(store.connect())
    store.close()
    return found


# each example folds many times: do not spend minutes on making a failing one smaller
@pytest.mark.timeout(180)
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(random=st.randoms(use_true_random=False), processes=st.integers(1, 4))
def test_any_portions_of_any_interleaving_give_the_tables_of_one_fold(
    expected, random: random.Random, processes: int
):
    """Facts of one run come from several processes, in any order, with folds at any moment."""
    facts = FACTS.copy()
    random.shuffle(facts)
    with tempfile.TemporaryDirectory() as name:
        stores = [open_store(Path(name) / ".dagy") for _ in range(processes)]
        for fact in facts:
            random.choice(stores).append(fact)
            if random.random() < 0.08:
                assert random.choice(stores).fold(publish=random.random() < 0.5)
        live = dump(stores[0].connect())
        for store in stores:
            assert store.fold()
        folded = dump(duckdb.connect(str(Path(name) / ".dagy" / "runs.duckdb"), read_only=True))
        for store in stores:
            store.close()

    assert live == expected
    assert folded == expected


def test_folding_twice_changes_nothing(tmp_path):
    store = open_store(tmp_path)
    store.append(see_flow(FLOW), *FACTS)
    store.fold()
    first = dump_exactly(store.connect())
    published = (tmp_path / "runs.duckdb").stat().st_ino

    store.fold()

    assert dump_exactly(store.connect()) == first
    assert (tmp_path / "runs.duckdb").stat().st_ino == published
    store.close()


def test_folding_everything_anew_gives_the_same_tables(tmp_path):
    """Numbers of versions and ends of crashed runs are facts of the journal like all others."""
    first, second = open_store(tmp_path), open_store(tmp_path)
    flows = [make_flow(month=month) for month in range(3)]
    second.append(see_flow(flows[2], at=NOON + 3), *begin_run("run-dead", "a", "b", flow=flows[2]))
    second.append(*run_node("run-dead", "a")[:2])
    first.append(*FACTS, see_flow(flows[0], at=NOON + 2))
    first.fold()
    second.close()
    first.append(see_flow(flows[1], at=NOON + 1))
    first.publish_flow(FLOW, node_versions={"Work": "v1"}, author="ada")
    first.fold()
    before = dump_exactly(first.connect())
    first.close()

    for name in ("base.duckdb", "snap.duckdb", "runs.duckdb"):
        (tmp_path / name).unlink()
    again = open_store(tmp_path)

    assert {row[1] for row in before["flow_versions"]} == {1, 2, 3, 4}
    assert again.run("run-dead").nodes["a"].reason == "crashed"
    found = dump_exactly(again.connect())
    again.close()
    # closed for good now, so the run that was still going on has crashed as well
    assert {
        name: rows for name, rows in found.items() if name not in {"runs", "node_runs", "events"}
    } == {
        name: rows for name, rows in before.items() if name not in {"runs", "node_runs", "events"}
    }
    assert [row for row in found["runs"] if "run-0004" not in row] == [
        row for row in before["runs"] if "run-0004" not in row
    ]
    assert [row for row in found["node_runs"] if "run-0004" not in row] == [
        row for row in before["node_runs"] if "run-0004" not in row
    ]


def test_a_fold_of_many_portions_is_the_same(tmp_path, monkeypatch, expected):
    monkeypatch.setattr("dagy_nb.store.tail.BUDGET", 600)
    monkeypatch.setattr("dagy_nb.store.tail.Tail.read.__defaults__", (600,))
    monkeypatch.setattr("dagy_nb.store.scan.CHUNK", 500)
    store = open_store(tmp_path)
    store.append(*FACTS)

    store.fold()

    assert dump(store.connect()) == expected
    store.close()


def test_a_run_of_a_dead_process_is_marked(tmp_path):
    dying, folding = open_store(tmp_path), open_store(tmp_path)
    dying.append(*begin_run("run-0001", "a", "b", "c"), *run_node("run-0001", "a"))
    dying.append(*run_node("run-0001", "b", at=NOON + 0.1)[:3])
    folding.fold()
    alive = folding.run("run-0001")

    dying.close()
    folding.fold()

    run = folding.run("run-0001")
    assert (alive.state, alive.nodes["b"].state) == ("RUNNING", "RUNNING")
    assert (run.state, run.error.code, run.ended_at) == ("FAILED", "run.crashed", NOON + 0.13)
    assert [(node.state, node.reason) for node in run.nodes.values()] == [
        ("COMPLETED", None),
        ("FAILED", "crashed"),
        ("CANCELLED", None),
    ]
    assert "process" in run.error.message
    marked = (
        folding.connect().execute("SELECT count(*) FROM events WHERE kind = 'run_ended'").fetchone()
    )
    folding.fold()
    again = (
        folding.connect().execute("SELECT count(*) FROM events WHERE kind = 'run_ended'").fetchone()
    )
    assert marked == again == (1,)
    folding.close()


def test_a_dead_run_is_seen_as_such_before_anybody_folds(tmp_path):
    dying, reading = open_store(tmp_path), open_store(tmp_path)
    dying.append(*begin_run("run-0001", "a"), *begin_run("run-0002", "a"))
    reading.fold()
    dying.append(*begin_run("run-0003", "a"))
    before = [run.state for run in reading.runs().runs]

    dying.close()

    assert before == ["RUNNING"] * 3
    assert [reading.run(f"run-000{number}").state for number in (1, 2, 3)] == ["FAILED"] * 3
    reading.close()


def test_a_node_whose_end_was_lost_ends_with_its_process(tmp_path):
    """A damaged line took the end of a node, its run ended well: nothing stays RUNNING for ever."""
    dying, folding = open_store(tmp_path), open_store(tmp_path)
    facts = whole_run("run-0001", "a", "b")
    dying.append(
        *[fact for fact in facts if not (fact.kind == "node_ended" and fact.node_id == "b")]
    )
    folding.fold()
    dying.close()
    folding.fold()

    run = folding.run("run-0001")

    assert (run.state, run.nodes["b"].state, run.nodes["b"].reason) == (
        "COMPLETED",
        "FAILED",
        "crashed",
    )
    folding.close()


def test_cells_of_a_dead_process_end_too(tmp_path):
    dying, folding = open_store(tmp_path), open_store(tmp_path)
    dying.append(*notebook_run("run-0001")[:-2])
    dying.close()
    folding.fold()

    assert [cell.state for cell in folding.run("run-0001").cells] == ["COMPLETED", "FAILED"]
    folding.close()


STEPS = [
    "staged",
    "merged",
    "committed",
    "said",
    "closed",
    "copied snap.duckdb",
    "published snap.duckdb",
    "copied runs.duckdb",
    "published runs.duckdb",
]
KILLER = """
import os, sys
from pathlib import Path
from dagy_nb.store.folding import fold_journal, hold_fold_lock
from dagy_nb.store.journal import Journal
from dagy_nb.store.place import Place
from tests.store.facts import TurnedClock
place, wanted, times = Place(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
def step(name):
    global times
    times -= name == wanted
    if name == wanted and times == 0:
        os._exit(42)
with hold_fold_lock(place, wait=5):
    fold_journal(place, Journal(place, TurnedClock()), publish_now=True, on_step=step)
"""


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("step", STEPS)
def test_a_fold_killed_at_any_step_is_made_good(tmp_path, step, times):
    """Killed in the first fold of a store, or in a later one of the same fold."""
    dead, store = open_store(tmp_path), open_store(tmp_path)
    store.append(*whole_run("run-0001"))
    if times == 2:
        store.fold()
        times = 1
    dead.append(*begin_run("run-dead", "a"))
    dead.close()
    store.append(see_flow(FLOW), *FACTS[1:])

    killed = subprocess.run(
        [sys.executable, "-c", KILLER, str(tmp_path), step, str(times)], cwd=ROOT, check=False
    )
    live = store.connect()
    assert live.execute("SELECT count(*) FROM runs").fetchone() == (5,)
    store.fold()

    assert killed.returncode == 42
    for connection in (
        store.connect(),
        duckdb.connect(str(tmp_path / "runs.duckdb"), read_only=True),
    ):
        check_against_journal(store.place, connection)
        assert connection.execute(
            "SELECT state FROM runs WHERE run_id = 'run-dead'"
        ).fetchone() == ("FAILED",)
        assert connection.execute("SELECT version FROM flow_versions").fetchall() == [(1,)]
        connection.close()
    assert list(tmp_path.glob("quarantine-*")) == []
    store.close()


def test_a_fold_can_be_asked_to_stop_between_portions(tmp_path):
    place = Place(tmp_path)
    journal = Journal(place, TurnedClock())
    journal.append(FACTS)
    with hold_fold_lock(place, wait=1) as held:
        report = fold_journal(place, journal, should_stop=lambda: True)
        later = fold_journal(place, journal)

    assert held
    assert (report.facts, report.is_caught_up) == (0, False)
    assert (later.facts, later.is_caught_up) == (len(FACTS), True)
    journal.close()


def test_only_one_folds_at_a_time(tmp_path):
    store = open_store(tmp_path)
    store.append(*whole_run("run-0001"))
    with hold_fold_lock(store.place, wait=1):
        refused = store.fold()
        read = store.connect().execute("SELECT state FROM runs").fetchall()
        written = store.append(*whole_run("run-0002"))

    assert refused is False
    assert read == [("COMPLETED",)]
    assert written is None
    assert store.fold()
    store.close()

"""The crash campaign: processes are killed at random; nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from dagy_nb.store.journal_store import JournalStore
from dagy_nb.store.tail import list_journal
from tests.store.crash_roles import pause
from tests.store.facts import TurnedClock
from tests.store.oracle import check_against_journal

SECONDS = float(os.environ.get("DAGY_CRASH_SECONDS", "10"))
CAST = ["write", "write", "write", "fold", "view", "use"]
WEIGHTS = [3, 3, 3, 2, 1, 1]
"""How often each is killed: a fold needs a while to begin where the machine is busy."""


def begin(role: str, folder: Path, side: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.store.crash_roles", role, str(folder), str(side)],
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    )


def play(folder: Path, side: Path) -> Counter[str]:
    """Kill and begin anew, in random order, until the time is over and everybody did something."""
    running = {number: begin(role, folder, side) for number, role in enumerate(CAST)}
    killed: Counter[str] = Counter()
    begun = time.monotonic()
    try:
        while time.monotonic() < begun + SECONDS or (
            time.monotonic() < begun + 4 * SECONDS and min(count_deeds(side).values()) <= 3
        ):
            pause(random.uniform(0.2, 1.0))
            spared = find_idle(side) if time.monotonic() > begun + SECONDS else frozenset()
            weights = [0 if CAST[number] in spared else WEIGHTS[number] for number in running]
            (number,) = random.choices(list(running), weights)
            victim = running[number]
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            killed[CAST[number]] += 1
            running[number] = begin(CAST[number], folder, side)
    finally:
        for each in running.values():
            each.kill()
            each.wait()
    return killed


def read_lines(side: Path, name: str) -> list[str]:
    path = side / name
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def count_deeds(side: Path) -> dict[str, int]:
    return {name: len(read_lines(side, name)) for name in ("folds", "views", "uses")}


def find_idle(side: Path) -> frozenset[str]:
    """Who has not done enough yet: after the time is over, they are left alone until they have."""
    return frozenset(
        name.removesuffix("s") for name, done in count_deeds(side).items() if done <= 3
    )


def find_lost(acknowledged: list[str], connection: duckdb.DuckDBPyConnection) -> list[str]:
    """What was acknowledged and is not in the tables."""
    runs = dict(connection.execute("SELECT run_id, state FROM runs").fetchall())
    nodes = {
        f"{run_id}/{node_id}": state
        for run_id, node_id, state in connection.execute(
            "SELECT run_id, node_id, state FROM node_runs"
        ).fetchall()
    }
    lines = {text for (text,) in connection.execute("SELECT text FROM logs").fetchall()}
    there = {
        "begun": lambda what: what in runs,
        "ended": lambda what: runs.get(what) == "COMPLETED",
        "node": lambda what: nodes.get(what) == "COMPLETED",
        "line": lambda what: what in lines,
    }
    return [line for line in acknowledged if not there[line.split()[0]](line.split()[1])]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no signals of this kind")
@pytest.mark.timeout(int(SECONDS * 4 + 120))
def test_nothing_acknowledged_is_lost_or_doubled_whoever_is_killed(tmp_path):
    folder, side = tmp_path / ".dagy", tmp_path / "side"
    side.mkdir()
    killed = play(folder, side)
    acknowledged = read_lines(side, "acknowledged")
    store = JournalStore(folder, TurnedClock(), fold_after=None)
    assert store.fold(wait=10)
    connection = store.connect()

    done = count_deeds(side)
    packs = len(list_journal(store.place)[1])
    print(
        f"\n{sum(killed.values())} killed {dict(killed)}, {len(acknowledged)} facts acknowledged, {done}, {packs} packs"
    )

    assert read_lines(side, "errors") == []
    assert find_lost(acknowledged, connection) == []
    check_against_journal(store.place, connection)
    (doubled,) = connection.execute("SELECT count(*) - count(DISTINCT text) FROM logs").fetchone()
    assert doubled == 0
    assert connection.execute(
        "SELECT count(*) FROM runs WHERE state IN ('QUEUED', 'RUNNING')"
    ).fetchone() == (0,)
    crashed = connection.execute(
        "SELECT count(*) FROM runs WHERE error_code = 'run.crashed'"
    ).fetchone()[0]
    assert crashed <= killed["write"] + CAST.count("write")
    assert all(
        what == "torn" for (what,) in connection.execute("SELECT what FROM damage").fetchall()
    )
    assert list(folder.glob("quarantine-*")) == []
    with duckdb.connect(str(folder / "runs.duckdb")) as user:
        check_against_journal(store.place, user)
    for path in folder.glob("*.duckdb"):
        path.unlink()
    with store.connect() as anew:
        check_against_journal(store.place, anew)
        assert find_lost(acknowledged, anew) == []
    # a campaign in which nothing happened proves nothing
    assert len(acknowledged) > 100
    assert min(done.values()) > 3
    assert sum(killed.values()) >= SECONDS / 2
    assert packs or SECONDS < 10
    store.close()

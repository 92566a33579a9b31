"""Several processes at one store: they see each other, and exactly one of them wins."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dagy_nb.store.background import FoldSoon
from dagy_nb.store.journal_store import JournalStore
from dagy_nb.store.publish import is_up_to_date
from tests.store.facts import (
    ROOT,
    TurnedClock,
    begin_run,
    end_run,
    make_flow,
    run_node,
    wait_until,
    whole_run,
)

PREAMBLE = """
import json, os, sys
from pathlib import Path
from dagy_nb.errors import ConflictError
from dagy_nb.store.journal_store import JournalStore
from tests.store.facts import *
folder = Path(sys.argv[1])
def open_store(**options):
    return JournalStore(folder, TurnedClock(), **options)
"""


def start(script: str, folder: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + script, str(folder), *more],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


PUBLISH = """
store = open_store(fold_after=None)
print("ready", flush=True)
sys.stdin.readline()
try:
    made = store.publish_flow(make_flow(month=int(sys.argv[2])), node_versions={}, expected=1)
    print(json.dumps(["published", made.version]))
except ConflictError as error:
    print(json.dumps(["conflict", error.code]))
"""


def test_of_processes_that_publish_on_one_version_exactly_one_wins(tmp_path):
    store = JournalStore(tmp_path, TurnedClock(), fold_after=None)
    store.publish_flow(make_flow(month=0), node_versions={})
    processes = [start(PUBLISH, tmp_path, str(month)) for month in range(1, 5)]
    for each in processes:
        assert each.stdout.readline() == "ready\n"
    for each in processes:
        each.stdin.write("\n")
        each.stdin.flush()
    answers = sorted(json.loads(each.communicate()[0]) for each in processes)

    assert answers == [["conflict", "store.conflict"]] * 3 + [["published", 2]]
    assert [each.version for each in store.flow_versions("delays")] == [2, 1]
    assert store.connect().execute("SELECT count(*) FROM audit").fetchone() == (2,)
    store.close()


PUBLISH_MANY = """
store = open_store(fold_after=None)
numbers = [
    store.publish_flow(make_flow(month=number, who=sys.argv[2]), node_versions={}).version
    for number in range(5)
]
print(json.dumps(numbers))
"""


def test_numbers_are_given_once_whoever_publishes(tmp_path):
    processes = [start(PUBLISH_MANY, tmp_path, who) for who in "abc"]
    numbers = [number for each in processes for number in json.loads(each.communicate()[0])]

    assert sorted(numbers) == list(range(1, 16))


RUN = """
store = open_store(fold_after=None)
store.append(*begin_run("run-0001", "a", "b"), *run_node("run-0001", "a"))
print("half", flush=True)
sys.stdin.readline()
store.append(*run_node("run-0001", "b", at=NOON + 0.1), *end_run("run-0001"))
print("whole", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("folds", [False, True])
def test_another_process_reads_while_a_run_goes_on(tmp_path, folds):
    store = JournalStore(tmp_path, TurnedClock(), fold_after=None)

    def look() -> tuple[object, ...]:
        if folds:
            store.fold()
        connection = store.connect()
        states = connection.execute("SELECT state FROM node_runs ORDER BY node_id").fetchall()
        return (
            *connection.execute("SELECT state FROM runs").fetchone(),
            *[state for (state,) in states],
        )

    with start(RUN, tmp_path) as running:
        assert running.stdout.readline() == "half\n"
        half = look()
        running.stdin.write("\n")
        running.stdin.flush()
        assert running.stdout.readline() == "whole\n"
        whole = look()
        running.communicate("\n")

    assert half == ("RUNNING", "COMPLETED", "PENDING")
    assert whole == ("COMPLETED", "COMPLETED", "COMPLETED")
    store.close()


def test_a_killed_process_is_found_dead_and_a_stopped_one_is_not(tmp_path):
    import signal

    store = JournalStore(tmp_path, TurnedClock(), fold_after=None)
    with start(RUN, tmp_path) as running:
        assert running.stdout.readline() == "half\n"
        os.kill(running.pid, signal.SIGSTOP)
        store.fold()
        stopped = store.run("run-0001").state
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        killed = store.run("run-0001").state

    assert (stopped, killed) == ("RUNNING", "FAILED")
    store.close()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_uses_the_store_on_its_own(tmp_path):
    store = JournalStore(tmp_path, TurnedClock(), fold_after=None)
    store.append(*begin_run("run-0001", "a"))
    store.fold()
    assert store.run("run-0001").state == "RUNNING"

    child = os.fork()
    if child == 0:
        try:
            store.append(*whole_run("run-0002"))
            os._exit(0 if store.run("run-0001").state == "RUNNING" else 3)
        except BaseException:
            os._exit(4)
    _, status = os.waitpid(child, 0)
    store.append(*run_node("run-0001", "a"), *end_run("run-0001"))

    assert os.waitstatus_to_exitcode(status) == 0
    assert {run.run_id: run.state for run in store.runs().runs} == {
        "run-0001": "COMPLETED",
        "run-0002": "COMPLETED",
    }
    store.close()


def test_the_end_of_a_run_is_folded_soon_without_anybody_reading(tmp_path):
    store = JournalStore(tmp_path, TurnedClock(), fold_after=0.01)
    store.append(*begin_run("run-0001", "a"))
    begun = store.place.base.exists()

    store.append(*run_node("run-0001", "a"), *end_run("run-0001"))

    assert not begun
    wait_until(lambda: is_up_to_date(store.place))
    store.append(*whole_run("run-0002"))  # published after the pause, by the same thread
    wait_until(lambda: store.fold(publish=False) and is_up_to_date(store.place))
    store.close()


def test_recording_does_not_wait_for_a_fold(tmp_path):
    from dagy_nb.store.folding import hold_fold_lock

    store = JournalStore(tmp_path, TurnedClock(), fold_after=0.0)
    with hold_fold_lock(store.place, wait=1):
        for number in range(20):
            store.append(*whole_run(f"run-{number:04d}"), durable=True)
        assert not store.place.base.exists()
    store.close()


def test_a_fold_waits_until_nothing_is_recorded_for_a_moment(tmp_path):
    store = JournalStore(tmp_path, TurnedClock(), fold_after=0.3)
    ends = time.monotonic() + 1.5
    store.append(*whole_run("run-0000"))
    count = itertools.count(1)

    # Each of these would wait for the interpreter while a fold goes on beside it.
    wait_until(
        lambda: store.append(*whole_run(f"run-{next(count):04d}")) or time.monotonic() > ends
    )
    folded_meanwhile = store.place.base.exists()

    assert not folded_meanwhile
    wait_until(lambda: is_up_to_date(store.place))
    store.close()


EXIT = """
import time
store = open_store(fold_after={after})
store.append(*whole_run("run-0001"))
print(time.monotonic(), "duckdb" in sys.modules, flush=True)
"""


@pytest.mark.parametrize("after", ["60.0", "0.0", "0.05"])
def test_the_interpreter_exits_cleanly_whatever_the_fold_is_at(tmp_path, after):
    script = EXIT.replace("{after}", after)
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + script, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    if after == "60.0":  # it does not wait for its thread, and recording needs no DuckDB
        ended, has_duckdb = done.stdout.split()
        assert time.monotonic() - float(ended) < 5
        assert has_duckdb == "False"


def test_a_fold_that_fails_does_not_end_the_next_ones():
    from dagy_nb.errors import StoreError

    calls = []

    def fold(should_stop: Callable[[], bool]) -> float | None:
        calls.append(should_stop())
        if len(calls) == 1:
            raise StoreError("no room", code="store.full")
        return 0.001 if len(calls) < 4 else None

    soon = FoldSoon(fold, delay=0.001)
    soon.wake()
    wait_until(lambda: len(calls) == 1)
    soon.wake()
    wait_until(lambda: len(calls) >= 4)
    soon.stop()
    soon.wake()

    assert calls[:4] == [False] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork_folds_too_while_its_parent_does(tmp_path):
    script = """
import os, sys, threading
from dagy_nb.store.background import FoldSoon
parent, folded = os.getpid(), threading.Event()
def fold(should_stop):
    if os.getpid() != parent:
        folded.set()
        return None
    return 60.0
soon = FoldSoon(fold, delay=0.001)
soon.wake()
child = os.fork()
if child == 0:
    soon.wake()
    os._exit(0 if folded.wait(20) else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert (
        subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=False).returncode == 0
    )


def test_importing_the_room_loads_neither_duckdb_nor_filelock():
    script = "import sys, dagy_nb.store, dagy_nb.store.journal_store, dagy_nb.store.memory; print([n for n in ('duckdb', 'filelock', 'psutil') if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"

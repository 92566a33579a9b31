"""The process runner: limits, stops and the end of the whole process leave nothing behind."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from dagy_nb.runners.process import ProcessRunner
from dagy_nb.runners.processcall import SupervisedCall
from dagy_nb.runners.worker.guard import POLITE_SECONDS, SLACK
from dagy_nb.runners.workers import WorkerPool
from tests.runners import process_victims as p
from tests.runners import victims as v
from tests.runners.processes import list_below, run, tell_process
from tests.victims.watching import GRACE, Watch, freeze, is_alive, wait_until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def runner():
    made = ProcessRunner(slots=2)
    yield made
    made.close()


# --- ends ------------------------------------------------------------------------------------------


def test_the_guard_ends_a_body_at_its_limit_where_nobody_else_does(runner):
    ear, live = v.begin(runner, v.call_of(p.sleep, timeout=0.3))
    assert ear.begun.wait(v.PATIENCE)
    began = time.monotonic()
    (worker,) = [
        each
        for each in runner.workers.workers
        if psutil.Process(each.guard_pid).children() and each is live._worker
    ]
    (body,) = psutil.Process(worker.guard_pid).children()

    assert wait_until(lambda: not is_alive(body), 5)
    late = time.monotonic() - began - 0.3
    assert not ear.over.is_set(), "only the driver may say that the limit was passed"
    live.stop()

    assert late < 0.75
    assert ear.over.wait(v.PATIENCE)
    assert ear.stops == ["killed"]


def test_a_guard_leaves_a_busy_machine_half_of_the_time_for_the_kill():
    assert max(SLACK, POLITE_SECONDS) <= GRACE / 2


@pytest.mark.parametrize("victim", [p.sleep, p.SlowHook], ids=["plain", "with a hook"])
def test_a_body_is_gone_soon_after_its_limit_though_this_process_is_frozen(runner, victim):
    limit, inputs = 0.4, {"value": 1} if victim is p.SlowHook else {}
    watch = Watch()
    tell_process(runner)
    ear, live = v.begin(runner, v.call_of(victim, inputs, timeout=limit))
    assert ear.begun.wait(v.PATIENCE)
    began = time.time()
    watch.add("body", psutil.Process(live._worker.guard_pid).children())

    freeze(limit + 2)
    woken = time.time()

    live.stop()
    assert watch.wait(v.PATIENCE)
    assert watch.end() == {"body": []}
    assert began + limit + SLACK / 2 < watch.gone_at["body"] < woken
    assert ear.over.wait(v.PATIENCE)
    assert ear.stops == ["killed"]


def test_a_body_that_was_asked_to_end_is_gone_soon_though_this_process_is_frozen(runner):
    watch = Watch()
    ear, live = v.begin(runner, v.call_of(p.SlowHook, {"value": 1}))
    assert ear.entered.wait(v.PATIENCE)
    watch.add("body", psutil.Process(live._worker.guard_pid).children())
    asked = time.time()

    live.stop()
    freeze(2)
    woken = time.time()

    assert watch.wait(v.PATIENCE)
    watch.end()
    assert asked + POLITE_SECONDS - 0.05 < watch.gone_at["body"] < woken
    assert ear.over.wait(v.PATIENCE)
    assert ear.stops == ["killed"]


def test_a_limit_does_not_cut_the_time_of_a_hook(runner):
    """The guard would end the body soon after its limit; it was asked to end right before that."""
    limit = 0.4
    for _ in range(10):
        watch = Watch()
        ear, live = v.begin(runner, v.call_of(p.SlowHook, {"value": 1}, timeout=limit))
        assert ear.begun.wait(v.PATIENCE)
        began = time.time()
        watch.add("body", psutil.Process(live._worker.guard_pid).children())
        assert ear.entered.wait(v.PATIENCE)
        threading.Event().wait(max(0, began + limit + SLACK / 2 - time.time()))

        asked = time.time()
        live.stop()

        assert ear.over.wait(v.PATIENCE)
        watch.end()
        if asked - began < limit + SLACK * 0.75:
            break

    assert watch.gone_at["body"] - asked > POLITE_SECONDS - 0.05
    assert ear.lines == [("STDOUT", "tidying up")]


def test_a_hook_that_does_not_end_is_given_a_quarter_of_a_second(runner):
    ear, live = v.begin(runner, v.call_of(p.SlowHook, {"value": 1}))
    assert ear.entered.wait(v.PATIENCE)
    began = time.monotonic()

    assert live.stop() == "killing"
    assert ear.over.wait(v.PATIENCE)

    assert 0.2 < time.monotonic() - began < 1.0
    assert ear.stops == ["killed"]
    assert ear.lines == [("STDOUT", "tidying up")]


def test_a_stop_at_any_moment_ends_a_call_once(runner):
    """While a worker starts, reads, runs, answers: always one end, and the runner goes on."""
    wake = threading.Event()
    ends = []
    for number in range(30):
        ear, live = v.begin(runner, v.call_of(p.sleep, config={"seconds": 0.01}))
        wake.wait(number * 0.001)
        how = live.stop()
        live.stop()
        if how != "cancelled":
            assert ear.over.wait(v.PATIENCE)
        ends.append((how, len(ear.stops) + len(ear.outcomes)))

    assert {(how, count) for how, count in ends} <= {("cancelled", 0), ("killing", 1)}
    assert run(runner, v.Adder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}


@pytest.mark.parametrize("seconds", [0.0, 0.002, 0.01, 0.05])
def test_a_call_that_is_stopped_while_its_input_is_on_the_way_ends(runner, seconds):
    ear, live = v.begin(runner, v.call_of(p.echo, {"value": bytearray(200_000_000)}))
    threading.Event().wait(seconds)

    how = live.stop()

    assert how == "cancelled" or ear.over.wait(v.PATIENCE)
    assert run(runner, v.Adder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.03, 0.06])
def test_a_worker_that_dies_while_its_output_is_on_the_way_is_a_crash_or_all_came(runner, seconds):
    before = set(psutil.Process(tell_process(runner)).children())
    ear, live = v.begin(runner, v.call_of(p.flood_and_return, config={"megabytes": 100}))
    assert ear.begun.wait(v.PATIENCE)
    threading.Event().wait(seconds)
    worker = live._worker
    if worker is not None:
        for each in psutil.Process(worker.guard_pid).children():
            each.kill()

    outcome = ear.outcome

    assert before is not None
    if outcome.error is None:
        assert len(outcome.outputs["output"]) == 100_000_000
    else:
        assert outcome.error.code == "runner.worker_died"


def test_a_call_that_goes_on_when_the_runner_is_closed_ends():
    made = ProcessRunner(slots=2)
    calls = [v.begin(made, v.call_of(p.sleep)) for _ in range(2)]
    assert all(ear.begun.wait(v.PATIENCE) for ear, _ in calls)

    made.close()

    assert [ear.outcome.error.code for ear, _ in calls] == ["runner.closed"] * 2
    assert all(ear.outcome.crashed for ear, _ in calls)
    with pytest.raises(Exception, match="closed"):
        made.start(v.call_of(v.Adder), v.Ear())


def test_a_supervised_call_can_be_told_to_stop_by_a_question():
    """As inside of a Dask task: blocking, with a flag that somebody else sets."""
    workers = WorkerPool(slots=1)
    ear, wanted = v.Ear(), threading.Event()
    threading.Timer(0.5, wanted.set).start()
    try:
        SupervisedCall(v.call_of(p.sleep), ear, workers).run(should_stop=wanted.is_set)
    finally:
        workers.close()

    assert ear.stops == ["killed"]


def test_nothing_leaks():
    def count():
        gc.collect()
        return {
            "pipes": len(list(Path("/proc/self/fd").iterdir())),
            "threads": threading.active_count(),
            "processes": len(list_below()),
        }

    before = count()
    made = ProcessRunner(slots=2)
    for number in range(200):
        outcome = run(made, v.Adder, {"a": number, "b": 1}).outcome
        assert outcome.outputs == {"total": number + 1}
    for _ in range(5):
        ear, live = v.begin(made, v.call_of(v.Spinner))
        assert ear.begun.wait(v.PATIENCE)
        live.stop()
        assert ear.over.wait(v.PATIENCE)
    made.close()

    assert wait_until(lambda: count()["processes"] <= before["processes"], v.PATIENCE)
    assert wait_until(lambda: count()["threads"] <= before["threads"], v.PATIENCE)
    assert count()["pipes"] <= before["pipes"] + 1


# --- the end of this process -----------------------------------------------------------------------

SCRIPT = """
import os, sys, time
sys.path.insert(0, {root!r})
from dagy_nb.runners.process import ProcessRunner
from tests.runners import process_victims as p, victims as v
runner = ProcessRunner(slots=2)
calls = [v.begin(runner, v.call_of(p.sleep)) for _ in range(2)]
assert all(ear.begun.wait(30) for ear, _ in calls)
{more}
import psutil
print(*[each.pid for each in psutil.Process().children(recursive=True)], flush=True)
{end}
"""
ROOT = str(Path(__file__).resolve().parents[2])


def begin_script(end, more=""):
    started = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(root=ROOT, end=end, more=more)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    pids = [int(each) for each in started.stdout.readline().split()]
    return started, [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]


def test_the_interpreter_ends_cleanly_with_busy_workers():
    started, below = begin_script(end="sys.stdin.read()")  # not before they were looked at
    out, err = started.communicate(timeout=30)

    assert (started.returncode, out, err) == (0, "", "")
    assert len(below) >= 4
    assert wait_until(lambda: not any(map(is_alive, below)), 1)


def test_nothing_outlives_a_process_that_is_killed_even_where_a_fork_of_it_holds_its_pipes():
    fork = "fork = os.fork()\nif not fork: time.sleep(600)"
    started, below = begin_script(end="time.sleep(600)", more=fork)
    forks = [each for each in below if each.ppid() == started.pid and not each.children()]
    rest = [each for each in below if each not in forks]
    assert len(forks) == 1
    assert len(rest) >= 4

    started.kill()

    assert wait_until(lambda: not any(map(is_alive, rest)), 1), rest
    forks[0].kill()
    started.communicate()

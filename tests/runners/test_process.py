"""The process runner: what a body does to its process harms nobody else, and nothing of it stays."""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import psutil
import pytest

from dagy_nb.runners.process import ProcessRunner
from dagy_nb.runners.processcall import SupervisedCall
from dagy_nb.runners.workers import WorkerPool
from tests.runners import process_victims as p
from tests.runners import victims as v
from tests.victims.watching import is_alive, wait_until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def runner():
    made = ProcessRunner(slots=2)
    yield made
    made.close()


def run(runner, node_class, inputs=None, **fields):
    return v.run(runner, node_class, inputs, **fields)


def tell_process(runner):
    return run(runner, p.tell_process).outcome.outputs["output"]


def list_below():
    return [each for each in psutil.Process().children(recursive=True) if is_alive(each)]


# --- deaths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("victim", "words"),
    [
        (p.leave, "ended with the exit code 3"),
        (p.break_memory, "was killed by the signal SIGSEGV"),
        (p.kill_itself, "was killed by the signal SIGKILL"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_body_that_ends_its_process_has_crashed_and_others_go_on(runner, victim, words):
    sibling, _ = v.begin(runner, v.call_of(p.sleep, config={"seconds": 0.5}))

    outcome = run(runner, victim).outcome

    assert outcome.crashed
    assert (outcome.error.type, outcome.error.code) == ("WorkerDied", "runner.worker_died")
    assert words in outcome.error.message
    assert outcome.error.suggestion
    assert sibling.outcome.outputs == {"output": 0.5}
    assert run(runner, v.Adder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}


def test_last_words_of_a_body_that_dies_are_heard(runner):
    ear = run(runner, p.break_memory)

    assert ear.lines == [("STDOUT", "last words"), ("STDOUT", "written to the descriptor")]


def test_a_body_that_takes_too_much_memory_is_ended_and_told_why(runner):
    outcome = run(runner, p.grow, memory_mb=400).outcome

    assert outcome.crashed
    assert outcome.error.code == "runner.out_of_memory"
    taken, limit = (
        float(word.replace(",", "")) for word in outcome.error.message.split() if word[0].isdigit()
    )
    assert limit == 400
    assert 400 < taken < 1_500


def test_memory_that_forked_processes_share_counts_once(runner):
    ear = run(runner, p.share_block, memory_mb=450)

    assert ear.outcome.outputs == {"output": 150_000_000}


def test_a_worker_that_somebody_kills_while_it_waits_is_replaced(runner):
    idle = psutil.Process(tell_process(runner))

    idle.kill()
    idle.wait(5)

    assert run(runner, v.Adder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}


def test_a_worker_whose_guard_dies_dies_too(runner):
    ear, _ = v.begin(runner, v.call_of(p.leave_processes))
    ear.over.wait(v.PATIENCE)
    ear, _ = v.begin(runner, v.call_of(p.sleep))
    assert ear.begun.wait(v.PATIENCE)
    busy = [each for each in list_below() if each.parent().pid != os.getpid()]

    for guard in psutil.Process().children():
        guard.kill()

    assert ear.outcome.error.code == "runner.worker_died"
    assert wait_until(lambda: not any(map(is_alive, busy)), 5)
    assert run(runner, v.Adder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}


# --- what stays behind -----------------------------------------------------------------------------


def test_processes_that_a_body_leaves_behind_are_gone_when_its_end_is_told(runner):
    pids = run(runner, p.leave_processes).outcome.outputs["output"]

    assert len(set(pids)) == 4
    assert not any(psutil.pid_exists(pid) and is_alive(psutil.Process(pid)) for pid in pids)
    assert run(runner, v.Adder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}


def test_a_worker_with_a_thread_of_a_body_is_not_used_again(runner):
    pid = run(runner, p.leave_a_thread).outcome.outputs["output"]

    assert {tell_process(runner) for _ in range(5)}.isdisjoint({pid})


def test_a_warm_worker_serves_many_calls(runner):
    pids = {tell_process(runner) for _ in range(200)}

    assert len(pids) == 1


def test_a_worker_is_replaced_after_so_many_nodes():
    made = ProcessRunner(slots=1, most_nodes=3)
    try:
        pids = [tell_process(made) for _ in range(7)]
    finally:
        made.close()

    assert pids == [pids[0]] * 3 + [pids[3]] * 3 + [pids[6]]
    assert len(set(pids)) == 3


def test_a_worker_that_keeps_much_memory_is_not_used_again(runner):
    pid = run(runner, p.keep).outcome.outputs["output"]

    assert {tell_process(runner) for _ in range(3)}.isdisjoint({pid})


def test_a_large_value_alone_does_not_wear_a_worker_out(runner):
    pid = tell_process(runner)

    run(runner, p.echo, {"value": bytearray(300_000_000)})

    assert tell_process(runner) == pid


def test_nothing_starts_before_the_first_call_and_a_spare_is_started_ahead():
    before = list_below()
    made = ProcessRunner(slots=2)
    try:
        assert list_below() == before
        tell_process(made)
        assert wait_until(lambda: len(made.workers.workers) == 2, v.PATIENCE)
    finally:
        made.close()
    assert wait_until(lambda: list_below() == before, v.PATIENCE)


def test_no_more_bodies_run_than_there_are_slots():
    made = ProcessRunner(slots=2)
    try:
        calls = [v.begin(made, v.call_of(p.sleep, config={"seconds": 0.3})) for _ in range(5)]
        assert all(ear.outcome.outputs for ear, _ in calls)
        assert len(made.workers.workers) <= 3
    finally:
        made.close()


# --- what goes over --------------------------------------------------------------------------------


def test_an_input_that_cannot_be_pickled_is_named(runner):
    outcome = run(runner, p.hold_lock, {"value": threading.Lock()}).outcome

    assert outcome.broke_contract
    assert outcome.error.code == "runner.unpicklable_input"
    assert outcome.error.message.startswith("The input node.value cannot go to another process: ")
    assert "thread" in outcome.error.suggestion


def test_an_output_that_cannot_be_pickled_is_named(runner):
    outcome = run(runner, p.hold_lock, {"value": "return a lock"}).outcome

    assert outcome.broke_contract
    assert outcome.error.code == "runner.unpicklable_output"
    assert outcome.error.message.startswith("The output node.output cannot come back")
    assert outcome.outputs is None


def test_an_error_that_cannot_be_made_again_comes_as_data(runner):
    outcome = run(runner, p.raise_odd_error).outcome

    assert outcome.exception is None
    assert (outcome.error.type, outcome.error.message) == ("OddError", "no pickle")
    assert "in raise_odd_error" in outcome.error.traceback


def test_where_no_process_can_be_started_the_call_has_crashed(monkeypatch):
    made = ProcessRunner(slots=1)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    try:
        outcome = run(made, v.Adder, {"a": 1, "b": 2}).outcome
    finally:
        made.close()

    assert outcome.crashed
    assert outcome.error.code == "runner.no_worker"


def test_a_value_of_a_module_that_is_only_here_is_refused_in_words(runner):
    module = types.ModuleType("only_here")
    sys.modules["only_here"] = module
    module.Thing = type("Thing", (), {"__module__": "only_here"})
    try:
        outcome = run(runner, p.echo, {"value": module.Thing()}).outcome
    finally:
        del sys.modules["only_here"]

    assert outcome.error.code == "runner.unreadable_call"
    assert "only_here" in outcome.error.message


def test_a_value_of_a_class_of_main_goes_over_and_back(runner):
    Thing = type("Thing", (), {"__module__": "__main__", "__eq__": lambda a, b: a.x == b.x})
    thing = Thing()
    thing.x = [1, 2]

    assert run(runner, p.echo, {"value": thing}).outcome.outputs["output"] == thing


def test_a_table_goes_over_and_back_and_belongs_to_the_body(runner):
    import pandas as pd

    table = pd.DataFrame({"a": range(200_000), "b": ["text"] * 200_000})

    back = run(runner, p.double_table, {"table": table}).outcome.outputs["output"]

    assert list(back["a"][:3]) == [0, 2, 4]
    assert list(table["a"][:3]) == [0, 1, 2]
    back.iloc[0, 0] = 7


def test_a_flood_beside_a_large_result_does_not_hang(runner):
    ear = run(runner, p.flood_and_return)

    assert len(ear.outcome.outputs["output"]) == 20_000_000
    assert any("lines left out" in text or text.startswith("zzz") for _, text in ear.lines)
    assert len(ear.lines) < 3_000


def test_what_no_stream_of_python_sees_is_in_the_log(runner):
    ear = run(runner, p.speak)

    assert sorted(ear.lines) == [
        ("STDERR", "to descriptor 2"),
        ("STDOUT", "from C"),
        ("STDOUT", "from a grandchild"),
        ("STDOUT", "in shell"),
        ("STDOUT", "no endkept in C's buffer"),
    ]


def test_what_a_short_body_writes_comes_before_its_end(runner):
    """Its last line and its end are often read in one go."""
    lines = [run(runner, p.say_shortly).lines for _ in range(100)]

    assert lines == [[("STDOUT", "short")]] * 100


def test_the_surroundings_follow_this_process(runner, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("VALUE = 1\n")
    run(runner, p.spoil_surroundings)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("DAGY_TEST_VARIABLE", "here")

    seen = run(runner, p.look_around).outcome.outputs

    assert seen["output"] == {
        "folder": str(tmp_path),
        "path": sys.path,
        "variable": "here",
    }


def test_a_module_that_was_edited_is_read_anew(runner, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    values = []
    for value in (1, 22):
        (tmp_path / "edited_here.py").write_text(f"class Thing:\n    value = {value}\n")
        sys.modules.pop("edited_here", None)
        import edited_here

        seen = run(runner, p.read_class_value, {"thing": edited_here.Thing()})
        values.append(seen.outcome.outputs["output"])
    sys.modules.pop("edited_here")

    assert values == [1, 22]


def test_forked_processes_of_a_body_do_not_disturb_its_frames(runner):
    ear = run(runner, p.use_multiprocessing)

    assert ear.outcome.outputs == {"output": [0, 2, 4, 6]}
    assert sorted(ear.lines) == [("STDOUT", f"child {number}") for number in range(4)]
    assert run(runner, p.fork_and_return).outcome.outputs == {"output": "parent"}


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
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    pids = [int(each) for each in started.stdout.readline().split()]
    return started, [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]


def test_the_interpreter_ends_cleanly_with_busy_workers():
    started, below = begin_script(end="")
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


def test_the_log_level_of_the_notebook_holds_in_the_worker(runner):
    before = logging.root.level
    logging.root.setLevel(logging.DEBUG)
    try:
        lines = run(runner, p.log_debug).lines
    finally:
        logging.root.setLevel(before)

    assert lines == [("DEBUG", "seen at the level DEBUG")]

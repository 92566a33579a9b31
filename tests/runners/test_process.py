"""The process runner: what a body does to its process harms nobody else, and nothing of it stays."""

from __future__ import annotations

import psutil
import pytest

from dagy_nb.runners.process import ProcessRunner
from tests.runners import process_victims as p
from tests.runners import victims as v
from tests.runners.processes import list_below, list_guards, run, tell_process
from tests.victims.watching import is_alive, wait_until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def runner():
    made = ProcessRunner(slots=2)
    yield made
    made.close()


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
    guards = list_guards()
    busy = [below for each in guards for below in each.children(recursive=True)]

    for guard in guards:
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

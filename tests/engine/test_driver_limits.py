"""Limits and cancels of runs over real runners."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from dagy_nb.errors import NodeTimeout, UnknownName
from dagy_nb.model.event import (
    AttemptStarted,
    CancelRequested,
    NodeEnded,
)
from dagy_nb.model.state import NodeState, RunState
from tests.engine.running import Recorded, plan_flow
from tests.engine.samples import (
    add,
    one,
)
from tests.runners import victims as v

EVERYWHERE = pytest.mark.parametrize("runner", ["inline", "thread"])


# --- limits ----------------------------------------------------------------------------------------


def run_in_time(run, nodes, **plan):
    """Run up to three times, since a busy machine may be late; return a run that took under 0.5 s."""
    for _ in range(3):
        begun = time.monotonic()
        made = run(nodes, **plan)
        if time.monotonic() - begun < 0.5:
            return made
    raise AssertionError("three runs took too long")


@EVERYWHERE
@pytest.mark.parametrize("victim", ["Blocker", "AsyncBlocker", "AsyncSwallower"])
def test_a_node_that_cannot_be_ended_is_abandoned_at_its_limit(run, runner, victim):
    nodes = {"slow": (getattr(v, victim), {"timeout": 0.2})}

    made = run_in_time(run, nodes, settings={"runner": runner})

    ended = made.ended("slow")
    assert (ended.state, ended.enforcement) == (NodeState.TIMED_OUT, "abandoned")
    assert isinstance(made.live.exceptions["slow"], NodeTimeout)


@EVERYWHERE
@pytest.mark.parametrize("victim", ["Waiter", "Spinner", "AsyncWaiter"])
def test_a_node_that_can_be_ended_is_cancelled_at_its_limit(run, runner, victim):
    nodes = {"slow": (getattr(v, victim), {"timeout": 0.2})}

    made = run_in_time(run, nodes, settings={"runner": runner})

    ended = made.ended("slow")
    assert (ended.state, ended.enforcement) == (NodeState.TIMED_OUT, "cancelled")


@EVERYWHERE
@pytest.mark.parametrize("victim", ["Blocker", "AsyncBlocker"])
def test_a_late_result_never_appears(run, runner, victim):
    """Neither while the run goes on, nor after it."""
    nodes = {
        "slow": (getattr(v, victim), {"timeout": 0.05, "runner": runner}),
        "other": (v.Swallower, {"runner": "thread"}),
    }
    made = run(nodes, wait=False)
    made.wait_for(NodeEnded, "slow")

    v.GATE.opened.set()
    assert v.GATE.left.wait(5)
    made.wait()

    assert made.states() == {"slow": "TIMED_OUT", "other": "COMPLETED"}
    assert "slow" not in {name.partition(".")[0] for name in made.live.outputs}


def test_the_limit_of_the_run_holds_for_everything_in_it(run):
    nodes = {"a": (v.AsyncWaiter, {}), "b": (v.Waiter, {}), "c": one}

    made = run_in_time(run, nodes, settings={"timeout": 0.2})

    assert made.states() == {"a": "TIMED_OUT", "b": "TIMED_OUT", "c": "COMPLETED"}
    assert made.live.state is RunState.TIMED_OUT


def test_limits_follow_the_runs_clock(run, clock):
    made = run({"a": (v.AsyncWaiter, {"timeout": 30})}, wait=False, start={"clock": clock})
    made.wait_for(AttemptStarted, "a")

    clock.turn(29)
    made.live.wake()
    assert not made.live.wait(0.05)

    clock.turn(2)
    made.live.wake()
    made.wait()
    assert made.states() == {"a": "TIMED_OUT"}
    assert made.ended("a").at == clock.now()


def test_a_stuck_node_does_not_keep_the_process_from_ending():
    script = """
import threading, time
from pathlib import Path
from tests.engine.running import Recorded, make_runners, plan_flow
from tests.runners.victims import AsyncBlocker, Blocker
nodes = {name: (kind, {"timeout": 0.1, "runner": runner})
         for name, kind, runner in [("a", Blocker, "inline"), ("b", Blocker, "thread"),
                                    ("c", AsyncBlocker, "inline"), ("d", AsyncBlocker, "thread")]}
made = Recorded(plan_flow(nodes), make_runners()).wait()
print(sorted(made.states().values()))
"""
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "['TIMED_OUT', 'TIMED_OUT', 'TIMED_OUT', 'TIMED_OUT']\n"
    assert time.monotonic() - begun < 15


# --- cancels ---------------------------------------------------------------------------------------


@EVERYWHERE
@pytest.mark.parametrize("victim", ["Waiter", "AsyncWaiter", "Spinner", "Blocker", "AsyncBlocker"])
def test_a_run_is_cancelled_while_its_node_runs(run, runner, victim):
    nodes = {"slow": (getattr(v, victim), {"runner": runner}), "a": one}
    made = run(nodes, wait=False)
    assert v.GATE.entered.wait(5)

    made.live.cancel(by="ada")
    made.live.cancel(by="again")
    made.wait()

    assert made.states()["slow"] == "CANCELLED"
    assert made.live.state is RunState.CANCELLED
    assert [e.by for e in made.events if isinstance(e, CancelRequested)] == ["ada"]


def test_one_node_is_cancelled_and_the_others_go_on(run):
    made = run(
        {"slow": v.Waiter, "a": one, "b": add},
        "a.output -> b.left",
        "a.output -> b.right",
        wait=False,
    )
    made.wait_for(AttemptStarted, "slow")

    made.live.cancel("slow")
    made.wait()

    assert made.states() == {"slow": "CANCELLED", "a": "COMPLETED", "b": "COMPLETED"}


def test_on_cancel_is_through_before_the_node_is_cancelled(run):
    made = run({"h": v.AsyncHookedWaiter}, wait=False)
    assert v.GATE.entered.wait(5)

    made.live.cancel()
    made.wait()

    assert made.lines("h") == ["on_cancel h"]
    assert [type(e).__name__ for e in made.events[-3:]] == ["LogWritten", "NodeEnded", "RunEnded"]


def test_cancelling_an_unknown_node_is_refused(run):
    made = run({"a": one})

    with pytest.raises(UnknownName) as caught:
        made.live.cancel("b")
    assert caught.value.code == "unknown.node"


def test_cancelling_a_run_that_is_over_changes_nothing(run):
    made = run({"a": one})
    before = list(made.events)

    made.live.cancel()

    assert made.live.state is RunState.COMPLETED
    assert made.events == before


def test_cancelling_one_run_leaves_the_other(run, runners):
    first = Recorded(plan_flow({"a": v.AsyncWaiter}, settings={"run_id": "first"}), runners)
    second = Recorded(plan_flow({"a": v.AsyncWaiter}, settings={"run_id": "second"}), runners)
    first.wait_for(AttemptStarted)
    second.wait_for(AttemptStarted)

    first.live.cancel()
    first.wait()

    assert first.live.state is RunState.CANCELLED
    assert second.live.state is RunState.RUNNING
    second.live.cancel()
    second.wait()

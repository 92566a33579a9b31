"""What the machine of a run decides: one case each."""

from __future__ import annotations

from itertools import pairwise

import pytest

from dagy_nb.engine.signals import (
    ArmTimer,
    AttemptBegun,
    DisarmTimer,
    DropOutputs,
    GiveError,
    KeepOutputs,
    LineWritten,
    RunBegun,
    Start,
    Stop,
    Timer,
    TimerKind,
)
from dagy_nb.model.event import (
    AttemptStarted,
    CancelRequested,
    RunStarted,
)
from dagy_nb.model.state import NodeState, RunState
from tests.engine.plans import ERROR, Player, plan_of, play

A_LIMIT = {"a": {"timeout": 5.0}}


def kinds(player):
    return [type(event).__name__ for event in player.events]


# --- the plain way ---------------------------------------------------------------------------------


def test_a_chain_is_told_in_order():
    player = play(plan_of("a -> b"))

    node = ["NodeQueued", "AttemptStarted", "NodeEnded"]
    assert kinds(player) == ["RunStarted", *node, *node, "RunEnded"]
    assert player.is_finished


def test_an_inline_node_is_not_queued_since_it_waits_for_no_place():
    player = play(plan_of(nodes="a", steps={"a": {"runner": "inline"}}))

    assert kinds(player) == ["RunStarted", "AttemptStarted", "NodeEnded", "RunEnded"]


def test_independent_nodes_start_together():
    player = Player(plan_of("a -> d.x", "b -> d.y", "c -> d.z")).begin()

    assert player.started == ["a", "b", "c"]


def test_a_node_starts_when_the_last_of_its_producers_ended():
    player = Player(plan_of("a -> c.x", "b -> c.y")).begin()

    player.complete("b")
    assert "c" not in player.started

    player.complete("a")
    assert player.started[-1] == "c"


def test_facts_carry_the_time_of_their_signal():
    player = Player(plan_of(nodes="a")).begin()

    player.tell(AttemptBegun, node_id="a", attempt=1)

    assert player.events[-1] == AttemptStarted(
        at=player.at, run_id="run", node_id="a", attempt=1, runner="thread"
    )


def test_values_are_kept_before_a_consumer_starts():
    player = Player(plan_of("a -> b")).begin()

    player.complete("a")

    kept = player.said.index(KeepOutputs("a", 1))
    assert kept < player.said.index(Start("b", 1))


def test_values_are_dropped_when_the_last_consumer_ended_where_that_is_asked_for():
    player = Player(plan_of("a -> b", "a -> c", keep_outputs=False)).begin()
    player.complete("a")

    player.complete("b")
    assert DropOutputs("a") not in player.said

    player.complete("c")
    assert DropOutputs("a") in player.said
    assert DropOutputs("c") not in player.said


def test_values_are_kept_by_default():
    assert not [each for each in play(plan_of("a -> b")).said if isinstance(each, DropOutputs)]


# --- limits ----------------------------------------------------------------------------------------


def test_the_limit_counts_from_the_acknowledgement():
    player = Player(plan_of(nodes="a", steps=A_LIMIT)).begin()
    assert not player.armed

    player.acknowledge("a")
    assert player.armed == [ArmTimer(Timer(TimerKind.ATTEMPT, "a", 1), 5.0)]


def test_a_node_that_ends_in_time_disarms_its_timer():
    player = play(plan_of(nodes="a", steps=A_LIMIT))

    assert DisarmTimer(Timer(TimerKind.ATTEMPT, "a", 1)) in player.said


@pytest.mark.parametrize("how", ["cancelled", "killed", "abandoned"])
def test_a_node_past_its_limit_is_stopped_and_says_how_that_held(how):
    player = Player(plan_of("a -> b", steps=A_LIMIT)).begin()
    player.acknowledge("a")

    player.time_out("a")
    assert player.stopped == ["a"]
    assert player.machine.node_state("a") is NodeState.RUNNING

    player.answer("a", how)
    ended = player.ended("a")
    assert (ended.state, ended.enforcement, ended.reason) == (NodeState.TIMED_OUT, how, None)
    assert ended.error is not None
    assert ended.error.code == "node.timed_out"
    assert "5 s" in ended.error.message
    assert player.run_ended.state is RunState.FAILED


def test_a_body_that_is_stopping_gets_some_patience_and_ends_cancelled():
    player = Player(plan_of(nodes="a", steps=A_LIMIT)).begin()
    player.acknowledge("a")
    player.time_out("a")

    player.answer("a", "stopping")
    assert player.armed[-1] == ArmTimer(Timer(TimerKind.GRACE, "a", 1), 0.5)

    player.fail("a")
    assert (player.ended("a").state, player.ended("a").enforcement) == ("TIMED_OUT", "cancelled")
    assert not player.abandoned


def test_a_cancel_hook_gets_its_own_time_on_top():
    steps = {"a": {"timeout": 5.0, "hook_seconds": 2.0}}
    player = Player(plan_of(nodes="a", steps=steps)).begin()
    player.acknowledge("a")
    player.time_out("a")

    player.answer("a", "stopping")

    assert player.armed[-1].seconds == 2.5


def test_a_body_that_does_not_stop_is_abandoned_and_its_late_result_dropped():
    player = Player(plan_of("a -> b", steps=A_LIMIT)).begin()
    player.acknowledge("a")
    player.time_out("a")
    player.answer("a", "stopping")

    player.lose_patience("a")
    assert player.abandoned == ["a"]
    assert (player.ended("a").state, player.ended("a").enforcement) == ("TIMED_OUT", "abandoned")

    before = list(player.said)
    player.complete("a")
    player.tell(LineWritten, node_id="a", attempt=1, level="STDOUT", text="late")
    assert player.said == before


def test_a_result_that_comes_after_the_limit_but_before_the_stop_is_dropped_too():
    player = Player(plan_of("a -> b", steps=A_LIMIT)).begin()
    player.acknowledge("a")
    player.time_out("a")

    player.complete("a")

    assert player.ended("a").state is NodeState.TIMED_OUT
    assert not [each for each in player.said if isinstance(each, KeepOutputs)]


def test_a_timed_out_node_uses_its_error_output():
    player = Player(plan_of("a -> b", "a.error -> h", steps=A_LIMIT)).begin()
    player.acknowledge("a")
    player.time_out("a")
    player.answer("a", "killed")
    player.complete("h")

    (given_error,) = (each for each in player.said if isinstance(each, GiveError))
    assert given_error.outputs == ("error",)
    assert given_error.error.code == "node.timed_out"
    assert player.run_ended.state is RunState.COMPLETED


def test_the_limit_of_a_run_stops_what_runs_and_cancels_what_waits():
    player = Player(plan_of("a -> b", nodes="q", timeout=9.0)).begin()
    assert player.armed == [ArmTimer(Timer(TimerKind.RUN), 9.0)]
    player.acknowledge("a")

    player.pass_run_limit()
    player.answer("a", "cancelled")
    player.answer("q", "cancelled")

    assert player.states() == "q:CANCELLED a:TIMED_OUT b:CANCELLED"
    assert "run's limit of 9 s" in player.ended("a").error.message
    assert player.run_ended.state is RunState.TIMED_OUT
    assert player.run_ended.error.code == "run.timed_out"


# --- cancels ---------------------------------------------------------------------------------------


def test_a_cancelled_run_starts_nothing_more():
    player = Player(plan_of("a -> b", "a -> c")).begin()
    player.acknowledge("a")

    player.cancel(by="ada")
    assert player.stopped == ["a"]
    player.complete("a")

    assert player.started == ["a"]
    assert player.states() == "a:CANCELLED b:CANCELLED c:CANCELLED"
    assert player.run_ended.state is RunState.CANCELLED
    assert CancelRequested(at=3, run_id="run", node_id="", by="ada") in player.events


def test_a_run_is_cancelled_once_however_often_that_is_asked():
    player = Player(plan_of("a -> b")).begin()
    player.acknowledge("a")

    for _ in range(3):
        player.cancel()

    assert player.stopped == ["a"]
    assert kinds(player).count("CancelRequested") == 1


def test_a_run_can_be_cancelled_before_it_began():
    player = Player(plan_of("a -> b"))

    player.cancel()
    player.begin()

    assert player.run_ended.state is RunState.CANCELLED
    assert not player.started
    assert RunStarted not in map(type, player.events)


def test_a_queued_node_that_its_runner_takes_back_is_cancelled_without_an_attempt():
    player = Player(plan_of(nodes="a")).begin()

    player.cancel("a")
    player.answer("a", "cancelled")

    ended = player.ended("a")
    assert (ended.state, ended.attempts, ended.enforcement) == (NodeState.CANCELLED, 0, "")


def test_cancelling_one_node_leaves_the_others():
    player = Player(plan_of("a -> b", "c -> d")).begin()
    player.acknowledge("a")

    player.cancel("a")
    player.answer("a", "cancelled")
    player.complete("c")
    player.complete("d")

    assert player.states() == "a:CANCELLED b:SKIPPED(upstream_failed) c:COMPLETED d:COMPLETED"


def test_cancelling_a_waiting_node_ends_it_at_once():
    player = Player(plan_of("a -> b")).begin()

    player.cancel("b")

    assert player.ended("b").state is NodeState.CANCELLED
    player.complete("a")
    assert player.run_ended.state is RunState.CANCELLED


@pytest.mark.parametrize("node", ["a", "nobody"])
def test_cancelling_what_is_over_or_unknown_changes_nothing(node):
    player = Player(plan_of("a -> b")).begin()
    player.complete("a")
    before = list(player.said)

    player.cancel(node)

    assert player.said == before


def test_a_fault_of_the_engine_ends_every_node():
    player = Player(plan_of("a -> b")).begin()
    player.acknowledge("a")

    player.said += player.machine.collapse(9.0, ERROR)

    assert player.states() == "a:FAILED(crashed) b:CANCELLED"
    assert player.run_ended.state is RunState.FAILED
    assert player.is_finished


def test_a_chain_of_twenty_thousand_skips_needs_no_stack():
    names = [f"n{i}" for i in range(20_000)]
    edges = [f"{a} -> {b}" for a, b in pairwise(names)]

    player = play(plan_of(*edges), {"n0": "fail"})

    assert player.ended("n19999").cause == ("n0",)


def test_signals_before_the_beginning_start_nothing():
    player = Player(plan_of("a -> b"))

    player.complete("a")

    assert not player.started
    assert Stop not in map(type, player.said)
    assert player.machine.state is RunState.QUEUED
    player.tell(RunBegun)
    assert player.started == ["a"]

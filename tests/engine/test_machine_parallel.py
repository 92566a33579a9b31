"""A bound on what runs at a time: kept, fair, in the plan's order, and no hindrance for a cancel."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.engine.places import Places
from dagy_nb.engine.retry import RetryPlan
from dagy_nb.engine.steprun import StepRun
from dagy_nb.model.event import NodeQueued
from dagy_nb.model.flow import FailurePolicy
from dagy_nb.model.retry import RetrySpec
from dagy_nb.model.state import NodeState, RunState
from tests.engine.plans import Player, plan_of

AGAIN = {"retries": 1}
LATER = {"retries": 1, "retry": RetryPlan(spec=RetrySpec(delay=10))}


def player_of(nodes="a b c d", *edges, most=2, **plan) -> Player:
    return Player(plan_of(*edges, nodes=nodes, max_parallel=most, **plan)).begin()


def test_as_many_attempts_are_handed_out_as_there_are_places():
    assert player_of(most=2).started == ["a", "b"]


def test_without_a_bound_all_start_together():
    assert player_of(most=None).started == ["a", "b", "c", "d"]


def test_each_end_gives_its_place_to_the_next_in_the_plan_s_order():
    player = player_of()

    player.complete("b")
    assert player.started == ["a", "b", "c"]

    player.fail("a")
    assert player.started == ["a", "b", "c", "d"]


def test_a_node_that_waits_for_a_place_is_queued():
    player = player_of()

    queued = [each.node_id for each in player.events if isinstance(each, NodeQueued)]
    assert queued == ["a", "b", "c", "d"]
    assert player.machine.node_state("d") is NodeState.QUEUED


def test_who_waits_longest_is_next_not_who_came_up_by_the_end():
    player = player_of("a b c d", "a -> d", most=1)

    player.complete("a")

    assert player.started == ["a", "b"]
    player.complete("b")
    player.complete("c")
    assert player.started == ["a", "b", "c", "d"]


def test_a_further_attempt_stands_at_the_end_of_the_line():
    player = player_of("a b c", most=1, steps={"a": AGAIN})

    player.fail("a")

    assert player.started == ["a", "b"]
    player.complete("b")
    player.complete("c")
    assert player.started == ["a", "b", "c", "a"]


def test_a_wait_for_a_further_attempt_holds_no_place():
    player = player_of("a b", most=1, steps={"a": LATER})

    player.fail("a")

    assert player.started == ["a", "b"]


def test_an_attempt_whose_time_has_come_waits_for_a_place_too():
    player = player_of("a b", most=1, steps={"a": LATER})
    player.fail("a")

    player.end_wait("a")
    assert player.started == ["a", "b"]

    player.complete("b")
    assert player.started == ["a", "b", "a"]


def test_a_timer_that_fires_twice_lets_a_node_stand_in_line_once():
    player = player_of("a b", most=1, steps={"a": {**LATER, "retries": 9}})
    player.fail("a")

    player.end_wait("a")
    player.end_wait("a")
    player.complete("b")
    player.fail("a", 2)

    assert player.started == ["a", "b", "a"]


@pytest.mark.parametrize("how", ["cancelled", "killed", "abandoned"])
def test_a_cancelled_node_gives_its_place_back(how):
    player = player_of("a b", most=1)
    player.acknowledge("a")

    player.cancel("a")
    assert player.started == ["a"]

    player.answer("a", how)
    assert player.started == ["a", "b"]


def test_a_node_in_the_line_is_cancelled_at_once_and_passed_over():
    player = player_of("a b c", most=1)

    player.cancel("b")

    assert player.ended("b").state is NodeState.CANCELLED
    assert not player.stopped
    player.complete("a")
    assert player.started == ["a", "c"]


def test_a_run_that_is_cancelled_starts_nothing_of_the_line():
    player = player_of()
    player.cancel()

    for node in ("a", "b"):
        player.answer(node, "killed")

    assert player.started == ["a", "b"]
    assert player.run_ended.state is RunState.CANCELLED


def test_a_failure_starts_nothing_of_the_line_where_the_policy_is_stop():
    player = player_of(failure_policy=FailurePolicy.STOP)

    player.fail("a")
    player.answer("b", "killed")

    assert player.started == ["a", "b"]
    assert player.ended("d").state is NodeState.CANCELLED


def test_an_inline_node_waits_for_a_place_too():
    steps = {name: {"runner": "inline"} for name in "ab"}
    player = player_of("a b", most=1, steps=steps)

    player.complete("a")

    assert player.started == ["a", "b"]


@given(st.integers(1, 3), st.lists(st.sampled_from(["come", "leave", "end"]), max_size=40))
def test_places_never_overflow_and_the_line_moves_in_order(most, acts):
    places, inside, line, steps = Places(most), deque(), deque(), iter(plan_of(nodes=NAMES).steps)
    for act in acts:
        if act == "come":
            run = StepRun(next(steps))
            (inside if places.enter(run) else line).append(run)
        elif act == "leave" and inside:
            inside.popleft()
            places.leave()
        elif act == "end" and line:
            line.pop().state = NodeState.CANCELLED
        while (called := places.call_next()) is not None:
            assert called is line.popleft()
            inside.append(called)
        assert len(inside) <= most
        assert len(inside) == most or not line


NAMES = " ".join(f"n{number}" for number in range(40))

"""What the machine of a run decides about attempts: retries, lines, progress, ends without a beginning."""

from __future__ import annotations

import pytest

from dagy_nb.engine.signals import (
    AttemptEnded,
    ProgressMade,
)
from dagy_nb.model.event import (
    AttemptFailed,
    LogWritten,
    NodeProgressed,
)
from dagy_nb.model.state import NodeState, Reason
from tests.engine.plans import ERROR, Player, plan_of


def kinds(player):
    return [type(event).__name__ for event in player.events]


# --- retries ---------------------------------------------------------------------------------------


def test_a_failed_attempt_is_repeated_as_often_as_asked():
    player = Player(plan_of("a -> b", steps={"a": {"retries": 2}})).begin()

    player.fail("a", 1)
    assert player.machine.node_state("a") is NodeState.RETRYING
    player.fail("a", 2)
    player.complete("a", attempt=3)

    assert player.started == ["a", "a", "a", "b"]
    assert player.ended("a").state is NodeState.COMPLETED
    assert player.ended("a").attempts == 3
    assert [e.attempt for e in player.events if isinstance(e, AttemptFailed)] == [1, 2]


def test_the_last_failed_attempt_fails_the_node():
    player = Player(plan_of(nodes="a", steps={"a": {"retries": 1}})).begin()
    player.fail("a", 1)

    player.fail("a", 2)

    assert (player.ended("a").state, player.ended("a").attempts) == (NodeState.FAILED, 2)
    assert player.ended("a").error.attempt == 2


@pytest.mark.parametrize("reason", [Reason.CONTRACT, Reason.CRASHED])
def test_only_what_was_raised_is_repeated(reason):
    player = Player(plan_of(nodes="a", steps={"a": {"retries": 5}})).begin()

    player.fail("a", reason=reason)

    assert (player.ended("a").state, player.ended("a").reason) == (NodeState.FAILED, reason)


def test_a_limit_is_not_repeated():
    player = Player(plan_of(nodes="a", steps={"a": {"retries": 5, "timeout": 1.0}})).begin()
    player.acknowledge("a")
    player.time_out("a")

    player.answer("a", "cancelled")

    assert player.ended("a").state is NodeState.TIMED_OUT


def test_a_node_with_side_effects_is_not_repeated_and_its_log_says_so():
    steps = {"a": {"retries": 0, "retries_refused": "Mail has side effects"}}
    player = Player(plan_of(nodes="a", steps=steps)).begin()

    player.fail("a")

    (line,) = (each for each in player.events if isinstance(each, LogWritten))
    assert line.text == "Not tried again: Mail has side effects."
    assert player.ended("a").state is NodeState.FAILED


def test_what_an_earlier_attempt_says_late_is_ignored():
    player = Player(plan_of(nodes="a", steps={"a": {"retries": 1}})).begin()
    player.fail("a", 1)
    before = list(player.said)

    player.tell(AttemptEnded, node_id="a", attempt=1, live=frozenset({"out"}))
    player.tell(ProgressMade, node_id="a", attempt=1, fraction=1.0)

    assert player.said == before


def test_a_node_is_cancelled_between_two_attempts():
    player = Player(plan_of(nodes="a", steps={"a": {"retries": 1}})).begin()
    player.fail("a", 1)

    player.cancel()
    player.answer("a", "cancelled", attempt=2)

    assert player.ended("a").state is NodeState.CANCELLED


# --- what bodies tell ------------------------------------------------------------------------------


def test_progress_never_falls():
    player = Player(plan_of(nodes="a")).begin()
    player.acknowledge("a")

    for fraction in (0.1, 0.5, 0.3, 0.5, 1.0):
        player.tell(ProgressMade, node_id="a", attempt=1, fraction=fraction)

    told = [e.fraction for e in player.events if isinstance(e, NodeProgressed)]
    assert told == [0.1, 0.5, 0.5, 1.0]


def test_an_end_without_a_beginning_is_told_with_one():
    player = Player(plan_of(nodes="a")).begin()

    player.tell(AttemptEnded, node_id="a", attempt=1, error=ERROR, reason=Reason.CRASHED)

    assert kinds(player)[-3:] == ["AttemptStarted", "NodeEnded", "RunEnded"]
    assert player.ended("a").reason is Reason.CRASHED

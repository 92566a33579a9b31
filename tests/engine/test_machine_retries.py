"""What the machine of a run decides after an attempt failed: waits, limits, cancels, lines in the log."""

from __future__ import annotations

import random

import pytest

from dagy_nb.engine.retry import RetryPlan
from dagy_nb.engine.signals import (
    AttemptBegun,
    AttemptEnded,
    DisarmTimer,
    ProgressMade,
    Start,
    Timer,
    TimerKind,
)
from dagy_nb.model.event import AttemptFailed, CancelRequested, LogWritten, NodeProgressed
from dagy_nb.model.flow import FailurePolicy
from dagy_nb.model.retry import RetrySpec
from dagy_nb.model.state import NodeState, Reason, RunState
from tests.engine.plans import Player, plan_of

EVERY = ("raised", "timed_out", "crashed")


def player_of(*edges: str, retry: RetryPlan | None = None, retries: int = 2, **plan) -> Player:
    """Begin a run in which `a` is tried again."""
    step = {"retries": retries, "timeout": 5.0, "retry": retry or RetryPlan()}
    nodes = plan.pop("nodes", "a")
    return Player(plan_of(*edges, nodes=nodes, steps={"a": step}, **plan)).begin()


def waiting(delay=10.0, **fields) -> RetryPlan:
    return RetryPlan(spec=RetrySpec(delay=delay, **fields))


def failed(player: Player) -> list[AttemptFailed]:
    return [each for each in player.events if isinstance(each, AttemptFailed)]


def lines(player: Player) -> list[str]:
    return [each.text for each in player.events if isinstance(each, LogWritten)]


# --- waits -----------------------------------------------------------------------------------------


def test_the_next_attempt_is_handed_out_when_its_time_has_come():
    player = player_of(retry=waiting(10))

    player.fail("a")

    assert player.machine.node_state("a") is NodeState.RETRYING
    assert player.started == ["a"]
    assert player.waits() == {"a": 10.0}

    player.end_wait("a")

    assert player.said[-1] == Start("a", 2)
    assert player.machine.node_state("a") is NodeState.RETRYING
    player.complete("a", attempt=2)
    assert (player.ended("a").state, player.ended("a").attempts) == (NodeState.COMPLETED, 2)


def test_the_record_says_when_the_next_attempt_is_due():
    player = player_of(retry=waiting(10))

    player.fail("a")

    (event,) = failed(player)
    assert (event.at, event.retry_at) == (player.at, player.at + 10)
    assert (event.state, event.reason, event.enforcement) == (NodeState.FAILED, Reason.RAISED, "")


def test_a_list_of_delays_is_taken_in_order():
    player = player_of(retry=waiting((1, 7)), retries=3)
    waits = []

    for attempt in (1, 2, 3):
        player.fail("a", attempt)
        waits.append(player.waits()["a"])
        player.end_wait("a", attempt)

    assert waits == [1, 7, 7]


def test_jitter_takes_the_machine_s_chance():
    player = Player(
        plan_of(nodes="a", steps={"a": {"retries": 1, "retry": waiting(10, jitter=0.5)}}),
        chance=lambda: 1.0,
    ).begin()

    player.fail("a")

    assert player.waits() == {"a": 15.0}


def test_a_user_who_seeded_chance_gets_the_same_numbers():
    random.seed(7)
    wanted = random.random()
    random.seed(7)

    player_of(retry=waiting(10, jitter=0.5)).fail("a")

    assert random.random() == wanted


def test_progress_begins_anew_with_each_attempt():
    player = player_of()
    player.acknowledge("a")
    player.tell(ProgressMade, node_id="a", attempt=1, fraction=0.9)
    player.fail("a")
    player.acknowledge("a", 2)

    player.tell(ProgressMade, node_id="a", attempt=2, fraction=0.1)

    told = [each.fraction for each in player.events if isinstance(each, NodeProgressed)]
    assert told == [0.9, 0.1]


LATE = [
    (AttemptEnded, {"attempt": 1, "live": frozenset({"out"})}),
    (AttemptEnded, {"attempt": 2, "live": frozenset({"out"})}),
    (AttemptBegun, {"attempt": 1}),
    (AttemptBegun, {"attempt": 2}),
    (ProgressMade, {"attempt": 1, "fraction": 1.0}),
]


@pytest.mark.parametrize(("make", "fields"), LATE)
def test_nothing_that_a_runner_says_disturbs_a_wait(make, fields):
    player = player_of(retry=waiting())
    player.fail("a")
    before = list(player.said)

    player.tell(make, node_id="a", **fields)

    assert player.said == before


@pytest.mark.parametrize("attempt", [0, 2])
def test_a_timer_of_another_attempt_does_not_end_a_wait(attempt):
    player = player_of(retry=waiting())
    player.fail("a")

    player.end_wait("a", attempt)

    assert player.started == ["a"]


def test_a_timer_that_fires_twice_starts_one_attempt():
    player = player_of(retry=waiting())
    player.fail("a")

    player.end_wait("a")
    player.end_wait("a")

    assert player.started == ["a", "a"]


def test_the_limit_of_each_attempt_counts_from_its_own_beginning():
    player = player_of(retry=waiting())
    player.fail("a")
    player.end_wait("a")

    player.acknowledge("a", 2)

    assert player.armed[-1].timer == Timer(TimerKind.ATTEMPT, "a", 2)


# --- ends of a wait --------------------------------------------------------------------------------


@pytest.mark.parametrize("node", ["a", ""])
def test_a_cancel_ends_a_wait_at_once(node):
    player = player_of(retry=waiting())
    player.fail("a")

    player.cancel(node)

    end = player.ended("a")
    assert (end.state, end.attempts, end.enforcement) == (NodeState.CANCELLED, 1, "")
    assert DisarmTimer(Timer(TimerKind.RETRY, "a", 1)) in player.said
    assert not player.stopped
    assert player.is_finished


def test_the_run_s_limit_ends_a_wait_at_once():
    player = player_of(retry=waiting(10), timeout=60.0)
    player.fail("a")

    player.pass_run_limit()

    end = player.ended("a")
    assert (end.state, end.error.code) == (NodeState.TIMED_OUT, "node.timed_out")
    assert end.error.message == "a waited for its next attempt when the run's limit of 60 s came."
    assert player.run_ended.state is RunState.TIMED_OUT


def test_a_wait_past_the_run_s_limit_is_not_begun_and_the_log_says_so():
    player = player_of(retry=waiting(60), timeout=30.0)

    player.fail("a")

    assert lines(player) == [
        "Not tried again: the next attempt would be due in 60 s, when the run's limit has passed."
    ]
    assert player.ended("a").state is NodeState.FAILED
    assert player.ended("a").error.message == "on purpose"
    assert player.run_ended.state is RunState.FAILED


def test_a_failure_elsewhere_ends_a_wait_where_the_policy_is_stop():
    player = player_of(retry=waiting(), nodes="a b", failure_policy=FailurePolicy.STOP)
    player.fail("a")

    player.fail("b")

    assert player.ended("a").state is NodeState.CANCELLED
    assert player.is_finished


def test_a_failed_attempt_does_not_stop_the_run_before_the_last_one():
    player = player_of(retry=waiting(), nodes="a b", failure_policy=FailurePolicy.STOP)

    player.fail("a")

    assert not player.stopped


# --- limits and crashes ----------------------------------------------------------------------------


def test_an_attempt_past_its_limit_is_repeated_where_that_is_asked_for():
    player = player_of(retry=waiting(on=("timed_out",)))
    player.acknowledge("a")
    player.time_out("a")
    assert player.machine.node_state("a") is NodeState.RUNNING

    player.answer("a", "killed")

    (event,) = failed(player)
    assert (event.state, event.reason, event.enforcement) == (NodeState.TIMED_OUT, None, "killed")
    assert event.error.message == "a ran past its limit of 5 s."
    player.end_wait("a")
    player.complete("a", attempt=2)
    assert player.ended("a").state is NodeState.COMPLETED


def test_a_body_that_had_to_be_abandoned_is_repeated_too_and_the_record_says_so():
    player = player_of(retry=RetryPlan(spec=RetrySpec(on=("timed_out",))))
    player.acknowledge("a")
    player.time_out("a")
    player.answer("a", "stopping")

    player.lose_patience("a")

    assert player.abandoned == ["a"]
    assert failed(player)[0].enforcement == "abandoned"
    assert player.said[-1] == Start("a", 2)


def test_the_last_attempt_past_its_limit_times_the_node_out():
    player = player_of(retry=RetryPlan(spec=RetrySpec(on=("timed_out",))), retries=1)
    for attempt in (1, 2):
        player.acknowledge("a", attempt)
        player.time_out("a", attempt)
        player.answer("a", "killed", attempt)

    end = player.ended("a")
    assert (end.state, end.attempts, end.enforcement) == (NodeState.TIMED_OUT, 2, "killed")


def test_the_run_s_limit_is_never_repeated():
    player = player_of(retry=RetryPlan(spec=RetrySpec(on=EVERY)), timeout=60.0)
    player.acknowledge("a")

    player.pass_run_limit()
    player.answer("a", "killed")

    assert player.ended("a").state is NodeState.TIMED_OUT
    assert not failed(player)


def test_a_cancel_that_comes_while_an_attempt_is_stopped_for_its_limit_lets_no_other_follow():
    player = player_of(retry=RetryPlan(spec=RetrySpec(on=("timed_out",))))
    player.acknowledge("a")
    player.time_out("a")

    player.cancel("a")
    player.cancel("a")
    player.answer("a", "killed")

    assert player.ended("a").state is NodeState.TIMED_OUT
    assert len([each for each in player.events if isinstance(each, CancelRequested)]) == 1


def test_a_run_that_is_cancelled_while_an_attempt_is_stopped_for_its_limit_lets_no_other_follow():
    player = player_of(retry=RetryPlan(spec=RetrySpec(on=("timed_out",))))
    player.acknowledge("a")
    player.time_out("a")

    player.cancel()
    player.answer("a", "killed")

    assert player.run_ended.state is RunState.CANCELLED
    assert not failed(player)


def test_a_crash_is_repeated_where_that_is_asked_for():
    player = player_of(retry=RetryPlan(spec=RetrySpec(on=("crashed",))))

    player.fail("a", reason=Reason.CRASHED)

    assert failed(player)[0].reason is Reason.CRASHED
    assert player.said[-1] == Start("a", 2)


@pytest.mark.parametrize("on", [("crashed",), ("timed_out",)])
def test_what_was_raised_is_not_repeated_where_only_others_are_named(on):
    player = player_of(retry=RetryPlan(spec=RetrySpec(on=on)))

    player.fail("a")

    assert player.ended("a").state is NodeState.FAILED


def test_broken_outputs_are_never_repeated():
    player = player_of(retry=RetryPlan(spec=RetrySpec(on=EVERY)))

    player.fail("a", reason=Reason.CONTRACT)

    assert player.ended("a").reason is Reason.CONTRACT


# --- the class's own code --------------------------------------------------------------------------


def raise_lookup(*_):
    raise LookupError("in the judgement")


@pytest.mark.parametrize("name", ["when", "delay"])
def test_code_that_fails_lets_the_node_fail_with_its_own_error_and_says_so(name):
    player = player_of(retry=RetryPlan(**{name: raise_lookup}))

    player.fail("a")

    assert lines(player) == [f"Not tried again: `{name}` failed: LookupError: in the judgement."]
    (line,) = (each for each in player.events if isinstance(each, LogWritten))
    assert line.level == "WARNING"
    assert player.ended("a").error.message == "on purpose"


def test_an_error_which_the_class_does_not_want_repeated_fails_the_node():
    player = player_of(retry=RetryPlan(when=lambda error, attempt: error.type != "ValueError"))

    player.fail("a")

    assert player.ended("a").state is NodeState.FAILED
    assert not lines(player)

"""How further attempts are made: after which failures, after how long, and what the class's own code may do."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.engine.fault import describe_exception
from dagy_nb.engine.retry import RetryPlan, RetryRefused
from dagy_nb.engine.retrying import decide_wait
from dagy_nb.model.retry import RetrySpec
from dagy_nb.model.state import Reason
from tests.engine.plans import ERROR, plan_of
from tests.strategies import retries

RAISED, CRASHED, CONTRACT, TIMED_OUT = Reason.RAISED, Reason.CRASHED, Reason.CONTRACT, None


def plan(**fields) -> RetryPlan:
    return RetryPlan(spec=RetrySpec(**fields))


def half() -> float:
    return 0.5


# --- after what ------------------------------------------------------------------------------------


COVERED = [
    ({}, RAISED, True),
    ({}, TIMED_OUT, False),
    ({}, CRASHED, False),
    ({}, CONTRACT, False),
    ({"on": ("timed_out",)}, TIMED_OUT, True),
    ({"on": ("timed_out",)}, RAISED, False),
    ({"on": ("crashed",)}, CRASHED, True),
    ({"on": ("crashed",)}, TIMED_OUT, False),
    ({"on": ("raised", "timed_out", "crashed")}, CONTRACT, False),
    ({"errors": ("OSError",), "on": ("raised", "timed_out", "crashed")}, TIMED_OUT, True),
    ({"errors": ("OSError",), "on": ("raised", "timed_out", "crashed")}, CRASHED, True),
    ({"errors": ("OSError",), "on": ("raised", "timed_out", "crashed")}, RAISED, False),
]


@pytest.mark.parametrize(("fields", "reason", "covered"), COVERED)
def test_each_kind_of_failure_is_chosen_by_itself(fields, reason, covered):
    assert plan(**fields).covers(reason, ERROR) is covered


class TooBusy(ConnectionResetError):
    pass


NAMES = [
    ("TooBusy", True),
    ("ConnectionResetError", True),
    ("ConnectionError", True),
    ("OSError", True),
    ("raised.TooBusy", True),
    ("ValueError", False),
    ("Exception", False),
    ("object", False),
]


@pytest.mark.parametrize(("name", "covered"), NAMES)
def test_an_error_is_known_by_its_class_a_base_of_that_or_its_code(name, covered):
    error = describe_exception(TooBusy())

    assert plan(errors=("KeyError", name)).covers(RAISED, error) is covered


def test_the_bases_of_an_error_are_bounded():
    kind = ValueError
    for number in range(50):
        kind = type(f"Deep{number}", (kind,), {})

    assert len(describe_exception(kind()).kinds) == 8


# --- after how long --------------------------------------------------------------------------------


WAITS = [
    ({}, [0, 0, 0]),
    ({"delay": 5}, [5, 5, 5]),
    ({"delay": 2, "backoff": 3}, [2, 6, 18]),
    ({"delay": 2, "backoff": 3, "max_delay": 10}, [2, 6, 10]),
    ({"delay": (1, 5)}, [1, 5, 5]),
    ({"delay": (1, 5, 30), "max_delay": 20}, [1, 5, 20]),
    ({"delay": (7,)}, [7, 7, 7]),
]


@pytest.mark.parametrize(("fields", "waits"), WAITS)
def test_waits_follow_the_plan(fields, waits):
    assert [plan(**fields).choose_wait(each, half) for each in (1, 2, 3)] == waits


JITTER = [(0.0, 8.0), (0.5, 10.0), (1.0, 12.0)]


@pytest.mark.parametrize(("chance", "wait"), JITTER)
def test_jitter_lengthens_or_shortens_a_wait_by_up_to_its_share(chance, wait):
    assert plan(delay=10, jitter=0.2).choose_wait(1, lambda: chance) == pytest.approx(wait)


def test_jitter_never_lengthens_a_wait_past_its_bound():
    assert plan(delay=10, jitter=1.0, max_delay=11).choose_wait(1, lambda: 1.0) == 11


def test_chance_is_not_asked_where_there_is_nothing_to_choose():
    def refuse():
        raise AssertionError

    assert plan(delay=10).choose_wait(1, refuse) == 10
    assert plan(jitter=0.5).choose_wait(1, refuse) == 0


@given(retries(), st.integers(1, 101), st.floats(0, 1))
def test_every_wait_is_a_finite_number_of_seconds_within_its_bound(spec, attempt, chance):
    wait = RetryPlan(spec=spec).choose_wait(attempt, lambda: chance)

    assert 0 <= wait <= spec.max_delay


def test_the_waits_of_a_class_are_its_own_within_the_bound():
    plan = RetryPlan(spec=RetrySpec(max_delay=20), delay=lambda attempt: 10 * attempt)

    assert [plan.choose_wait(each, half) for each in (1, 2, 3)] == [10, 20, 20]


BAD_DELAYS = [
    (lambda _: 1 / 0, "`delay` failed: ZeroDivisionError: division by zero"),
    (lambda _: -1, "`delay` returned -1, which is no number of seconds"),
    (lambda _: math.nan, "`delay` returned nan, which is no number of seconds"),
    (lambda _: math.inf, "`delay` returned inf, which is no number of seconds"),
    (lambda _: True, "`delay` returned True, which is no number of seconds"),
    (lambda _: None, "`delay` failed: TypeError: "),
    (lambda: 1, "`delay` failed: TypeError: "),
]


@pytest.mark.parametrize(("delay", "words"), BAD_DELAYS)
def test_a_delay_that_fails_or_is_none_refuses_the_attempt_and_says_why(delay, words):
    with pytest.raises(RetryRefused) as caught:
        RetryPlan(delay=delay).choose_wait(1, half)

    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_not_even_code_that_wants_to_end_the_process_does_more(error):
    def leave(*_):
        raise error

    with pytest.raises(RetryRefused, match=type(error).__name__):
        RetryPlan(when=leave).agrees(ERROR, 1)
    with pytest.raises(RetryRefused, match=type(error).__name__):
        RetryPlan(delay=leave).choose_wait(1, half)


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("even that")


def fail_unspeakably(*_):
    raise Unspeakable


def test_code_that_fails_unspeakably_is_named_all_the_same():
    with pytest.raises(RetryRefused, match="`when` failed: Unspeakable"):
        RetryPlan(when=fail_unspeakably).agrees(ERROR, 1)


# --- both ------------------------------------------------------------------------------------------


def decide(*, attempt=1, before=math.inf, retries=3, refused="", retry=None):
    steps = {"a": {"retries": retries, "retries_refused": refused, "retry": retry or plan()}}
    (step,) = plan_of(nodes="a", steps=steps).steps
    return decide_wait(step, attempt, 100.0, ERROR, chance=half, before=before)


def test_there_are_as_many_attempts_as_asked_for_and_one():
    assert [decide(attempt=each, retries=2) for each in (1, 2, 3)] == [0, 0, None]


def test_the_class_may_say_that_an_error_is_not_worth_another_attempt():
    seen = []

    def when(error, attempt):
        seen.append((error, attempt))
        return attempt < 2

    retry = RetryPlan(when=when)

    assert [decide(attempt=each, retry=retry) for each in (1, 2)] == [0, None]
    assert seen == [(ERROR, 1), (ERROR, 2)]


def test_the_class_is_not_asked_after_the_last_attempt():
    assert decide(attempt=4, retry=RetryPlan(when=fail_unspeakably)) is None


@pytest.mark.parametrize(("before", "refused"), [(105.1, False), (105.0, True), (101.0, True)])
def test_an_attempt_that_would_begin_at_the_run_s_limit_or_later_is_refused(before, refused):
    if not refused:
        assert decide(retry=plan(delay=5), before=before) == 5
        return
    with pytest.raises(RetryRefused, match="due in 5 s, when the run's limit has passed"):
        decide(retry=plan(delay=5), before=before)


def test_a_node_that_is_not_safe_is_refused_whatever_it_says():
    with pytest.raises(RetryRefused, match="Mail has side effects"):
        decide(refused="Mail has side effects", retries=0)


# --- what a spec may say ---------------------------------------------------------------------------


def test_kinds_have_one_order_and_stand_once():
    assert RetrySpec(on=("crashed", "raised", "crashed")).on == ("raised", "crashed")


BAD_SPECS = [
    {"delay": -1}, {"delay": ()}, {"delay": (1, -1)}, {"delay": 1e9}, {"delay": math.nan}, {"delay": (1,) * 101},
    {"delay": (1, 2), "backoff": 2}, {"backoff": 0.5}, {"jitter": 1.5}, {"jitter": -0.1}, {"max_delay": -1},
    {"on": ()}, {"on": ("contract",)}, {"errors": ("",)}, {"errors": ("E",) * 51}, {"every": 1},
]  # fmt: skip


@pytest.mark.parametrize("fields", BAD_SPECS, ids=str)
def test_what_is_no_way_to_retry_is_refused(fields):
    with pytest.raises(ValueError, match="RetrySpec"):
        RetrySpec(**fields)


def test_an_old_error_without_bases_is_known_by_its_class():
    assert plan(errors=("ValueError",)).covers(RAISED, replace(ERROR, kinds=()))

"""Limits by precedence, and timers in a heap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.engine.deadline import Timers, choose_timeout

CASES = [
    ((1.0, 2.0, 3.0, 4.0, 5.0), 1.0, "the call first"),
    ((None, 2.0, 3.0, 4.0, 5.0), 2.0, "then the node"),
    ((None, None, 3.0, 4.0, 5.0), 3.0, "then its class"),
    ((None, None, None, 4.0, 5.0), 4.0, "then the flow"),
    ((None, None, None, None, 5.0), 5.0, "then the setting"),
    ((None, None, None, None, None), None, "no limit at all"),
    ((None, 0, 3.0, 4.0, 5.0), None, "0 was asked for and means none"),
    ((0, 2.0, None, None, 5.0), None, "0 in the call goes above the node"),
]


@pytest.mark.parametrize(("levels", "limit", "why"), CASES, ids=[case[2] for case in CASES])
def test_the_first_level_that_names_a_limit_decides(levels, limit, why):
    assert choose_timeout(*levels) == limit


def test_timers_fall_due_in_order_and_once():
    timers: Timers[str] = Timers()
    for key, at in (("c", 3.0), ("a", 1.0), ("b", 2.0)):
        timers.arm(key, at)

    assert timers.next_at() == 1.0
    assert timers.pop_due(0.9) == []
    assert timers.pop_due(2.0) == ["a", "b"]
    assert timers.pop_due(2.0) == []
    assert timers.next_at() == 3.0


def test_a_disarmed_timer_does_not_fall_due():
    timers: Timers[str] = Timers()
    timers.arm("a", 1.0)
    timers.arm("b", 2.0)

    timers.disarm("a")
    timers.disarm("never armed")

    assert timers.next_at() == 2.0
    assert timers.pop_due(9.0) == ["b"]
    assert timers.next_at() is None


def test_arming_again_replaces_the_time():
    timers: Timers[str] = Timers()
    timers.arm("a", 1.0)

    timers.arm("a", 5.0)

    assert timers.pop_due(4.0) == []
    assert timers.pop_due(5.0) == ["a"]
    assert len(timers) == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(["arm", "disarm", "pop"]), st.integers(0, 5), st.integers(0, 20))
    )
)
def test_the_heap_agrees_with_a_plain_dict(steps):
    timers: Timers[int] = Timers()
    model: dict[int, int] = {}
    for act, key, at in steps:
        if act == "arm":
            timers.arm(key, at)
            model[key] = at
        elif act == "disarm":
            timers.disarm(key)
            model.pop(key, None)
        else:
            due = timers.pop_due(at)
            assert sorted(due) == sorted(k for k, t in model.items() if t <= at)
            assert [model[k] for k in due] == sorted(model[k] for k in due)
            model = {k: t for k, t in model.items() if t > at}
        assert timers.next_at() == min(model.values(), default=None)
        assert len(timers) == len(model)

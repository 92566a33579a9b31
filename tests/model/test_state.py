"""The tables of states: every pair of states, asked."""

from __future__ import annotations

from itertools import product

import pytest

from dagy_nb.errors import TransitionError
from dagy_nb.model.state import (
    NodeState,
    RunState,
    check_node_transition,
    check_run_transition,
)

NODE_WAYS = {
    "PENDING": "QUEUED RUNNING SKIPPED CANCELLED",
    "QUEUED": "RUNNING SKIPPED CANCELLED",
    "RUNNING": "COMPLETED FAILED TIMED_OUT CANCELLED RETRYING",
    "RETRYING": "RUNNING FAILED TIMED_OUT CANCELLED",
}
RUN_WAYS = {
    "QUEUED": "RUNNING FAILED CANCELLED",
    "RUNNING": "COMPLETED FAILED TIMED_OUT CANCELLED",
}


@pytest.mark.parametrize(("before", "after"), list(product(NodeState, NodeState)))
def test_a_node_goes_the_ways_of_the_table_and_no_other(before, after):
    if after in NODE_WAYS.get(before, "").split():
        assert check_node_transition(before, after) is after
    else:
        with pytest.raises(TransitionError) as caught:
            check_node_transition(before, after)
        assert caught.value.code == "state.transition"
        assert before in str(caught.value)
        assert after in str(caught.value)


@pytest.mark.parametrize(("before", "after"), list(product(RunState, RunState)))
def test_a_run_goes_the_ways_of_the_table_and_no_other(before, after):
    if after in RUN_WAYS.get(before, "").split():
        assert check_run_transition(before, after) is after
    else:
        with pytest.raises(TransitionError) as caught:
            check_run_transition(before, after)
        assert caught.value.code == "state.transition"


def test_there_are_nine_node_states_and_five_of_them_are_final():
    assert len(NodeState) == 9
    final = {each for each in NodeState if each.is_final}
    assert final == {"COMPLETED", "FAILED", "TIMED_OUT", "CANCELLED", "SKIPPED"}


def test_there_are_six_run_states_and_four_of_them_are_final():
    assert len(RunState) == 6
    final = {each for each in RunState if each.is_final}
    assert final == {"COMPLETED", "FAILED", "TIMED_OUT", "CANCELLED"}

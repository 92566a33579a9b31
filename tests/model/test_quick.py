"""What was made the quick way cannot be told from what its class makes."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import given

from dagy_nb.abc import NodeCall, Outcome
from dagy_nb.model.event import AttemptStarted, NodeEnded, NodeQueued, Preview
from dagy_nb.model.quick import make_quick
from dagy_nb.model.state import NodeState
from tests.strategies import events

GIVEN = [
    (NodeQueued, {"at": 1.0, "node_id": "a"}),
    (AttemptStarted, {"at": 1.0, "run_id": "r", "node_id": "a", "attempt": 2}),
    (NodeEnded, {"at": 1.0, "node_id": "a", "state": NodeState.COMPLETED}),
    (Preview, {"type": "int", "summary": "1"}),
    (Outcome, {"outputs": {"y": 1}}),
]


@pytest.mark.parametrize(("cls", "given"), GIVEN)
def test_it_is_of_the_class_and_frozen(cls, given):
    made = make_quick(cls)(**given)
    assert type(made) is cls
    assert made == cls(**given)
    assert repr(made) == repr(cls(**given))
    first = fields(cls)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(made, first, 2)
    with pytest.raises(FrozenInstanceError):
        delattr(made, first)


@pytest.mark.parametrize(("cls", "given"), GIVEN)
def test_it_can_be_copied_and_packed(cls, given):
    made = make_quick(cls)(**given)
    assert pickle.loads(pickle.dumps(made)) == made
    assert copy.deepcopy(made) == replace(made) == made


@given(events())
def test_every_fact_can_be_made_so(event):
    values = {each.name: getattr(event, each.name) for each in fields(event)}
    assert make_quick(type(event))(**values) == event


def test_defaults_are_made_anew_for_each():
    make_call, needed = (
        make_quick(NodeCall),
        dict.fromkeys(
            ("run_id", "node_id", "attempt", "node_class", "config", "inputs", "parameters"), 1
        ),
    )
    one, other = (make_call(**needed, artifacts=None, timeout=None) for _ in range(2))
    assert one.conversions == {}
    assert one.conversions is not other.conversions


def test_what_is_missing_or_unknown_is_refused():
    make_preview = make_quick(Preview)
    with pytest.raises(TypeError, match="type"):
        make_preview()
    with pytest.raises(TypeError, match="other"):
        make_preview(type="int", other=1)

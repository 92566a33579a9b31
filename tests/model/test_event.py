"""Facts as plain values and back; every older shape stays readable."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from dagy_nb.errors import StoreError
from dagy_nb.model.event import (
    EVENT_TYPES,
    AttemptFailed,
    ErrorFact,
    NodeEnded,
    NodeProgressed,
    PlannedNode,
    Preview,
    RunQueued,
    decode,
    encode,
)
from dagy_nb.model.state import NodeState, Reason, RunKind
from tests.strategies import events


@given(events())
def test_a_fact_comes_back_as_it_was(event):
    assert decode(encode(event)) == event


@given(events())
def test_a_fact_is_plain_values_only(event):
    plain = encode(event)

    assert decode(json.loads(json.dumps(plain))) == event


def test_every_kind_is_known_by_its_name():
    assert {kind: cls.kind for kind, cls in EVENT_TYPES.items()} == {
        kind: kind for kind in EVENT_TYPES
    }
    assert len(EVENT_TYPES) == 15


def test_fields_at_their_default_are_left_out():
    assert encode(NodeProgressed(at=1.0, run_id="r", node_id="a", fraction=0.0)) == {
        "kind": "node_progressed",
        "at": 1.0,
        "run_id": "r",
        "node_id": "a",
        "fraction": 0.0,
    }


def test_fields_of_the_future_are_dropped():
    data = encode(NodeProgressed(at=1.0, node_id="a", fraction=0.5)) | {"colour": "red"}

    assert decode(data) == NodeProgressed(at=1.0, node_id="a", fraction=0.5)


OLD_SHAPES = [
    (
        {
            "kind": "run_queued",
            "at": 1.5,
            "run_id": "r",
            "run_kind": "notebook",
            "flow": "f",
            "nodes": [{"node_id": "a", "node_type": "A", "node_version": "1", "runner": "thread"}],
            "parameters": {"month": 2},
        },
        RunQueued(
            at=1.5,
            run_id="r",
            run_kind=RunKind.NOTEBOOK,
            flow="f",
            nodes=(PlannedNode(node_id="a", node_type="A", node_version="1", runner="thread"),),
            parameters={"month": 2},
        ),
    ),
    (
        {
            "kind": "node_ended",
            "at": 2,
            "run_id": "r",
            "node_id": "a",
            "state": "FAILED",
            "reason": "raised",
            "error": {"type": "ValueError", "code": "raised.ValueError", "message": "no"},
            "previews": {
                "x": {
                    "type": "DataFrame",
                    "columns": [["a", "int64"]],
                    "shape": [3, 1],
                    "rows": [["1"]],
                }
            },
            "cause": ["b"],
        },
        NodeEnded(
            at=2,
            run_id="r",
            node_id="a",
            state=NodeState.FAILED,
            reason=Reason.RAISED,
            error=ErrorFact(type="ValueError", code="raised.ValueError", message="no"),
            previews={
                "x": Preview(
                    type="DataFrame", columns=(("a", "int64"),), shape=(3, 1), rows=(("1",),)
                )
            },
            cause=("b",),
        ),
    ),
]


@pytest.mark.parametrize(
    ("data", "event"), OLD_SHAPES, ids=[shape["kind"] for shape, _ in OLD_SHAPES]
)
def test_the_shapes_of_version_1_are_read(data, event):
    assert decode(data) == event


@pytest.mark.parametrize("kind", ["node_teleported", None, ""])
def test_an_unknown_kind_is_refused(kind):
    with pytest.raises(StoreError) as caught:
        decode({"kind": kind, "at": 1.0})

    assert caught.value.code == "store.unknown_event"


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "node_ended", "at": 1.0, "node_id": "a"},
        {"kind": "node_ended", "at": 1.0, "node_id": "a", "state": "MELTED"},
        {"kind": "run_queued", "at": 1.0, "nodes": [3]},
        {"kind": "attempt_failed", "at": 1.0, "node_id": "a", "attempt": 1, "error": "no"},
    ],
    ids=["missing field", "unknown state", "wrong shape", "text for an error"],
)
def test_wrong_shapes_are_refused(data):
    with pytest.raises((TypeError, ValueError, AttributeError)):
        decode(data)


def test_an_optional_value_may_be_none():
    event = AttemptFailed(
        at=1.0, node_id="a", attempt=1, error=ErrorFact(type="E", code="raised.E", message="m")
    )

    assert decode(encode(event) | {"retry_at": 0.0}) == event
    assert decode(
        {"kind": "node_ended", "at": 1.0, "node_id": "a", "state": "COMPLETED", "error": None}
    ) == NodeEnded(at=1.0, node_id="a", state=NodeState.COMPLETED)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("carrier"), "KeyError: 'carrier'"),
        (SystemExit(3), "SystemExit: 3"),
        (ValueError(), "ValueError"),
        (ValueError("no such month"), "no such month"),
    ],
)
def test_an_error_whose_message_is_but_a_value_is_told_with_its_class(error, told):
    name = type(error).__name__
    fact = ErrorFact(type=name, code=f"raised.{name}", message=str(error))

    assert fact.told == told


def test_an_error_with_a_code_of_ours_is_told_in_its_own_words():
    assert ErrorFact(type="RunFailed", code="run.failed", message="Failed.").told == "Failed."

"""The short way of writing a fact: the same bytes as the long one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.model.event import (
    AttemptStarted,
    ErrorFact,
    LogWritten,
    NodeEnded,
    NodeQueued,
    NodesReused,
    PlannedNode,
    Preview,
    ReusedNode,
    RunQueued,
    encode,
)
from dagy_nb.model.state import NodeState, Reason
from dagy_nb.store.encoding import write_fact
from dagy_nb.store.line import write_line
from tests.strategies import events, texts

PREVIEW = Preview(type="DataFrame", summary="2 rows", columns=(("a", "int64"),), shape=(2, 1))
ERROR = ErrorFact(type="Odd", code="raised.Odd", message="é\n\u2028", node_id="a", attempt=2)


@given(events())
def test_every_fact_is_written_as_the_long_way_writes_it(event):
    assert write_fact(event) == write_line(encode(event))


@given(
    st.floats(0, 4e15) | st.floats(0.9, 1.1) | st.floats(0.9e15, 1.1e16),
    texts | st.text(st.characters(categories=None)),
    texts | st.text(st.characters(max_codepoint=0xFF)),
    st.integers(0, 2**31),
)
def test_what_each_node_brings_is_written_as_the_long_way_writes_it(at, name, text, count):
    look = Preview(type=name, summary=text)
    common_run = {"at": at, "run_id": name}
    common = {**common_run, "node_id": text}
    started = AttemptStarted(**common, attempt=count, runner=name)
    ended = NodeEnded(
        **common, state=NodeState.COMPLETED, attempts=count, previews={name: look, text: look}
    )
    node = ReusedNode(node_id=text, previews={name: look, text: look}, reused_from=name, key=text)
    reused = NodesReused(**common_run, nodes=(node, node))
    nodes = tuple(
        PlannedNode(node_id=name, node_type=text, node_version="1", runner=name, timeout=limit)
        for limit in (None, at, 0.0)
    )
    accepted = RunQueued(
        **common_run, flow=text, nodes=nodes, parameters={name: text, "count": count, "no": None}
    )
    for event in (accepted, NodeQueued(**common), started, ended, reused):
        assert write_fact(event) == write_line(encode(event))


@pytest.mark.parametrize(
    "event",
    [
        NodeQueued(at=0.1 + 0.2, node_id="a"),
        AttemptStarted(at=1e300, run_id="r", node_id="a", attempt=3, runner="thread"),
        NodeEnded(at=1.0, node_id="a", state=NodeState.COMPLETED, previews={"y": PREVIEW}),
        NodeEnded(at=1.0, node_id="a", state=NodeState.FAILED, reason=Reason.RAISED, error=ERROR),
        NodeEnded(at=1.0, node_id="a", state=NodeState.SKIPPED, cause=("b", "c")),
        NodesReused(at=1.0, run_id="r", nodes=(ReusedNode(node_id="a", reused_from="q"),)),
        LogWritten(at=1.0, run_id="r", node_id="a", text="half a pair: \ud83d"),
    ],
)
def test_facts_of_every_shape_are_written_as_the_long_way_writes_them(event):
    assert write_fact(event) == write_line(encode(event))

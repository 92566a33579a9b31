"""Whatever is changed between two runs, a run with reuse gives what a cold run gives, as was forecast."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagy_nb.engine.keeping import NOTHING
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry
from dagy_nb.model.state import NodeState, Reason
from dagy_nb.nodes.function import node
from dagy_nb.nodes.registry import Registry
from dagy_nb.session.keeping import ask_keeping
from dagy_nb.session.session import Session
from tests.session.reusing import open_session


@node(register=False, runner="inline")
def number(value: int = 1) -> int:
    """A number."""
    return value


@node(register=False, runner="inline")
def half(x: int, offset: int = 0) -> int:
    """Half of it: different numbers may give the same."""
    return x // 2 + offset


@node(register=False, runner="inline")
def total(*xs: int, word: str = "") -> list:
    """All of them, in order."""
    return [word, *xs]


@node(register=False, runner="inline")
def size(x: Any) -> int:
    """How long its text is."""
    return len(str(x))


@node(register=False, runner="inline")
def picky(x: int) -> int:
    """Refuses odd numbers."""
    if x % 2:
        raise ValueError("odd")
    return x


TYPES = {each.__name__: each for each in (number, half, total, size, picky)}
INPUTS = {"number": "", "half": "x", "total": "xs", "size": "x", "picky": "x"}
FIELDS = {"number": "value", "half": "offset"}


@st.composite
def flows(draw: st.DrawFn, count: int) -> FlowSpec:
    """Draw a flow of `count` nodes: each takes from nodes before it."""
    entries, edges = [], []
    numbers = ["n0"]
    for index in range(count):
        name = f"n{index}"
        kind = draw(st.sampled_from(sorted(TYPES))) if index else "number"
        config = {FIELDS[kind]: draw(st.integers(0, 3))} if kind in FIELDS else {}
        disabled = index > 1 and draw(st.integers(0, 9)) == 0
        entries.append(NodeEntry(id=name, type=kind, config=config, disabled=disabled))
        sources: Sequence[str] = ()
        if kind == "total":
            sources = draw(st.lists(st.sampled_from(numbers), min_size=1, max_size=3, unique=True))
        elif kind != "number":
            sources = (draw(st.sampled_from(numbers)),)
        into = INPUTS[kind]
        edges += [EdgeSpec.parse(f"{source}.output -> {name}.{into}") for source in sources]
        if kind != "total":
            numbers.append(name)
    return FlowSpec(name="random", nodes=tuple(entries), edges=tuple(edges))


def open_here(folder: str) -> Session:
    registry = Registry()
    for each in TYPES.values():
        registry.register(each)
    return open_session(Path(folder), registry, keep_after=None)


@settings(max_examples=40, deadline=None)
@given(st.data())
@pytest.mark.timeout(240)
def test_a_run_with_reuse_gives_what_a_cold_run_gives_as_was_forecast(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 8), label="count")
    with tempfile.TemporaryDirectory() as kept, tempfile.TemporaryDirectory() as bare:
        warm, cold = open_here(kept), open_here(bare)
        for turn in range(data.draw(st.integers(1, 3), label="turns")):
            flow = data.draw(flows(count), label=f"flow {turn}")
            force = data.draw(
                st.sets(st.sampled_from([each.id for each in flow.nodes]), max_size=1)
            )
            keeping = ask_keeping(flow, reuse=True, force=force)
            forecast = warm.forecast(flow, {}, keeping)
            run = warm.start(flow, {}, keeping=keeping).wait(check=False)
            plain = cold.start(flow, {}, keeping=NOTHING).wait(check=False)

            assert dict(run.outputs) == dict(plain.outputs)
            assert run.state is plain.state
            for name, said in forecast.nodes.items():
                was_reused = run[name].reason is Reason.UP_TO_DATE
                was_run = run[name].record.attempts > 0
                if said.action == "reuse":
                    assert was_reused, (name, said)
                elif said.action == "run":
                    # A node before it may have failed, which no forecast knows.
                    assert was_run or run[name].reason is Reason.UPSTREAM_FAILED, (name, said)
                elif said.action == "skip":
                    assert run[name].state is NodeState.SKIPPED
                    assert not was_reused
                else:
                    above = [edge.source for edge in flow.edges if edge.target == name]
                    is_behind = any(
                        forecast.nodes[each].action in {"run", "maybe"} for each in above
                    )
                    is_twin = "which makes the same" in said.detail
                    assert is_behind or is_twin, (name, said)
                assert not (was_run and was_reused)
                assert (run[name].record.why is not None) is was_run
        warm.close()
        cold.close()

"""The hash of a flow is that of what it holds, though it is worked out once."""

from __future__ import annotations

from dataclasses import dataclass

from dagy_nb.model.flow import FlowSpec, NodeEntry


@dataclass
class Changing:
    number: int = 1


def make(value: object) -> FlowSpec:
    return FlowSpec(name="f", nodes=(NodeEntry(id="a", type="t", config={"x": value}),))


def test_equal_flows_have_one_hash_however_often_it_is_asked_for() -> None:
    flow = make([1, {"k": "v"}])
    assert flow.content_hash == flow.content_hash == make([1, {"k": "v"}]).content_hash
    assert flow.content_hash != make([1, {"k": "w"}]).content_hash


def test_a_changed_copy_of_a_hashed_flow_has_its_own_hash() -> None:
    flow = make(1)
    before = flow.content_hash
    copy = flow.model_copy(update={"name": "g"})

    assert copy.content_hash == FlowSpec(name="g", nodes=flow.nodes).content_hash != before


def test_a_flow_that_holds_what_can_change_is_hashed_anew() -> None:
    value = Changing()
    flow = make(value)
    before = flow.content_hash
    value.number = 2

    assert flow.content_hash != before


def test_hashes_go_with_their_flows() -> None:
    hashes = {make(number).content_hash for number in range(100)}
    assert len(hashes) == 100

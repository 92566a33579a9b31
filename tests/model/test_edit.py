"""Edits: each has an inverse, and none leaves a flow that could not be described."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dagy_nb.errors import FlowError
from dagy_nb.model.edit import (
    AddNode,
    Batch,
    Connect,
    Disconnect,
    Edit,
    RemoveNode,
    RenameNode,
    ReplaceFlow,
    SetConfig,
    SetFlow,
    SetOptions,
    apply_edit,
    describe_edit,
    invert_edit,
)
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry, ParameterSpec
from tests.strategies import edits, flow_specs

EDIT: TypeAdapter[Edit] = TypeAdapter(Edit)
cases = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def edge(text: str) -> EdgeSpec:
    return EdgeSpec.parse(text)


FLOW = FlowSpec(
    name="f",
    nodes=[NodeEntry(id=each, type="T") for each in "abc"],
    edges=[edge("a.x -> b.y"), edge("b.x -> c.y"), edge("a.x -> c.z")],
)


@cases
@given(st.data())
def test_an_edit_and_its_inverse_lead_back(data: st.DataObject) -> None:
    flow = data.draw(flow_specs())
    edit = data.draw(edits(flow))

    after = apply_edit(flow, edit)

    assert apply_edit(after, invert_edit(flow, edit)) == flow


@cases
@given(st.data())
def test_undo_and_redo_lead_back_and_forth(data: st.DataObject) -> None:
    flow = data.draw(flow_specs())
    history = [flow]
    inverses = []
    for _ in range(data.draw(st.integers(1, 5))):
        edit = data.draw(edits(history[-1]))
        inverses.append(invert_edit(history[-1], edit))
        history.append(apply_edit(history[-1], edit))

    now = history[-1]
    for before, inverse in zip(reversed(history[:-1]), reversed(inverses), strict=True):
        again = invert_edit(now, inverse)
        back = apply_edit(now, inverse)
        assert back == before
        assert apply_edit(back, again) == now
        now = back


@cases
@given(st.data())
def test_what_an_edit_makes_is_a_flow_that_can_be_described(data: st.DataObject) -> None:
    """Edits copy without validating, for speed; they must not need it."""
    flow = data.draw(flow_specs())
    after = apply_edit(flow, data.draw(edits(flow)))

    assert FlowSpec.model_validate(after.model_dump()) == after
    assert FlowSpec.model_validate_json(after.model_dump_json()).content_hash == after.content_hash


@cases
@given(st.data())
def test_edits_travel_as_json(data: st.DataObject) -> None:
    edit = data.draw(edits(data.draw(flow_specs())))

    assert EDIT.validate_json(EDIT.dump_json(edit)) == edit
    assert describe_edit(edit)


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (AddNode(node=NodeEntry(id="a", type="T")), "edit.node_taken"),
        (RemoveNode(id="z"), "edit.unknown_node"),
        (Connect(edge=edge("a.x -> b.y")), "edit.edge_taken"),
        (Disconnect(edge=edge("a.x -> b.z")), "edit.unknown_edge"),
        (SetConfig(id="z", config={}), "edit.unknown_node"),
        (SetOptions(id="z"), "edit.unknown_node"),
        (RenameNode(id="z", to="y"), "edit.unknown_node"),
        (RenameNode(id="a", to="b"), "edit.node_taken"),
        (ReplaceFlow(flow=FlowSpec(name="other")), "edit.other_flow"),
        (Batch(edits=(RemoveNode(id="a"), RemoveNode(id="a"))), "edit.unknown_node"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(edit: Any, code: str) -> None:
    with pytest.raises(FlowError) as caught:
        apply_edit(FLOW, edit)

    assert caught.value.code == code


def test_what_is_no_edit_is_refused():
    for edit in (None, 3, NodeEntry(id="z", type="T")):
        with pytest.raises(FlowError) as caught:
            apply_edit(FlowSpec(name="f"), edit)  # type: ignore[arg-type]

        assert caught.value.code == "edit.invalid"


def test_parameters_of_one_name_are_refused():
    twins = SetFlow(parameters=(ParameterSpec(name="p"), ParameterSpec(name="p")))

    with pytest.raises(FlowError) as caught:
        apply_edit(FLOW, twins)

    assert caught.value.code == "edit.parameter_taken"


def test_removing_a_node_takes_its_edges_and_undo_brings_them_back_in_order():
    after = apply_edit(FLOW, RemoveNode(id="b"))

    assert after.edges == (edge("a.x -> c.z"),)
    assert apply_edit(after, invert_edit(FLOW, RemoveNode(id="b"))).edges == FLOW.edges


def test_edges_follow_a_renamed_node():
    after = apply_edit(FLOW, RenameNode(id="b", to="z"))

    assert [str(each) for each in after.edges] == ["a.x -> z.y", "z.x -> c.y", "a.x -> c.z"]


def test_a_node_put_where_an_edge_waits_for_it_is_undone_without_losing_the_edge():
    waiting = FlowSpec(name="f", nodes=FLOW.nodes[:1], edges=[edge("a.x -> lost.y")])
    adding = AddNode(node=NodeEntry(id="lost", type="T"))

    assert apply_edit(apply_edit(waiting, adding), invert_edit(waiting, adding)) == waiting


def test_a_rename_that_makes_two_edges_one_keeps_one_and_is_undone_whole():
    flow = FlowSpec(
        name="f", nodes=FLOW.nodes[:2], edges=[edge("a.x -> b.y"), edge("lost.x -> b.y")]
    )
    renaming = RenameNode(id="a", to="lost")
    after = apply_edit(flow, renaming)

    assert after.edges == (edge("lost.x -> b.y"),)
    assert apply_edit(after, invert_edit(flow, renaming)) == flow

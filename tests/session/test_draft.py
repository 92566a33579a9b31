"""A draft changes whole, tells everybody, and leads back."""

from __future__ import annotations

import threading

import pytest

from dagy_nb.errors import ConflictError, FlowError
from dagy_nb.model.edit import AddNode, Connect, RemoveNode
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry, Position
from dagy_nb.session.draft import Draft


def add(name: str) -> AddNode:
    return AddNode(node=NodeEntry(id=name, type="number"))


@pytest.fixture
def draft() -> Draft:
    return Draft(FlowSpec(name="f"))


def test_each_change_is_a_revision(draft: Draft) -> None:
    assert draft.change([add("a")]) == 1
    assert draft.change([add("b"), add("c")]) == 2

    assert [node.id for node in draft.spec.nodes] == ["a", "b", "c"]


def test_a_change_applies_whole_or_not_at_all(draft: Draft) -> None:
    with pytest.raises(FlowError) as caught:
        draft.change([add("a"), RemoveNode(id="missing")])

    assert caught.value.code == "edit.unknown_node"
    assert draft.spec.nodes == ()
    assert draft.revision == 0
    assert draft.undo_label == ""


def test_a_stale_change_is_refused(draft: Draft) -> None:
    draft.change([add("a")])

    with pytest.raises(ConflictError) as caught:
        draft.change([add("b")], expected=0)

    assert caught.value.code == "draft.stale"
    assert draft.revision == 1


def test_undo_and_redo_lead_there_and_back(draft: Draft) -> None:
    edge = EdgeSpec.parse("a.x -> b.y")
    draft.change([add("a"), add("b"), Connect(edge=edge)])
    full = draft.spec
    draft.change([RemoveNode(id="a")])
    assert draft.undo_label == "remove a"

    assert draft.undo()
    assert draft.spec == full
    assert draft.redo_label == "remove a"

    assert draft.undo()
    assert draft.spec == FlowSpec(name="f")
    assert not draft.undo()

    assert draft.redo()
    assert draft.redo()
    assert not draft.redo()
    assert [node.id for node in draft.spec.nodes] == ["b"]


def test_a_new_change_forgets_what_was_undone(draft: Draft) -> None:
    draft.change([add("a")])
    draft.undo()
    draft.change([add("b")])

    assert not draft.redo()


def test_moving_a_node_changes_no_revision(draft: Draft) -> None:
    draft.change([add("a")])
    draft.move({"a": Position(x=1, y=2)})

    assert draft.positions == {"a": Position(x=1, y=2)}
    assert draft.revision == 1


def test_subscribers_hear_of_changes_until_they_leave(draft: Draft) -> None:
    heard: list[int] = []
    leave = draft.subscribe(lambda: heard.append(draft.revision))
    draft.change([add("a")])
    draft.undo()
    leave()
    draft.redo()

    assert heard == [1, 2]


def test_threads_never_lose_each_others_changes(draft: Draft) -> None:
    def work(start: int) -> None:
        for number in range(50):
            draft.change([add(f"n{start}_{number}")])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(draft.spec.nodes) == 400
    assert draft.revision == 400


def test_undo_leads_back_to_the_draft_that_a_new_one_puts_away(draft: Draft) -> None:
    draft.change([add("a")], positions={"a": Position(x=7, y=8)})
    begun_anew = Draft(FlowSpec(name="f"), instead_of=draft)
    assert begun_anew.spec.nodes == ()

    again = Draft(FlowSpec(name="f"), instead_of=begun_anew)
    again.change([add("b")])

    assert again.undo()
    assert again.undo_label == "replace the flow"
    assert again.undo()
    assert (again.spec, again.positions) == (draft.spec, {"a": Position(x=7, y=8)})
    assert not again.undo()
    assert again.redo()
    assert again.spec.nodes == ()


def test_a_draft_that_begins_as_the_one_before_has_nothing_to_take_back(draft: Draft) -> None:
    assert Draft(FlowSpec(name="f"), instead_of=draft).undo_label == ""
    draft.change([add("a")])
    assert Draft(draft.spec, instead_of=draft).undo_label == ""

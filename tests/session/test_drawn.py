"""What was drawn in one kernel is there in the next: undo leads to it, `Flow.load` goes on with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from dagy_nb.errors import UnknownName
from dagy_nb.model.flow import Position
from dagy_nb.nodes.base import FlowNode, Output
from dagy_nb.nodes.registry import default_registry, use_registry
from dagy_nb.session.current import make_session
from dagy_nb.session.drawn import keep_draft
from dagy_nb.session.flow import Flow
from dagy_nb.session.session import Session
from dagy_nb.settings import Settings
from tests import flows

AT = {"top": Position(x=7, y=8)}


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """Make a session as a new kernel in the same folder has it."""
    made = []

    def make(**settings: bool) -> Session:
        session = make_session(Settings(home=tmp_path / ".dagy", **settings))
        made.append(session)
        return session

    with use_registry(default_registry().copy()):
        yield make
    for session in made:
        session.close()


def draw(session: Session) -> Flow:
    flow = flows.diamond(session)
    flow.draft.move(AT)
    keep_draft(flow)
    return flow


def test_undo_leads_back_to_what_an_earlier_kernel_drew(kernel) -> None:
    drawn = draw(kernel())

    begun_anew = Flow(drawn.name, session=kernel())
    assert begun_anew.spec.nodes == ()
    assert begun_anew.undo()

    assert begun_anew.spec == drawn.spec
    assert begun_anew.draft.positions == AT
    assert begun_anew.redo()
    assert begun_anew.spec.nodes == ()


def test_a_cell_with_the_same_text_finds_its_nodes_where_they_were(kernel) -> None:
    drawn = draw(kernel())

    again = Flow.from_yaml(drawn.to_yaml(), session=kernel())

    assert again.draft.positions == AT
    assert not again.undo()


def test_load_goes_on_with_the_newest_of_drawn_and_recorded(kernel) -> None:
    first = kernel()
    drawn = draw(first)
    name, node = drawn.name, "left"
    assert Flow.load(name, session=kernel()).spec == drawn.spec

    drawn.remove(node)
    drawn.publish()
    published = Flow.load(name, session=kernel())
    assert published.spec == drawn.spec
    assert published.draft.undo_label != ""

    drawn.undo()
    keep_draft(drawn)
    assert Flow.load(name, session=kernel()).spec.node(node) is not None


def test_a_notebook_that_runs_by_itself_loads_what_is_recorded(kernel) -> None:
    drawn = draw(kernel())
    with pytest.raises(UnknownName):
        Flow.load(drawn.name, session=kernel(static=True))

    version = drawn.publish()
    drawn.remove("left")
    keep_draft(drawn)

    assert Flow.load(drawn.name, session=kernel(static=True)).spec == version.spec


def test_an_old_version_begins_without_what_was_drawn(kernel) -> None:
    drawn = draw(kernel())
    drawn.publish()
    drawn.remove("left")
    keep_draft(drawn)

    old = Flow.load(drawn.name, version=1, session=kernel())

    assert old.spec.node("left") is not None
    assert not old.undo()


def test_an_old_version_looked_at_beside_is_not_kept_in_the_place_of_the_open_draft(kernel) -> None:
    drawn = draw(kernel())
    drawn.publish()
    drawn.remove("left")
    keep_draft(drawn)

    beside = Flow.load(drawn.name, version=1, session=drawn.session)
    beside.draft.move(AT)
    keep_draft(beside)

    assert Flow.load(drawn.name, session=kernel()).spec == drawn.spec


def test_to_move_nodes_keeps_what_was_drawn_and_where_they_are(kernel) -> None:
    drawn = draw(kernel())
    text = Flow.from_yaml(drawn.to_yaml(), session=kernel())
    text.remove("left")
    text.draft.move({"right": Position(x=1, y=2)})

    keep_draft(text, is_new=False)

    again = Flow(drawn.name, session=kernel())
    assert again.undo()
    assert again.spec == drawn.spec
    assert again.draft.positions == {**AT, "right": Position(x=1, y=2)}


def test_an_empty_flow_does_not_take_the_place_of_what_was_drawn(kernel) -> None:
    drawn = draw(kernel())

    begun_anew = Flow(drawn.name, session=kernel())
    keep_draft(begun_anew)

    again = Flow(drawn.name, session=kernel())
    assert again.undo()
    assert again.spec == drawn.spec


@pytest.mark.parametrize("name", ["nowhere", "a\0b"])
def test_a_flow_that_nobody_drew_or_recorded_is_unknown(kernel, name) -> None:
    with pytest.raises(UnknownName):
        Flow.load(name, session=kernel())


def test_secrets_are_not_kept(kernel, tmp_path: Path) -> None:
    class ReaderOfSecrets(FlowNode):
        text = Output()

        class Config(FlowNode.Config):
            token: SecretStr = SecretStr("")

        def execute(self, context):
            return {"text": ""}

    flow = Flow("reading", session=kernel())
    flow.add(ReaderOfSecrets, id="read", token="canary-7")
    keep_draft(flow)

    again = Flow.load("reading", session=kernel())

    assert [each.code for each in again.check()] == ["secret.not_recorded"]
    kept = [path.read_bytes() for path in (tmp_path / ".dagy" / "drafts").iterdir()]
    assert len(kept) == 1
    assert b"canary-7" not in kept[0]

    # The cell, run again, says all that was drawn, and the secret: nothing to go back to.
    once_more = Flow.from_spec(flow.spec, session=kernel())
    assert not once_more.undo()

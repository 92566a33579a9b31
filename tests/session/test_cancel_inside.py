"""A run is cancelled by its id wherever it goes on: inside a node of another run, or asked for by its first letters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dagy_nb.errors import UnknownName
from dagy_nb.model.event import CancelRequested
from dagy_nb.model.state import RunState
from dagy_nb.session.current import make_session
from dagy_nb.session.flow import Flow
from dagy_nb.session.handle import RunHandle
from dagy_nb.session.session import Session
from dagy_nb.settings import Settings
from tests.victims.watching import wait_until

PATIENCE = 20.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Session]:
    """A session whose store tells its own requests from those of other processes."""
    made = make_session(Settings(home=tmp_path / ".dagy"))
    yield made
    made.close()


def start_nested(session: Session) -> RunHandle:
    """Start a run that waits two sub-flows deep."""
    inner = Flow("inner", session=session)
    inner.add("Wait", id="wait", seconds=600)
    inner.as_node("WaitsInside")
    middle = Flow("middle", session=session)
    middle.add("WaitsInside", id="low")
    middle.as_node("WaitsBelow")
    flow = Flow("outer", session=session)
    flow.add("WaitsBelow", id="high")
    return flow.run()


def find_inside(session: Session, run_id: str) -> str:
    """Return the run that goes on directly inside a run, once its node runs."""
    found: list[str] = []

    def look() -> bool:
        found[:] = [
            run.run_id
            for run in session.store.runs(parent=run_id).runs
            if any(node.started_at for node in session.store.run(run.run_id).nodes.values())
        ]
        return bool(found)

    assert wait_until(look, PATIENCE)
    return found[0]


def test_another_process_cancels_a_run_inside_a_node(session: Session) -> None:
    handle = start_nested(session)
    lowest = find_inside(session, find_inside(session, handle.id))
    session.store.append(CancelRequested(at=session.clock.now(), run_id=lowest, by="test"))

    handle.wait(PATIENCE, check=False)

    assert session.store.run(lowest).state is RunState.CANCELLED
    assert session.store.run(lowest).cancel_requested


def test_another_process_cancels_a_node_of_a_run_inside_a_node(session: Session) -> None:
    handle = start_nested(session)
    lowest = find_inside(session, find_inside(session, handle.id))
    request = CancelRequested(at=session.clock.now(), run_id=lowest, node_id="wait", by="test")
    session.store.append(request)

    handle.wait(PATIENCE, check=False)

    assert session.store.run(lowest).nodes["wait"].state == "CANCELLED"


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_the_first_letters_of_an_id_are_enough(journal: Session, depth: int) -> None:
    handle = start_nested(journal)
    run_ids = [handle.id]
    for _ in range(2):
        run_ids.append(find_inside(journal, run_ids[-1]))
    with pytest.raises(UnknownName):
        journal.cancel(run_ids[depth][:-1], "nobody")

    journal.cancel(run_ids[depth][:-1])
    handle.wait(PATIENCE, check=False)

    assert journal.store.run(run_ids[depth]).state is RunState.CANCELLED

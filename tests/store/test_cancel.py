"""Looking for requests to cancel: cheap, and none is missed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dagy_nb.model.event import CancelRequested, LogWritten
from dagy_nb.store import cancel as cancel_module
from dagy_nb.store.cancel import CancelRequests
from dagy_nb.store.journal import Journal
from dagy_nb.store.place import Place
from tests.store.facts import NOON, TurnedClock


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def other(place: Place):
    made = Journal(place, TurnedClock())
    yield made
    made.close()


def ask(node_id: str = "") -> CancelRequested:
    return CancelRequested(at=NOON, run_id="run-0001", node_id=node_id)


def test_every_request_is_found_once_and_kept(place, other):
    watch = CancelRequests(place)
    found = [watch.asked("run-0001", own_writer="me")]
    for node_id in ("a", "b", ""):
        other.append(
            [ask(node_id), LogWritten(at=NOON, text="cancel_requested is only a word here")]
        )
        found.append(watch.asked("run-0001", own_writer="me"))

    assert found == [[], ["a"], ["a", "b"], ["a", "b", ""]]
    assert watch.asked("run-0002", own_writer="me") == []


def test_requests_of_ones_own_are_not_asked_by_others(place, other):
    watch = CancelRequests(place)
    other.append([ask()])

    assert watch.asked("run-0001", own_writer=other.writer) == []


def test_a_process_that_asks_and_ends_is_heard(place):
    watch = CancelRequests(place)
    for number in range(3):
        asking = Journal(place, TurnedClock(NOON + number))
        asking.append([ask(f"n{number}")])
        asking.close()
        assert watch.asked("run-0001", own_writer="me")[-1] == f"n{number}"


def test_half_a_line_is_waited_for(place, other):
    watch = CancelRequests(place)
    other.append([ask("a")])
    (path,) = place.journal.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    half = watch.asked("run-0001", own_writer="me")
    path.write_bytes(whole)

    assert half == []
    assert watch.asked("run-0001", own_writer="me") == ["a"]


def test_a_folder_that_has_not_changed_for_a_while_is_not_listed_again(place, other, monkeypatch):
    other.append([LogWritten(at=NOON, text="hello")])
    listed = []
    real = cancel_module.list_segments
    monkeypatch.setattr(
        cancel_module, "list_segments", lambda place: listed.append(1) or real(place)
    )
    watch = CancelRequests(place)
    os.utime(place.journal, (time.time(), time.time() - 60))
    for _ in range(5):
        watch.asked("run-0001", own_writer="me")
    times = len(listed)
    other.append([ask("a")])  # in a segment that was there
    known = watch.asked("run-0001", own_writer="me")
    later = Journal(place, TurnedClock(NOON + 1))
    later.append([ask("b")])  # in a new one
    new = watch.asked("run-0001", own_writer="me")

    assert times == 2  # once when it began, once when it was first asked
    assert (known, new) == (["a"], ["a", "b"])
    later.close()


def test_a_store_that_does_not_exist_yet_asks_for_nothing(place):
    watch = CancelRequests(Place(place.folder / "later"))

    assert watch.asked("run-0001", own_writer="me") == []

"""What a handle tells of a run while it goes on."""

from __future__ import annotations

from dagy_nb.model.event import AttemptFailed, ErrorFact, NodeProgressed, RunQueued
from dagy_nb.session.listener import MOST_UNREAD, RunListener

ERROR = ErrorFact(type="OSError", code="raised.OSError", message="gone")


def fail(node_id, attempt, retry_at):
    return AttemptFailed(
        at=1.0, run_id="r", node_id=node_id, attempt=attempt, error=ERROR, retry_at=retry_at
    )


def test_the_next_attempt_is_due_when_the_last_failed_one_said():
    listener = RunListener()

    for event in (fail("a", 1, 6.0), fail("b", 1, 7.0), fail("a", 2, 16.0)):
        listener.hear(event)

    assert listener.read_retries() == {"a": 16.0, "b": 7.0}


def test_a_record_is_whole_however_many_facts_nobody_looked_at():
    listener = RunListener()
    listener.hear(RunQueued(at=1.0, run_id="r"))

    for place in range(MOST_UNREAD + 10):
        fraction = min(1.0, (place + 1) / MOST_UNREAD)
        listener.hear(NodeProgressed(at=2.0 + place, run_id="r", node_id="a", fraction=fraction))

    assert len(listener._unread) < MOST_UNREAD
    assert listener.record("r").nodes["a"].fraction == 1.0
    assert not listener._unread

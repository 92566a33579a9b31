"""Facts folded into records: one answer for every order."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.errors import UnknownName
from dagy_nb.model.event import (
    AttemptFailed,
    AttemptStarted,
    CancelRequested,
    ErrorFact,
    Event,
    LogWritten,
    NodeEnded,
    NodeProgressed,
    NodeQueued,
    RunEnded,
    RunQueued,
    RunStarted,
)
from dagy_nb.model.record import RunRecord
from dagy_nb.model.state import NodeState, Reason, RunState
from dagy_nb.store.fold import RunFold
from tests.store.facts import NOON, begin_run, failed_run, notebook_run, plan, whole_run
from tests.strategies import events

ERROR = ErrorFact(type="ValueError", code="raised.ValueError", message="no")


def fold(facts: list[Event]) -> RunRecord:
    made = RunFold()
    for fact in facts:
        made.apply(fact, writer="w")
    return made.record("run-0001")


def node_after(*facts: Event) -> tuple[NodeState, int]:
    node = fold([*begin_run("run-0001", "a"), *facts]).nodes["a"]
    return node.state, node.attempts


def queued() -> Event:
    return NodeQueued(at=NOON, run_id="run-0001", node_id="a")


def started(attempt: int) -> Event:
    return AttemptStarted(
        at=NOON + attempt, run_id="run-0001", node_id="a", attempt=attempt, runner="thread"
    )


def failed(attempt: int) -> Event:
    return AttemptFailed(
        at=NOON + attempt + 0.5, run_id="run-0001", node_id="a", attempt=attempt, error=ERROR
    )


def ended(state: NodeState = NodeState.COMPLETED, at: float = NOON + 9, attempts: int = 1) -> Event:
    return NodeEnded(at=at, run_id="run-0001", node_id="a", state=state, attempts=attempts)


@pytest.mark.parametrize(
    ("facts", "state", "attempts"),
    [
        ([], NodeState.PENDING, 0),
        ([queued()], NodeState.QUEUED, 0),
        ([queued(), started(1)], NodeState.RUNNING, 1),
        ([queued(), started(1), failed(1)], NodeState.RETRYING, 1),
        ([queued(), started(1), failed(1), started(2)], NodeState.RUNNING, 2),
        ([queued(), started(1), failed(1), started(2), ended(attempts=2)], NodeState.COMPLETED, 2),
        ([started(1), queued()], NodeState.RUNNING, 1),
        ([started(2), failed(1), started(1)], NodeState.RUNNING, 2),
        ([failed(2), started(2)], NodeState.RETRYING, 2),
        ([ended(), started(1), queued()], NodeState.COMPLETED, 1),
        ([ended(NodeState.SKIPPED, attempts=0)], NodeState.SKIPPED, 0),
        ([ended(NodeState.RUNNING)], NodeState.PENDING, 1),
    ],
    ids=lambda value: (
        " ".join(type(each).__name__ for each in value) if isinstance(value, list) else str(value)
    ),
)
def test_a_node_is_as_far_as_its_furthest_fact(facts, state, attempts):
    assert node_after(*facts) == (state, attempts)


def test_of_several_final_facts_the_earliest_counts():
    early, late = ended(NodeState.TIMED_OUT, at=NOON + 1), ended(NodeState.COMPLETED, at=NOON + 2)

    assert node_after(early, late)[0] is NodeState.TIMED_OUT
    assert node_after(late, early)[0] is NodeState.TIMED_OUT


def test_of_final_facts_at_one_moment_the_first_to_arrive_counts():
    facts = [ended(NodeState.COMPLETED, at=NOON), ended(NodeState.FAILED, at=NOON)]

    assert node_after(*facts)[0] is NodeState.COMPLETED


def test_a_retry_shows_the_error_until_the_next_attempt():
    facts = [*begin_run("run-0001", "a"), started(1), failed(1)]

    assert fold(facts).nodes["a"].error == ERROR
    assert fold([*facts, started(2)]).nodes["a"].error is None


def test_nodes_stand_in_the_order_of_the_plan():
    facts = [ended(), *begin_run("run-0001", "c", "a", "b")]
    unplanned = AttemptStarted(at=NOON, run_id="run-0001", node_id="0", attempt=1)

    assert list(fold([unplanned, *facts]).nodes) == ["c", "a", "b", "0"]


def test_progress_never_falls():
    def progressed(fraction: float, message: str) -> Event:
        return NodeProgressed(
            at=NOON, run_id="run-0001", node_id="a", fraction=fraction, message=message
        )

    node = fold([progressed(0.2, "one"), progressed(0.6, "two"), progressed(0.4, "late")]).nodes[
        "a"
    ]

    assert (node.fraction, node.message) == (0.6, "two")


def test_only_a_cancel_of_the_whole_run_is_one_of_the_run():
    of_node = CancelRequested(at=NOON, run_id="run-0001", node_id="a")

    assert not fold([*begin_run("run-0001", "a"), of_node]).cancel_requested
    assert fold(
        [CancelRequested(at=NOON, run_id="run-0001"), *begin_run("run-0001", "a")]
    ).cancel_requested


def test_a_cancel_alone_makes_no_run():
    made = RunFold()
    made.apply(CancelRequested(at=NOON, run_id="run-0001"))

    assert made.known_runs() == []


def test_a_run_belongs_to_who_started_it():
    made = RunFold()
    made.apply(RunQueued(at=NOON, run_id="r", nodes=plan("a")), writer="scheduler")
    assert made.run("r").writer == "scheduler"
    made.apply(RunStarted(at=NOON + 1, run_id="r"), writer="kernel")
    made.apply(CancelRequested(at=NOON + 2, run_id="r"), writer="browser")
    made.apply(RunEnded(at=NOON + 3, run_id="r", state=RunState.FAILED), writer="undertaker")

    assert made.run("r").writer == "kernel"


def test_an_unknown_run_is_said_to_be_unknown():
    with pytest.raises(UnknownName) as caught:
        RunFold().record("nothing")

    assert caught.value.code == "unknown.run"


def test_a_snapshot_does_not_change_later():
    made = RunFold()
    for fact in begin_run("run-0001", "a"):
        made.apply(fact)
    before = made.record("run-0001")
    made.apply(ended())

    assert before.nodes["a"].state is NodeState.PENDING
    assert made.record("run-0001").nodes["a"].state is NodeState.COMPLETED
    with pytest.raises((TypeError, AttributeError)):
        before.nodes["a"] = None
    with pytest.raises((TypeError, AttributeError)):
        before.parameters["month"] = 3


RUNS = {"whole": whole_run, "failed": failed_run, "notebook": notebook_run}


@pytest.mark.parametrize("name", RUNS)
@given(random=st.randoms(use_true_random=False))
def test_any_order_gives_the_same_record(name: str, random: random.Random):
    facts = RUNS[name]("run-0001")
    shuffled = [*facts, *random.sample(facts, 4)]
    random.shuffle(shuffled)

    assert fold(shuffled) == fold(facts)


@pytest.mark.parametrize("name", RUNS)
@given(random=st.randoms(use_true_random=False))
def test_folding_in_parts_gives_the_same_record(name: str, random: random.Random):
    """A run is put down and taken up again, as it is between a database and the next fold."""
    facts = RUNS[name]("run-0001")
    random.shuffle(facts)
    made = RunFold()
    for fact in facts:
        made.apply(fact, writer="w")
        if "run-0001" in made and random.random() < 0.3:
            run = made.run("run-0001")
            places = [
                node.place
                for node in sorted(run.nodes.values(), key=lambda each: (each.place, each.node_id))
            ]
            record, writer = made.record("run-0001"), run.writer
            made = RunFold()
            made.adopt(record, writer=writer, places=places)

    assert made.record("run-0001") == fold(facts)


@given(st.lists(events(), max_size=30))
def test_no_facts_whatever_stop_the_fold(facts):
    made = RunFold()
    for fact in facts:
        made.apply(fact)

    for run in made.known_runs():
        assert made.record(run.run_id).run_id == run.run_id


def test_log_lines_are_no_part_of_the_record():
    made = RunFold()
    made.apply(LogWritten(at=NOON, run_id="run-0001", text="hello"))

    assert "run-0001" not in made


def test_crashes_and_reasons_are_kept():
    fact = NodeEnded(
        at=NOON,
        run_id="run-0001",
        node_id="a",
        state=NodeState.FAILED,
        reason=Reason.CRASHED,
        enforcement="killed",
    )
    node = fold([*begin_run("run-0001", "a"), fact]).nodes["a"]

    assert (node.reason, node.enforcement) == (Reason.CRASHED, "killed")

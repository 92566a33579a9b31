"""Plans of all kinds in, and a run that was played; what never happens in it is asserted."""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st

from dagy_nb.engine.retry import RetryPlan
from dagy_nb.engine.signals import Start
from dagy_nb.model.event import (
    AttemptFailed,
    AttemptStarted,
    CancelRequested,
    NodeEnded,
    NodeQueued,
    RunEnded,
)
from dagy_nb.model.retry import RetrySpec, Trigger
from dagy_nb.model.state import NodeState, Reason, check_node_transition
from tests.engine.plans import POLICIES, plan_of

LETTERS = "abcdef"
EVERY = ("raised", "timed_out", "crashed")
RETRIES = (
    RetrySpec(),
    RetrySpec(on=EVERY),
    RetrySpec(on=EVERY, delay=2.0, jitter=0.5),
    RetrySpec(on=("timed_out",), delay=(1.0, 100.0)),
)


@st.composite
def plans(draw):
    """Plans of up to six nodes: edges forward, cardinalities, ERROR outputs, limits, policies, triggers."""
    count = draw(st.integers(1, 6))
    names = LETTERS[:count]
    pairs = [(s, t) for i, s in enumerate(names) for t in names[i + 1 :]]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=8)) if pairs else []
    edges = []
    for source, target in chosen:
        output = draw(st.sampled_from(["out", "out", "other", "error"]))
        into = draw(st.sampled_from(["one", "opt", "many"]))
        into = "many" if into == "many" else f"{into}_{source}"
        edges.append(f"{source}.{output} -> {target}.{into}")
    steps = {
        name: {
            "timeout": draw(st.sampled_from([None, 1.0])),
            "retries": draw(st.integers(0, 2)),
            "runner": draw(st.sampled_from(["inline", "thread"])),
            "trigger": draw(st.sampled_from([Trigger.ALL_SUCCESS, *Trigger])),
            "retry": RetryPlan(spec=draw(st.sampled_from(RETRIES))),
            "disabled": draw(st.booleans()) and draw(st.booleans()),
        }
        for name in names
    }
    return plan_of(
        *edges,
        nodes=" ".join(names),
        steps=steps,
        timeout=draw(st.sampled_from([None, 9.0])),
        failure_policy=draw(st.sampled_from(POLICIES)),
        keep_outputs=draw(st.booleans()),
        max_parallel=draw(st.sampled_from([None, None, 1, 2])),
    )


def check_laws(player):
    plan, said = player.plan, player.said
    ends = Counter(e.node_id for e in player.events if isinstance(e, NodeEnded))
    assert ends == {step.node_id: 1 for step in plan.steps}, "one final state for each planned node"
    assert isinstance(player.events[-1], RunEnded), "nothing is told after the run's end"
    assert [type(e) for e in player.events].count(RunEnded) == 1
    assert player.machine.state is player.run_ended.state
    check_nothing_after_the_end(player)
    check_starts(plan, said)
    check_states_follow_the_table(player)
    check_attempts(player)
    check_places(player)
    check_reasons(player)


def check_nothing_after_the_end(player):
    ended = set()
    for event in player.events:
        node = getattr(event, "node_id", "")
        if isinstance(event, CancelRequested):
            continue
        assert node not in ended, f"{event} after the end of {node}"
        if isinstance(event, NodeEnded):
            ended.add(node)


def check_starts(plan, said):
    producers = {step.node_id: step.producers for step in plan.steps}
    ended, is_cancelled = set(), False
    for each in said:
        if isinstance(each, NodeEnded):
            ended.add(each.node_id)
        if isinstance(each, CancelRequested):
            is_cancelled = is_cancelled or not each.node_id
        if isinstance(each, Start):
            assert not is_cancelled, "nothing starts after a cancel"
            assert ended.issuperset(producers[each.node_id]), "no step starts before its inputs"
            assert each.node_id not in ended


def check_attempts(player):
    """Attempts are numbered from 1 without a gap, and no more than asked for."""
    for step in player.plan.steps:
        numbers = [
            e.attempt for e in player.said if isinstance(e, Start) and e.node_id == step.node_id
        ]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) <= step.retries + 1
        failed = [
            e.attempt
            for e in player.events
            if isinstance(e, AttemptFailed) and e.node_id == step.node_id
        ]
        assert failed == numbers[: len(failed)], "every attempt but the last one failed"
        assert len(failed) >= len(numbers) - 1


def check_places(player):
    """No more attempts are out than there are places."""
    most, out = player.plan.max_parallel, set()
    for each in player.said:
        if isinstance(each, NodeEnded | AttemptFailed):
            out.discard(each.node_id)
        if isinstance(each, Start):
            out.add(each.node_id)
        assert most is None or len(out) <= most


def check_reasons(player):
    """What is skipped says why, and names nodes that are at the root of it."""
    ends = {e.node_id: e for e in player.events if isinstance(e, NodeEnded)}
    for end in ends.values():
        if end.state is not NodeState.SKIPPED or end.reason in {Reason.DISABLED, Reason.UP_TO_DATE}:
            continue
        assert end.cause, f"{end} names no cause"
        for cause in end.cause:
            is_skipped = ends[cause].state is NodeState.SKIPPED
            assert not is_skipped or ends[cause].reason in {Reason.DISABLED, Reason.UP_TO_DATE}


TABLE_WAY = {
    NodeQueued: NodeState.QUEUED,
    AttemptStarted: NodeState.RUNNING,
    AttemptFailed: NodeState.RETRYING,
}


def check_states_follow_the_table(player):
    now = {step.node_id: NodeState.PENDING for step in player.plan.steps}
    for event in player.events:
        after = event.state if isinstance(event, NodeEnded) else TABLE_WAY.get(type(event))
        if after is not None:
            now[event.node_id] = check_node_transition(now[event.node_id], after)

"""The machine of a run, told anything in any order: what never happens."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from dagy_nb.engine.retry import RetryPlan
from dagy_nb.engine.signals import (
    AttemptBegun,
    AttemptEnded,
    CancelAsked,
    Emit,
    LineWritten,
    ReasonFound,
    Start,
    StepReused,
    StopAnswered,
    Timer,
    TimerFired,
    TimerKind,
)
from dagy_nb.model.event import (
    AttemptFailed,
    AttemptStarted,
    CancelRequested,
    NodeEnded,
    NodeQueued,
    RunEnded,
)
from dagy_nb.model.retry import RetrySpec, Trigger
from dagy_nb.model.state import NodeState, Reason, Why, check_node_transition
from tests.engine.plans import ERROR, POLICIES, Player, plan_of

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


def draw_signal(data, plan, player):
    """Draw what may come next: truthful or not, early, late, doubled, about anything."""
    node = data.draw(st.sampled_from([step.node_id for step in plan.steps]))
    attempt = data.draw(st.sampled_from([1, 1, 1, 2, 3]))
    here = {"node_id": node, "attempt": attempt}
    kind = data.draw(st.sampled_from(range(11)))
    match kind:
        case 0 | 1:
            return AttemptBegun, here
        case 2 | 3:
            live = data.draw(st.frozensets(st.sampled_from(["out", "other"])))
            return AttemptEnded, {**here, "live": live}
        case 4:
            reason = data.draw(st.sampled_from([Reason.RAISED, Reason.CONTRACT, Reason.CRASHED]))
            return AttemptEnded, {**here, "error": ERROR, "reason": reason}
        case 5:
            how = data.draw(st.sampled_from(["cancelled", "killed", "abandoned", "stopping"]))
            return StopAnswered, {**here, "how": how}
        case 6:
            timer_kind = data.draw(
                st.sampled_from(["attempt", "attempt", "grace", "grace", "retry", "retry", "run"])
            )
            timer = Timer(TimerKind(timer_kind), node, attempt)
            if timer_kind == "run":
                timer = Timer(TimerKind.RUN)
                if plan.timeout is None:
                    return CancelAsked, {"node_id": node}
            return TimerFired, {"timer": timer}
        case 7:
            return LineWritten, {**here, "level": "STDOUT", "text": "x"}
        case 8:
            reused = data.draw(st.frozensets(st.sampled_from(["out", "other"])))
            return StepReused, {**here, "live": reused, "why_detail": "equal", "reused_from": "r"}
        case 9:
            return ReasonFound, {**here, "why": Why.CODE, "key": "k"}
        case _:
            whole = data.draw(st.integers(0, 9)) == 0
            return CancelAsked, {"node_id": "" if whole else node}


def drain(player):
    """End truthfully whatever still goes on."""
    for _ in range(200):
        if player.is_finished:
            return
        for step in player.plan.steps:
            for attempt in range(1, 5):
                player.end_wait(step.node_id, attempt)
                player.answer(step.node_id, "abandoned", attempt)
                player.complete(step.node_id, attempt=attempt)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_order_of_signals_breaks_a_law(data):
    plan = data.draw(plans())
    player = Player(plan).begin()
    for _ in range(data.draw(st.integers(0, 40))):
        make, fields = draw_signal(data, plan, player)
        player.tell(make, **fields)
    drain(player)

    check_laws(player)


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
        if isinstance(each, Emit) and isinstance(each.event, NodeEnded):
            ended.add(each.event.node_id)
        if isinstance(each, Emit) and isinstance(each.event, CancelRequested):
            is_cancelled = is_cancelled or not each.event.node_id
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
        event = each.event if isinstance(each, Emit) else None
        if isinstance(event, NodeEnded | AttemptFailed):
            out.discard(event.node_id)
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


@settings(max_examples=150, deadline=None)
@given(plans(), st.randoms(use_true_random=False))
def test_truthful_runners_in_any_order_give_the_same_states(plan, random):
    """What the nodes do decides how they end, not who is faster; only `stop` may stop more or less."""
    if any(step.retries for step in plan.steps) or plan.failure_policy == "stop":
        return
    fates = {step.node_id: random.choice(["ok", "fail", "without other"]) for step in plan.steps}

    players = [play_shuffled(plan, fates, random) for _ in range(3)]

    assert len({player.states() for player in players}) == 1
    check_triggers(players[0], fates)
    check_verdict(players[0])


def check_triggers(player, fates):
    """Each step started, or did not, as its trigger says."""
    ends = {e.node_id: e for e in player.events if isinstance(e, NodeEnded)}
    for step in player.plan.steps:
        if step.disabled or not step.producers:
            continue
        sources = [source for binding in step.bindings for source in binding.sources]
        alive = [is_alive(player.plan, ends, fates, source) for source in sources]
        uncaught = [is_uncaught(player.plan, ends[source.node_id]) for source in sources]
        has_started = step.node_id in player.started
        match step.trigger:
            case Trigger.ALL_DONE:
                assert has_started
            case Trigger.ANY_SUCCESS:
                assert has_started is any(alive)
            case Trigger.NONE_FAILED:
                assert not (has_started and any(uncaught))
                assert has_started or any(
                    is_uncaught(player.plan, ends[e]) for e in ends[step.node_id].cause
                )
            case Trigger.ALL_SUCCESS:
                assert has_started or not all(alive)


def is_alive(plan, ends, fates, source):
    end = ends[source.node_id]
    if end.state is NodeState.FAILED:
        return source.output == "error"
    left_out = fates[source.node_id].removeprefix("without ")
    return end.state is NodeState.COMPLETED and source.output not in {left_out, "error"}


def is_uncaught(plan, end):
    caught = {step.node_id for step in plan.steps if step.error_outputs}
    return end.state is NodeState.FAILED and end.node_id not in caught


def check_verdict(player):
    """No failure is lost, unless one value was enough or the policy says so."""
    plan = player.plan
    if plan.failure_policy == "isolate" or any(s.trigger == "any_success" for s in plan.steps):
        return
    ends = [e for e in player.events if isinstance(e, NodeEnded)]
    has_failed = any(is_uncaught(plan, end) for end in ends)
    assert player.run_ended.state == ("FAILED" if has_failed else "COMPLETED")


def play_shuffled(plan, fates, random):
    player, done = Player(plan).begin(), set()
    while waiting := [node for node in player.started if node not in done]:
        node = random.choice(waiting)
        done.add(node)
        if fates[node] == "fail":
            player.fail(node)
        else:
            player.complete(node, "out", "other", left_out=fates[node].removeprefix("without "))
    return player

"""The machine of a run, told anything in any order: what never happens."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dagy_nb.engine.ending import end_well
from dagy_nb.engine.signals import (
    AttemptBegun,
    AttemptEnded,
    CancelAsked,
    LineWritten,
    ReasonFound,
    Reused,
    StepsReused,
    StopAnswered,
    Timer,
    TimerFired,
    TimerKind,
)
from dagy_nb.model.event import NodeEnded, ReusedNode
from dagy_nb.model.retry import Trigger
from dagy_nb.model.state import NodeState, Reason, Why
from tests.engine.laws import check_laws, plans
from tests.engine.plans import ERROR, Player


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
            found = [
                Reused(node=ReusedNode(node_id=each.node_id), ending=end_well(each.node_id, reused))
                for each in plan.steps
                if each.node_id == node or data.draw(st.booleans())
            ]
            return StepsReused, {"steps": tuple(found)}
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


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_no_order_of_signals_breaks_a_law(data):
    plan = data.draw(plans())
    player = Player(plan).begin()
    for _ in range(data.draw(st.integers(0, 40))):
        make, fields = draw_signal(data, plan, player)
        player.tell(make, **fields)
    drain(player)

    check_laws(player)


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

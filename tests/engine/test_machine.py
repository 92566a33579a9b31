"""The machine of a run, told everything in any order: what it decides, and what never happens."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagy_nb.engine.signals import (
    ArmTimer,
    AttemptBegun,
    AttemptEnded,
    CancelAsked,
    DisarmTimer,
    DropOutputs,
    Emit,
    GiveError,
    KeepOutputs,
    LineWritten,
    ProgressMade,
    RunBegun,
    Start,
    Stop,
    StopAnswered,
    Timer,
    TimerFired,
    TimerKind,
)
from dagy_nb.model.event import (
    AttemptFailed,
    AttemptStarted,
    CancelRequested,
    LogWritten,
    NodeEnded,
    NodeProgressed,
    NodeQueued,
    RunEnded,
    RunStarted,
)
from dagy_nb.model.state import NodeState, Reason, RunState
from tests.engine.plans import ERROR, POLICIES, Player, plan_of, play

A_LIMIT = {"a": {"timeout": 5.0}}


def kinds(player):
    return [type(event).__name__ for event in player.events]


# --- the plain way ---------------------------------------------------------------------------------


def test_a_chain_is_told_in_order():
    player = play(plan_of("a -> b"))

    node = ["NodeQueued", "AttemptStarted", "NodeEnded"]
    assert kinds(player) == ["RunStarted", *node, *node, "RunEnded"]
    assert player.is_finished


def test_an_inline_node_is_not_queued_since_it_waits_for_no_place():
    player = play(plan_of(nodes="a", steps={"a": {"runner": "inline"}}))

    assert kinds(player) == ["RunStarted", "AttemptStarted", "NodeEnded", "RunEnded"]


def test_independent_nodes_start_together():
    player = Player(plan_of("a -> d.x", "b -> d.y", "c -> d.z")).begin()

    assert player.started == ["a", "b", "c"]


def test_a_node_starts_when_the_last_of_its_producers_ended():
    player = Player(plan_of("a -> c.x", "b -> c.y")).begin()

    player.complete("b")
    assert "c" not in player.started

    player.complete("a")
    assert player.started[-1] == "c"


def test_facts_carry_the_time_of_their_signal():
    player = Player(plan_of(nodes="a")).begin()

    player.tell(AttemptBegun, node_id="a", attempt=1)

    assert player.events[-1] == AttemptStarted(
        at=player.at, run_id="run", node_id="a", attempt=1, runner="thread"
    )


def test_values_are_kept_before_a_consumer_starts():
    player = Player(plan_of("a -> b")).begin()

    player.complete("a")

    kept = player.said.index(KeepOutputs("a", 1))
    assert kept < player.said.index(Start("b", 1))


def test_values_are_dropped_when_the_last_consumer_ended_where_that_is_asked_for():
    player = Player(plan_of("a -> b", "a -> c", keep_outputs=False)).begin()
    player.complete("a")

    player.complete("b")
    assert DropOutputs("a") not in player.said

    player.complete("c")
    assert DropOutputs("a") in player.said
    assert DropOutputs("c") not in player.said


def test_values_are_kept_by_default():
    assert not [each for each in play(plan_of("a -> b")).said if isinstance(each, DropOutputs)]


# --- limits ----------------------------------------------------------------------------------------


def test_the_limit_counts_from_the_acknowledgement():
    player = Player(plan_of(nodes="a", steps=A_LIMIT)).begin()
    assert not player.armed

    player.acknowledge("a")
    assert player.armed == [ArmTimer(Timer(TimerKind.ATTEMPT, "a", 1), 5.0)]


def test_a_node_that_ends_in_time_disarms_its_timer():
    player = play(plan_of(nodes="a", steps=A_LIMIT))

    assert DisarmTimer(Timer(TimerKind.ATTEMPT, "a", 1)) in player.said


@pytest.mark.parametrize("how", ["cancelled", "killed", "abandoned"])
def test_a_node_past_its_limit_is_stopped_and_says_how_that_held(how):
    player = Player(plan_of("a -> b", steps=A_LIMIT)).begin()
    player.acknowledge("a")

    player.time_out("a")
    assert player.stopped == ["a"]
    assert player.machine.node_state("a") is NodeState.RUNNING

    player.answer("a", how)
    ended = player.ended("a")
    assert (ended.state, ended.enforcement, ended.reason) == (NodeState.TIMED_OUT, how, None)
    assert ended.error is not None
    assert ended.error.code == "node.timed_out"
    assert "5 s" in ended.error.message
    assert player.run_ended.state is RunState.FAILED


def test_a_body_that_is_stopping_gets_some_patience_and_ends_cancelled():
    player = Player(plan_of(nodes="a", steps=A_LIMIT)).begin()
    player.acknowledge("a")
    player.time_out("a")

    player.answer("a", "stopping")
    assert player.armed[-1] == ArmTimer(Timer(TimerKind.GRACE, "a", 1), 0.5)

    player.fail("a")
    assert (player.ended("a").state, player.ended("a").enforcement) == ("TIMED_OUT", "cancelled")
    assert not player.abandoned


def test_a_cancel_hook_gets_its_own_time_on_top():
    steps = {"a": {"timeout": 5.0, "hook_seconds": 2.0}}
    player = Player(plan_of(nodes="a", steps=steps)).begin()
    player.acknowledge("a")
    player.time_out("a")

    player.answer("a", "stopping")

    assert player.armed[-1].seconds == 2.5


def test_a_body_that_does_not_stop_is_abandoned_and_its_late_result_dropped():
    player = Player(plan_of("a -> b", steps=A_LIMIT)).begin()
    player.acknowledge("a")
    player.time_out("a")
    player.answer("a", "stopping")

    player.lose_patience("a")
    assert player.abandoned == ["a"]
    assert (player.ended("a").state, player.ended("a").enforcement) == ("TIMED_OUT", "abandoned")

    before = list(player.said)
    player.complete("a")
    player.tell(LineWritten, node_id="a", attempt=1, level="STDOUT", text="late")
    assert player.said == before


def test_a_result_that_comes_after_the_limit_but_before_the_stop_is_dropped_too():
    player = Player(plan_of("a -> b", steps=A_LIMIT)).begin()
    player.acknowledge("a")
    player.time_out("a")

    player.complete("a")

    assert player.ended("a").state is NodeState.TIMED_OUT
    assert not [each for each in player.said if isinstance(each, KeepOutputs)]


def test_a_timed_out_node_uses_its_error_output():
    player = Player(plan_of("a -> b", "a.error -> h", steps=A_LIMIT)).begin()
    player.acknowledge("a")
    player.time_out("a")
    player.answer("a", "killed")
    player.complete("h")

    (given_error,) = (each for each in player.said if isinstance(each, GiveError))
    assert given_error.outputs == ("error",)
    assert given_error.error.code == "node.timed_out"
    assert player.run_ended.state is RunState.COMPLETED


def test_the_limit_of_a_run_stops_what_runs_and_cancels_what_waits():
    player = Player(plan_of("a -> b", nodes="q", timeout=9.0)).begin()
    assert player.armed == [ArmTimer(Timer(TimerKind.RUN), 9.0)]
    player.acknowledge("a")

    player.pass_run_limit()
    player.answer("a", "cancelled")
    player.answer("q", "cancelled")

    assert player.states() == "q:CANCELLED a:TIMED_OUT b:CANCELLED"
    assert "run's limit of 9 s" in player.ended("a").error.message
    assert player.run_ended.state is RunState.TIMED_OUT
    assert player.run_ended.error.code == "run.timed_out"


# --- cancels ---------------------------------------------------------------------------------------


def test_a_cancelled_run_starts_nothing_more():
    player = Player(plan_of("a -> b", "a -> c")).begin()
    player.acknowledge("a")

    player.cancel(by="ada")
    assert player.stopped == ["a"]
    player.complete("a")

    assert player.started == ["a"]
    assert player.states() == "a:CANCELLED b:CANCELLED c:CANCELLED"
    assert player.run_ended.state is RunState.CANCELLED
    assert CancelRequested(at=3, run_id="run", node_id="", by="ada") in player.events


def test_a_run_is_cancelled_once_however_often_that_is_asked():
    player = Player(plan_of("a -> b")).begin()
    player.acknowledge("a")

    for _ in range(3):
        player.cancel()

    assert player.stopped == ["a"]
    assert kinds(player).count("CancelRequested") == 1


def test_a_run_can_be_cancelled_before_it_began():
    player = Player(plan_of("a -> b"))

    player.cancel()
    player.begin()

    assert player.run_ended.state is RunState.CANCELLED
    assert not player.started
    assert RunStarted not in map(type, player.events)


def test_a_queued_node_that_its_runner_takes_back_is_cancelled_without_an_attempt():
    player = Player(plan_of(nodes="a")).begin()

    player.cancel("a")
    player.answer("a", "cancelled")

    ended = player.ended("a")
    assert (ended.state, ended.attempts, ended.enforcement) == (NodeState.CANCELLED, 0, "")


def test_cancelling_one_node_leaves_the_others():
    player = Player(plan_of("a -> b", "c -> d")).begin()
    player.acknowledge("a")

    player.cancel("a")
    player.answer("a", "cancelled")
    player.complete("c")
    player.complete("d")

    assert player.states() == "a:CANCELLED b:SKIPPED(upstream_failed) c:COMPLETED d:COMPLETED"


def test_cancelling_a_waiting_node_ends_it_at_once():
    player = Player(plan_of("a -> b")).begin()

    player.cancel("b")

    assert player.ended("b").state is NodeState.CANCELLED
    player.complete("a")
    assert player.run_ended.state is RunState.CANCELLED


@pytest.mark.parametrize("node", ["a", "nobody"])
def test_cancelling_what_is_over_or_unknown_changes_nothing(node):
    player = Player(plan_of("a -> b")).begin()
    player.complete("a")
    before = list(player.said)

    player.cancel(node)

    assert player.said == before


# --- retries ---------------------------------------------------------------------------------------


def test_a_failed_attempt_is_repeated_as_often_as_asked():
    player = Player(plan_of("a -> b", steps={"a": {"retries": 2}})).begin()

    player.fail("a", 1)
    assert player.machine.node_state("a") is NodeState.RETRYING
    player.fail("a", 2)
    player.complete("a", attempt=3)

    assert player.started == ["a", "a", "a", "b"]
    assert player.ended("a").state is NodeState.COMPLETED
    assert player.ended("a").attempts == 3
    assert [e.attempt for e in player.events if isinstance(e, AttemptFailed)] == [1, 2]


def test_the_last_failed_attempt_fails_the_node():
    player = Player(plan_of(nodes="a", steps={"a": {"retries": 1}})).begin()
    player.fail("a", 1)

    player.fail("a", 2)

    assert (player.ended("a").state, player.ended("a").attempts) == (NodeState.FAILED, 2)
    assert player.ended("a").error.attempt == 2


@pytest.mark.parametrize("reason", [Reason.CONTRACT, Reason.CRASHED])
def test_only_what_was_raised_is_repeated(reason):
    player = Player(plan_of(nodes="a", steps={"a": {"retries": 5}})).begin()

    player.fail("a", reason=reason)

    assert (player.ended("a").state, player.ended("a").reason) == (NodeState.FAILED, reason)


def test_a_limit_is_not_repeated():
    player = Player(plan_of(nodes="a", steps={"a": {"retries": 5, "timeout": 1.0}})).begin()
    player.acknowledge("a")
    player.time_out("a")

    player.answer("a", "cancelled")

    assert player.ended("a").state is NodeState.TIMED_OUT


def test_a_node_with_side_effects_is_not_repeated_and_its_log_says_so():
    steps = {"a": {"retries": 0, "retries_refused": "Mail has side effects"}}
    player = Player(plan_of(nodes="a", steps=steps)).begin()

    player.fail("a")

    (line,) = (each for each in player.events if isinstance(each, LogWritten))
    assert line.text == "Not tried again: Mail has side effects."
    assert player.ended("a").state is NodeState.FAILED


def test_what_an_earlier_attempt_says_late_is_ignored():
    player = Player(plan_of(nodes="a", steps={"a": {"retries": 1}})).begin()
    player.fail("a", 1)
    before = list(player.said)

    player.tell(AttemptEnded, node_id="a", attempt=1, live=frozenset({"out"}))
    player.tell(ProgressMade, node_id="a", attempt=1, fraction=1.0)

    assert player.said == before


def test_a_node_is_cancelled_between_two_attempts():
    player = Player(plan_of(nodes="a", steps={"a": {"retries": 1}})).begin()
    player.fail("a", 1)

    player.cancel()
    player.answer("a", "cancelled", attempt=2)

    assert player.ended("a").state is NodeState.CANCELLED


# --- what bodies tell ------------------------------------------------------------------------------


def test_progress_never_falls():
    player = Player(plan_of(nodes="a")).begin()
    player.acknowledge("a")

    for fraction in (0.1, 0.5, 0.3, 0.5, 1.0):
        player.tell(ProgressMade, node_id="a", attempt=1, fraction=fraction)

    told = [e.fraction for e in player.events if isinstance(e, NodeProgressed)]
    assert told == [0.1, 0.5, 0.5, 1.0]


def test_an_end_without_a_beginning_is_told_with_one():
    player = Player(plan_of(nodes="a")).begin()

    player.tell(AttemptEnded, node_id="a", attempt=1, error=ERROR, reason=Reason.CRASHED)

    assert kinds(player)[-3:] == ["AttemptStarted", "NodeEnded", "RunEnded"]
    assert player.ended("a").reason is Reason.CRASHED


def test_a_fault_of_the_engine_ends_every_node():
    player = Player(plan_of("a -> b")).begin()
    player.acknowledge("a")

    player.said += player.machine.collapse(9.0, ERROR)

    assert player.states() == "a:FAILED(crashed) b:CANCELLED"
    assert player.run_ended.state is RunState.FAILED
    assert player.is_finished


# --- any order -------------------------------------------------------------------------------------

LETTERS = "abcdef"


@st.composite
def plans(draw):
    """Plans of up to six nodes with edges forward, all cardinalities, ERROR outputs, limits, policies."""
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
    )


def draw_signal(data, plan, player):
    """Draw what may come next: truthful or not, early, late, doubled, about anything."""
    node = data.draw(st.sampled_from([step.node_id for step in plan.steps]))
    attempt = data.draw(st.sampled_from([1, 1, 1, 2, 3]))
    here = {"node_id": node, "attempt": attempt}
    kind = data.draw(st.sampled_from(range(9)))
    match kind:
        case 0 | 1:
            return AttemptBegun, here
        case 2 | 3:
            live = data.draw(st.frozensets(st.sampled_from(["out", "other"])))
            return AttemptEnded, {**here, "live": live}
        case 4:
            reason = data.draw(st.sampled_from([Reason.RAISED, Reason.RAISED, Reason.CONTRACT]))
            return AttemptEnded, {**here, "error": ERROR, "reason": reason}
        case 5:
            how = data.draw(st.sampled_from(["cancelled", "killed", "abandoned", "stopping"]))
            return StopAnswered, {**here, "how": how}
        case 6:
            timer_kind = data.draw(st.sampled_from(["attempt", "attempt", "grace", "grace", "run"]))
            timer = Timer(TimerKind(timer_kind), node, attempt)
            if timer_kind == "run":
                timer = Timer(TimerKind.RUN)
                if plan.timeout is None:
                    return CancelAsked, {"node_id": node}
            return TimerFired, {"timer": timer}
        case 7:
            return LineWritten, {**here, "level": "STDOUT", "text": "x"}
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


TABLE_WAY = {
    NodeQueued: NodeState.QUEUED,
    AttemptStarted: NodeState.RUNNING,
    AttemptFailed: NodeState.RETRYING,
}


def check_states_follow_the_table(player):
    from dagy_nb.model.state import check_node_transition

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

    states = {play_shuffled(plan, fates, random).states() for _ in range(3)}

    assert len(states) == 1


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


def test_a_chain_of_twenty_thousand_skips_needs_no_stack():
    names = [f"n{i}" for i in range(20_000)]
    edges = [f"{a} -> {b}" for a, b in zip(names, names[1:], strict=False)]

    player = play(plan_of(*edges), {"n0": "fail"})

    assert player.ended("n19999").cause == ("n0",)


def test_signals_before_the_beginning_start_nothing():
    player = Player(plan_of("a -> b"))

    player.complete("a")

    assert not player.started
    assert Stop not in map(type, player.said)
    assert player.machine.state is RunState.QUEUED
    player.tell(RunBegun)
    assert player.started == ["a"]

"""How steps hinder each other, and how the run ends: the rules of `dagy_nb.engine.fate`, one case each."""

from __future__ import annotations

import pytest

from dagy_nb.engine.ending import end_well
from dagy_nb.engine.signals import ReasonFound, Reused, StepsReused
from dagy_nb.model.event import ReusedNode
from dagy_nb.model.flow import FailurePolicy
from dagy_nb.model.retry import Trigger
from dagy_nb.model.state import NodeState, Reason, RunState, Why
from tests.engine.plans import Player, plan_of, play

CONTINUE, STOP, ISOLATE = FailurePolicy.CONTINUE, FailurePolicy.STOP, FailurePolicy.ISOLATE


def on(failure_policy=CONTINUE, **triggers):
    steps = {name: {"trigger": Trigger(trigger)} for name, trigger in triggers.items()}
    return {"steps": steps, "failure_policy": failure_policy}


CASES = {
    "all complete": (
        ["a -> b", "b -> c"], {}, {},
        "a:COMPLETED b:COMPLETED c:COMPLETED", RunState.COMPLETED,
    ),
    "dependents of a failure are skipped, the other branch finishes": (
        ["a -> b", "b -> c", "a -> d"], {"b": "fail"}, {},
        "a:COMPLETED b:FAILED(raised) c:SKIPPED(upstream_failed) d:COMPLETED", RunState.FAILED,
    ),
    "a failed sink fails the run": (
        ["a -> b"], {"b": "fail"}, {}, "a:COMPLETED b:FAILED(raised)", RunState.FAILED,
    ),
    "a caught failure does not fail the run": (
        ["a -> b", "a.error -> h"], {"a": "fail"}, {},
        "a:FAILED(raised) b:SKIPPED(upstream_failed) h:COMPLETED", RunState.COMPLETED,
    ),
    "the handler of a node that completes is a branch not taken": (
        ["a -> b", "a.error -> h"], {}, {},
        "a:COMPLETED b:COMPLETED h:SKIPPED(branch_not_taken)", RunState.COMPLETED,
    ),
    "a failing handler fails the run": (
        ["a.error -> h"], {"a": "fail", "h": "fail"}, {},
        "a:FAILED(raised) h:FAILED(raised)", RunState.FAILED,
    ),
    "try and catch meet again in a merge": (
        ["a -> b", "a.error -> h", "b -> m.many", "h -> m.many"], {"a": "fail"}, {},
        "a:FAILED(raised) b:SKIPPED(upstream_failed) h:COMPLETED m:COMPLETED", RunState.COMPLETED,
    ),
    "an output left out skips what needs it": (
        ["a.out -> b", "a.other -> c", "c -> d"], {"a": "without other"}, {},
        "a:COMPLETED b:COMPLETED c:SKIPPED(branch_not_taken) d:SKIPPED(branch_not_taken)", RunState.COMPLETED,
    ),
    "a merge runs with the branch that was taken": (
        ["a.out -> b", "a.other -> c", "b -> m.many", "c -> m.many"], {"a": "without other"}, {},
        "a:COMPLETED b:COMPLETED c:SKIPPED(branch_not_taken) m:COMPLETED", RunState.COMPLETED,
    ),
    "a merge without any live branch is skipped": (
        ["a.out -> b", "a.out -> c", "b -> m.many", "c -> m.many"], {"a": "without out"}, {},
        "a:COMPLETED b:SKIPPED(branch_not_taken) c:SKIPPED(branch_not_taken) m:SKIPPED(branch_not_taken)",
        RunState.COMPLETED,
    ),
    "a failed input still blocks a merge": (
        ["a -> m.many", "b -> m.many"], {"a": "fail"}, {},
        "a:FAILED(raised) m:SKIPPED(upstream_failed) b:COMPLETED", RunState.FAILED,
    ),
    "isolate lets a merge go on without the failed input": (
        ["a -> m.many", "b -> m.many"], {"a": "fail"}, {"failure_policy": ISOLATE},
        "a:FAILED(raised) m:COMPLETED b:COMPLETED", RunState.COMPLETED,
    ),
    "isolate cannot reach a sink that needs the failed node": (
        ["a -> b", "c -> d"], {"a": "fail"}, {"failure_policy": ISOLATE},
        "a:FAILED(raised) b:SKIPPED(upstream_failed) c:COMPLETED d:COMPLETED", RunState.FAILED,
    ),
    "isolate with nothing live at all does not run the merge": (
        ["a -> m.opt"], {"a": "fail"}, {"failure_policy": ISOLATE},
        "a:FAILED(raised) m:SKIPPED(upstream_failed)", RunState.FAILED,
    ),
    "an optional input may stay open": (
        ["a -> m.x", "b.other -> m.opt"], {"b": "without other"}, {},
        "a:COMPLETED m:COMPLETED b:COMPLETED", RunState.COMPLETED,
    ),
    "a failed optional input blocks": (
        ["a -> m.x", "b -> m.opt"], {"b": "fail"}, {},
        "a:COMPLETED m:SKIPPED(upstream_failed) b:FAILED(raised)", RunState.FAILED,
    ),
    "a node whose only edge is dead does not run, though its input is optional": (
        ["b.other -> m.opt"], {"b": "without other"}, {},
        "b:COMPLETED m:SKIPPED(branch_not_taken)", RunState.COMPLETED,
    ),
    "a disabled node takes what needs it along": (
        ["a -> b", "b -> c"], {}, {"steps": {"a": {"disabled": True}}},
        "a:SKIPPED(disabled) b:SKIPPED(disabled) c:SKIPPED(disabled)", RunState.COMPLETED,
    ),
    "a failure before a disabled node still fails the run": (
        ["a -> b"], {"a": "fail"}, {"steps": {"b": {"disabled": True}}},
        "a:FAILED(raised) b:SKIPPED(disabled)", RunState.FAILED,
    ),
    "a failure weighs more than a disabled node": (
        ["a -> c.x", "b -> c.y"], {"a": "fail"}, {"steps": {"b": {"disabled": True}}},
        "a:FAILED(raised) c:SKIPPED(upstream_failed) b:SKIPPED(disabled)", RunState.FAILED,
    ),
    "a disabled node weighs more than a branch not taken": (
        ["a.other -> c.x", "b -> c.y"], {"a": "without other"}, {"steps": {"b": {"disabled": True}}},
        "a:COMPLETED c:SKIPPED(disabled) b:SKIPPED(disabled)", RunState.COMPLETED,
    ),
    "a node that was cancelled alone takes its dependents along and cancels the run": (
        ["a -> b", "b -> c", "a -> d"], {"b": "cancel"}, {},
        "a:COMPLETED b:CANCELLED c:SKIPPED(upstream_failed) d:COMPLETED", RunState.CANCELLED,
    ),
    "a failure weighs more than a cancel": (
        ["a -> b", "c -> d"], {"a": "cancel", "c": "fail"}, {},
        "a:CANCELLED b:SKIPPED(upstream_failed) c:FAILED(raised) d:SKIPPED(upstream_failed)", RunState.FAILED,
    ),
    "a cancelled node does not use its error output": (
        ["a.error -> h"], {"a": "cancel"}, {},
        "a:CANCELLED h:SKIPPED(upstream_failed)", RunState.CANCELLED,
    ),
    "stop ends what waits and what runs": (
        ["a -> b", "b -> c", "d -> e"], {"a": "fail"}, {"failure_policy": STOP},
        "a:FAILED(raised) b:SKIPPED(upstream_failed) c:SKIPPED(upstream_failed) d:CANCELLED e:CANCELLED",
        RunState.FAILED,
    ),
    "stop does not act on a caught failure": (
        ["a.error -> h", "d -> e"], {"a": "fail"}, {"failure_policy": STOP},
        "a:FAILED(raised) h:COMPLETED d:COMPLETED e:COMPLETED", RunState.COMPLETED,
    ),
    "all_done starts after a failure, and does not make it good": (
        ["a -> b", "b -> c"], {"a": "fail"}, on(b="all_done"),
        "a:FAILED(raised) b:COMPLETED c:COMPLETED", RunState.FAILED,
    ),
    "all_done starts after what was skipped": (
        ["a -> b", "b -> c"], {"a": "fail"}, on(c="all_done"),
        "a:FAILED(raised) b:SKIPPED(upstream_failed) c:COMPLETED", RunState.FAILED,
    ),
    "all_done starts after branches not taken, and the run completes": (
        ["a.out -> b", "b -> c"], {"a": "without out"}, on(c="all_done"),
        "a:COMPLETED b:SKIPPED(branch_not_taken) c:COMPLETED", RunState.COMPLETED,
    ),
    "all_done starts after a cancelled node, and the run is cancelled": (
        ["a -> b"], {"a": "cancel"}, on(b="all_done"), "a:CANCELLED b:COMPLETED", RunState.CANCELLED,
    ),
    "a failure that all_done went past weighs on a branch not taken behind it": (
        ["a -> b", "b -> c"], {"a": "fail", "b": "without out"}, on(b="all_done"),
        "a:FAILED(raised) b:COMPLETED c:SKIPPED(branch_not_taken)", RunState.FAILED,
    ),
    "a failure that all_done went past is not made good by any_success behind it": (
        ["a -> b", "b -> c"], {"a": "fail"}, on(b="all_done", c="any_success"),
        "a:FAILED(raised) b:COMPLETED c:COMPLETED", RunState.FAILED,
    ),
    "all_done does not weigh on sinks that it does not lead to": (
        ["a -> b", "c -> d"], {"b": "fail"}, on(d="all_done"),
        "a:COMPLETED b:FAILED(raised) c:COMPLETED d:COMPLETED", RunState.FAILED,
    ),
    "isolate asks only whether the sink was reached": (
        ["a -> b"], {"a": "fail"}, on(b="all_done", failure_policy=ISOLATE),
        "a:FAILED(raised) b:COMPLETED", RunState.COMPLETED,
    ),
    "a caught failure before all_done does no harm": (
        ["a -> b", "a.error -> h"], {"a": "fail"}, on(b="all_done"),
        "a:FAILED(raised) b:COMPLETED h:COMPLETED", RunState.COMPLETED,
    ),
    "a failing all_done fails the run": (
        ["a -> b"], {"b": "fail"}, on(b="all_done"), "a:COMPLETED b:FAILED(raised)", RunState.FAILED,
    ),
    "a disabled node does not start by all_done": (
        ["a -> b"], {}, {"steps": {"b": {"disabled": True, "trigger": Trigger.ALL_DONE}}},
        "a:COMPLETED b:SKIPPED(disabled)", RunState.COMPLETED,
    ),
    "any_success needs one value, and makes the failure beside it good": (
        ["a -> c.x", "b -> c.y"], {"a": "fail"}, on(c="any_success"),
        "a:FAILED(raised) c:COMPLETED b:COMPLETED", RunState.COMPLETED,
    ),
    "any_success makes good what failed earlier on the same way": (
        ["a -> b", "b -> d.x", "c -> d.y"], {"a": "fail"}, on(d="any_success"),
        "a:FAILED(raised) b:SKIPPED(upstream_failed) d:COMPLETED c:COMPLETED", RunState.COMPLETED,
    ),
    "any_success without any value is skipped with the gravest reason": (
        ["a -> c.x", "b.other -> c.y"], {"a": "fail", "b": "without other"}, on(c="any_success"),
        "a:FAILED(raised) c:SKIPPED(upstream_failed) b:COMPLETED", RunState.FAILED,
    ),
    "any_success does not make good a failure that leads elsewhere too": (
        ["a -> c.x", "b -> c.y", "a -> d"], {"a": "fail"}, on(c="any_success"),
        "a:FAILED(raised) c:COMPLETED b:COMPLETED d:SKIPPED(upstream_failed)", RunState.FAILED,
    ),
    "any_success without edges starts": (
        [], {}, {"nodes": "a", **on(a="any_success")}, "a:COMPLETED", RunState.COMPLETED,
    ),
    "none_failed goes past a branch not taken": (
        ["a.other -> b"], {"a": "without other"}, on(b="none_failed"),
        "a:COMPLETED b:COMPLETED", RunState.COMPLETED,
    ),
    "none_failed goes past what is disabled": (
        ["a -> b"], {}, {"steps": {"a": {"disabled": True}, "b": {"trigger": Trigger.NONE_FAILED}}},
        "a:SKIPPED(disabled) b:COMPLETED", RunState.COMPLETED,
    ),
    "none_failed does not start after a failure": (
        ["a -> c.x", "b -> c.y"], {"a": "fail"}, on(c="none_failed"),
        "a:FAILED(raised) c:SKIPPED(upstream_failed) b:COMPLETED", RunState.FAILED,
    ),
    "none_failed does not start after a cancelled node": (
        ["a -> b"], {"a": "cancel"}, on(b="none_failed"),
        "a:CANCELLED b:SKIPPED(upstream_failed)", RunState.CANCELLED,
    ),
    "none_failed holds with isolate too, for optional inputs": (
        ["a -> b.opt", "c -> b.x"], {"a": "fail"}, on(b="none_failed", failure_policy=ISOLATE),
        "a:FAILED(raised) b:SKIPPED(upstream_failed) c:COMPLETED", RunState.FAILED,
    ),
    "none_failed goes past a failure that was caught": (
        ["a -> b", "a.error -> h"], {"a": "fail"}, on(b="none_failed"),
        "a:FAILED(raised) b:COMPLETED h:COMPLETED", RunState.COMPLETED,
    ),
    "stop comes before all triggers": (
        ["a -> b", "a -> c"], {"a": "fail"}, on(b="all_done", c="any_success", failure_policy=STOP),
        "a:FAILED(raised) b:SKIPPED(upstream_failed) c:SKIPPED(upstream_failed)", RunState.FAILED,
    ),
    "nothing to run completes": ([], {}, {}, "", RunState.COMPLETED),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_steps_end_by_the_rules(case):
    edges, fates, settings, states, state = case

    player = play(plan_of(*edges, **settings), fates)

    assert player.states() == states
    assert player.run_ended.state is state


CAUSES = [
    (["a -> b", "b -> c"], {"a": "fail"}, {}, "c", ("a",)),
    (["a -> c.x", "b -> c.y"], {"a": "fail", "b": "fail"}, {}, "c", ("a", "b")),
    (["a -> b", "b -> c"], {"a": "without out"}, {}, "c", ("a",)),
    (["a -> b", "b -> c"], {}, {"steps": {"a": {"disabled": True}}}, "c", ("a",)),
    (["a -> c.x", "b.other -> c.y"], {"a": "fail", "b": "without other"}, {}, "c", ("a",)),
    (["a -> b", "c -> d"], {"a": "fail"}, {"failure_policy": STOP}, "b", ("a",)),
    (
        ["a -> c.x", "b.other -> c.y"],
        {"a": "fail", "b": "without other"},
        on(c="none_failed"),
        "c",
        ("a",),
    ),
    (
        ["a -> b", "b -> d.x", "c -> d.y"],
        {"a": "fail", "c": "fail"},
        on(d="any_success"),
        "d",
        ("a", "c"),
    ),
]


@pytest.mark.parametrize(("edges", "fates", "settings", "node", "cause"), CAUSES)
def test_a_skipped_node_names_the_nodes_at_the_root_of_it(edges, fates, settings, node, cause):
    player = play(plan_of(*edges, **settings), fates)

    assert player.ended(node).cause == cause


def reuse(player, *names, live=("out",), **found):
    """Say of steps that kept outputs take their place."""
    steps = [
        Reused(node=ReusedNode(node_id=name, **found), ending=end_well(name, frozenset(live)))
        for name in names
    ]
    player.tell(StepsReused, steps=tuple(steps))


def test_a_reused_step_counts_as_one_that_completed():
    player = Player(plan_of("a.out -> b", "a.other -> c", "b -> d.many", "c -> d.many")).begin()

    reuse(player, "a", reused_from="before", key="k")
    player.complete("b")
    player.complete("d")

    assert player.states() == (
        "a:SKIPPED(up_to_date) b:COMPLETED c:SKIPPED(branch_not_taken) d:COMPLETED"
    )
    end = player.ended("a")
    assert (end.attempts, end.reused_from, end.key) == (0, "before", "k")
    assert player.run_ended.state is RunState.COMPLETED


def states_of(player):
    """Return where all steps are now."""
    return " ".join(
        f"{each.node_id}:{player.machine.node_state(each.node_id)}" for each in player.plan.steps
    )


def test_steps_behind_a_reused_one_end_without_being_handed_out():
    player = Player(plan_of("a -> b", "b -> c", "c -> d")).begin()

    reuse(player, "a", "b", "c")

    assert states_of(player) == "a:SKIPPED b:SKIPPED c:SKIPPED d:QUEUED"
    assert player.started == ["a", "d"]


@pytest.mark.parametrize(
    ("edges", "live", "states"),
    [
        ("a -> b; x -> b", ["out"], "a:SKIPPED b:PENDING x:QUEUED"),
        ("a.other -> b", ["out"], "a:SKIPPED b:SKIPPED"),
    ],
    ids=["a producer goes on", "its branch was not taken"],
)
def test_a_step_whose_turn_would_not_come_is_not_reused_before_it(edges, live, states):
    player = Player(plan_of(*edges.split("; "))).begin()

    reuse(player, "a", "b", live=live)

    assert states_of(player) == states
    assert "b" not in player.started


def test_nothing_is_reused_after_a_cancel():
    player = Player(plan_of("a -> b", "b -> c")).begin()
    player.complete("a")
    player.cancel()

    reuse(player, "b", "c")

    assert player.states() == "a:COMPLETED b:CANCELLED c:CANCELLED"


def test_a_body_that_has_begun_is_not_reused_any_more():
    player = Player(plan_of(nodes="a")).begin()
    player.acknowledge("a")

    reuse(player, "a")

    assert player.machine.node_state("a") is NodeState.RUNNING


def test_a_step_that_is_being_cancelled_is_not_reused():
    player = Player(plan_of(nodes="a")).begin()
    player.cancel("a")

    reuse(player, "a")

    assert player.ended("a").state is NodeState.CANCELLED


def test_the_reason_why_a_node_ran_stands_on_its_end():
    player = Player(plan_of(nodes="a")).begin()

    player.tell(ReasonFound, node_id="a", attempt=1, why=Why.CODE, why_detail="`clean`", key="k")
    player.fail("a")

    end = player.ended("a")
    assert (end.why, end.why_detail, end.key, end.reason) == (
        Why.CODE,
        "`clean`",
        "k",
        Reason.RAISED,
    )


def test_a_failed_run_tells_the_first_uncaught_error():
    player = play(
        plan_of("a.error -> h", "h -> i", "b -> c", "d -> e"),
        {"a": "fail", "b": "fail", "d": "fail"},
    )

    assert player.run_ended.error is not None
    assert player.run_ended.error.node_id == "b"


def test_a_failed_run_tells_no_error_that_was_made_good():
    plan = plan_of("a -> c.x", "b -> c.y", "d -> e", **on(c="any_success"))

    player = play(plan, {"a": "fail", "d": "fail"})

    assert player.run_ended.error is not None
    assert player.run_ended.error.node_id == "d"


def test_a_failed_run_tells_the_error_that_all_done_went_past():
    player = play(plan_of("a -> b", **on(b="all_done")), {"a": "fail"})

    assert player.run_ended.error is not None
    assert player.run_ended.error.node_id == "a"


def test_a_run_that_completes_tells_no_error_even_if_a_node_failed():
    plan = plan_of("a -> m.many", "b -> m.many", failure_policy=ISOLATE)

    assert play(plan, {"a": "fail"}).run_ended.error is None

"""Many nodes, many lines, many runs: nothing is lost, nothing stays behind."""

from __future__ import annotations

import gc
import itertools
import threading
import tracemalloc
import weakref
from pathlib import Path

import pytest

from dagy_nb.engine.clock import SystemClock
from dagy_nb.engine.driver import start_run
from dagy_nb.engine.output import BURST
from dagy_nb.engine.planning import make_plan
from dagy_nb.model.connector import Cardinality
from dagy_nb.model.datatype import DataType
from dagy_nb.model.event import AttemptStarted, LogWritten, NodeEnded, NodeProgressed
from dagy_nb.model.state import RunState
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.nodes.function import node
from dagy_nb.session.listener import RunListener
from tests.engine.running import Recorded, flow_of, plan_flow
from tests.engine.samples import add, diamond, fail, one
from tests.runners import victims as v

EVERYWHERE = pytest.mark.parametrize("runner", ["inline", "thread"])


class Big:
    """A value whose life can be watched."""


class Maker(FlowNode, register=False):
    y = Output(DataType.OBJECT)

    def execute(self):
        return {"y": Big()}


class Passer(FlowNode, register=False):
    x = Input(DataType.OBJECT)
    y = Output(DataType.OBJECT)
    alive = weakref.WeakSet()

    def execute(self, x):
        self.alive.add(x)
        return {"y": Big()}


class Heavy(FlowNode, register=False):
    """Counts how many values of its kind are alive while it runs."""

    x = Input(DataType.OBJECT, cardinality=Cardinality.OPTIONAL)
    y = Output(DataType.OBJECT)
    alive = weakref.WeakSet()
    most = 0

    def execute(self, x):
        made = Big()
        self.alive.add(made)
        type(self).most = max(self.most, len(self.alive))
        return {"y": made}


@node(register=False)
def quiet(left: int, right: int) -> int:
    return (left + right) % 1_000


class Flooder(FlowNode, register=False):
    def execute(self, context):
        for number in range(50_000):
            print(number)
            context.progress(number / 50_000)


@EVERYWHERE
def test_a_wide_flow_of_a_thousand_nodes_completes(run, runner):
    nodes = {"a": one, **{f"n{i}": add for i in range(1_000)}}
    edges = [f"a.output -> n{i}.{side}" for i in range(1_000) for side in ("left", "right")]

    made = run(nodes, *edges, settings={"runner": runner})

    assert made.live.state is RunState.COMPLETED
    assert len([e for e in made.events if isinstance(e, NodeEnded)]) == 1_001
    assert set(made.live.outputs.values()) == {1, 2}


# Python tells, and forgets, an interrupt that comes while it clears away garbage in the body's thread.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function Weak:pytest.PytestUnraisableExceptionWarning"
)
@EVERYWHERE
def test_a_flow_cancelled_at_any_moment_ends_every_node_once(run, runner):
    nodes = {f"n{i}": one for i in range(50)} | {"s": add}
    edges = ["n0.output -> s.left", "n1.output -> s.right"]
    for moment in range(0, 100, 3):
        made = run(nodes, *edges, wait=False, settings={"runner": runner})
        with made.told:
            made.told.wait_for(lambda made=made, moment=moment: len(made.events) > moment, 1)
        made.live.cancel()
        made.wait()

        ends = [e.node_id for e in made.events if isinstance(e, NodeEnded)]
        assert sorted(ends) == sorted(nodes)
        assert made.live.state in {RunState.CANCELLED, RunState.COMPLETED}


def test_more_nodes_than_places_wait_queued_and_are_cancelled_without_an_attempt(run):
    made = run({f"n{i}": v.Waiter for i in range(10)}, wait=False)
    for _ in range(4):
        made.wait_for(AttemptStarted)
    with made.told:
        made.told.wait_for(lambda: sum(isinstance(e, AttemptStarted) for e in made.events) == 4, 5)

    made.live.cancel()
    made.wait()

    attempts = sorted(made.ended(f"n{i}").attempts for i in range(10))
    assert attempts == [0] * 6 + [1] * 4
    assert set(made.states().values()) == {"CANCELLED"}


@EVERYWHERE
def test_a_flood_of_lines_is_cut_and_does_not_hold_up_the_run(run, runner):
    made = run({"f": Flooder}, settings={"runner": runner})

    lines = [e for e in made.events if isinstance(e, LogWritten)]
    assert BURST < len(lines) < 2 * BURST
    assert any("lines left out" in line.text for line in lines)
    assert lines[0].text == "0"
    assert len([e for e in made.events if isinstance(e, NodeProgressed)]) < 1_000


def test_values_die_when_the_last_consumer_had_them_where_that_is_asked_for(run):
    Passer.alive.clear()
    nodes = {"m": Maker, "p": Passer, "q": Passer, "w": v.Waiter}

    made = run(nodes, "m.y -> p.x", "p.y -> q.x", settings={"keep_outputs": False}, wait=False)
    made.wait_for(NodeEnded, "q")
    gc.collect()

    assert not Passer.alive
    made.live.cancel()
    made.wait()


def test_ten_thousand_nodes_keep_less_than_fifty_megabytes(runners):
    names = [f"n{i}" for i in range(10_000)]
    edges = [f"{a}.output -> {b}.left" for a, b in itertools.pairwise(names)]
    edges += [f"n0.output -> {name}.right" for name in names[1:]]
    spec, classes = flow_of({names[0]: one, **dict.fromkeys(names[1:], quiet)}, *edges)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]

    plan = make_plan(
        spec,
        classes,
        run_id="r",
        parameters={},
        artifacts=Path("nowhere"),
        default_timeout=300.0,
        runner="inline",
    )
    listener = RunListener()
    live = start_run(
        plan,
        runners=runners,
        record=lambda events: None,
        clock=SystemClock(),
        subscribers=(listener.hear,),
    )
    ended = live.wait(50)
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    assert ended
    assert len(live.outputs) == 10_000
    assert kept < 50_000_000


def test_of_a_long_chain_few_values_are_alive_at_a_time(run):
    nodes = {f"n{i}": Heavy for i in range(60)}
    edges = [f"n{i}.y -> n{i + 1}.x" for i in range(59)]
    Heavy.most = 0

    run(nodes, *edges, settings={"runner": "inline", "keep_outputs": False})

    assert 1 < Heavy.most <= 3


def test_nothing_stays_behind_after_many_runs(run, runners):
    run(*diamond(), settings={"runner": "inline"})
    run(*diamond())
    threads = threading.active_count()

    loops = []
    for _ in range(30):
        made = run({"a": one, "b": fail}, "a.output -> b.x")
        loops.append(weakref.ref(made.live._loop))
        del made
    gc.collect()

    assert threading.active_count() <= threads + 4
    assert not [each for each in loops if each() is not None]


def test_runs_side_by_side_do_not_mix(runners):
    plans = [
        plan_flow(
            diamond()[0] | {"b": (one, {"config": {"value": n}})},
            *diamond()[1:],
            settings={"run_id": f"r{n}"},
        )
        for n in range(20)
    ]

    runs = [Recorded(plan, runners) for plan in plans]

    for number, made in enumerate(runs):
        made.wait()
        assert made.live.outputs["c.output"] == 1 + number
        assert made.lines("c") == [f"1 + {number}"]
        assert {event.run_id for event in made.events} == {f"r{number}"}


def test_a_plan_of_ten_thousand_nodes_is_made_at_once():
    names = [f"n{i}" for i in range(10_000)]
    edges = [f"{a}.output -> {b}.x" for a, b in itertools.pairwise(names)]
    spec, classes = flow_of({names[0]: one, **dict.fromkeys(names[1:], fail)}, *edges)

    plan = make_plan(spec, classes, run_id="r", parameters={}, artifacts=None, default_timeout=None)

    assert len(plan.steps) == 10_000

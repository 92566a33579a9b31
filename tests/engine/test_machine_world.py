"""Runs in a made-up world with a clock of its own: whatever the bodies do, each run comes to its end in time."""

from __future__ import annotations

import math
from heapq import heappop, heappush
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from dagy_nb.engine.signals import (
    ArmTimer,
    AttemptBegun,
    AttemptEnded,
    CancelAsked,
    DisarmTimer,
    Finish,
    RunBegun,
    Start,
    Stop,
    StopAnswered,
    TimerFired,
)
from dagy_nb.model.event import AttemptFailed, NodeEnded, RunEnded
from dagy_nb.model.state import NodeState, Reason
from tests.engine.laws import check_laws, plans
from tests.engine.plans import ERROR, Player

GRACE = 0.5
ENDS = ("complete", "complete", "raise", "crash", "break", "never")
STOPS = ("cancelled", "killed", "abandoned", "stopping", "stopping late")


class World(Player):
    """Plays bodies that take their time, and a clock that jumps to whatever is due next."""

    def __init__(self, plan, random) -> None:
        super().__init__(plan, chance=random.random)
        self.random = random
        self.starts: dict[tuple[str, int], float] = {}
        self._due: list[tuple[float, int, object]] = []
        self._count = count()
        self._timers: dict[object, int] = {}

    def play(self) -> None:
        self.take(RunBegun)
        if self.random.random() < 0.3:
            node = self.random.choice([""] + [step.node_id for step in self.plan.steps])
            self.later(self.random.uniform(0, 20), CancelAsked, node_id=node)
        while self._due and not self.is_finished:
            self.at, number, act = heappop(self._due)
            act(number)

    def take(self, make, **fields) -> None:
        said = self.machine.handle(make(at=self.at, **fields))
        self.said += said
        for each in said:
            self.obey(each)

    def obey(self, said) -> None:
        match said:
            case Start(node, attempt):
                self.begin_body(node, attempt)
            case Stop(node, attempt):
                self.stop_body(node, attempt)
            case ArmTimer(timer, seconds):
                self._timers[timer] = self.later_do(
                    seconds, lambda number: self.fire(timer, number)
                )
            case DisarmTimer(timer):
                self._timers.pop(timer, None)

    def fire(self, timer, number) -> None:
        if self._timers.get(timer) == number:
            del self._timers[timer]
            self.take(TimerFired, timer=timer)

    def begin_body(self, node: str, attempt: int) -> None:
        here = {"node_id": node, "attempt": attempt}
        self.starts[node, attempt] = self.at
        delay = self.random.choice([0, 0, 0.5])
        self.later(delay, AttemptBegun, **here)
        how, seconds = self.random.choice(ENDS), delay + self.random.choice([0, 0.1, 3])
        if how == "complete":
            live = frozenset(self.random.sample(["out", "other"], self.random.randint(0, 2)))
            self.later(seconds, AttemptEnded, **here, live=live)
        elif how != "never" or not self.has_limit(node):
            reason = {"crash": Reason.CRASHED, "break": Reason.CONTRACT}.get(how, Reason.RAISED)
            self.later(seconds, AttemptEnded, **here, error=ERROR, reason=reason)

    def has_limit(self, node: str) -> bool:
        (step,) = (each for each in self.plan.steps if each.node_id == node)
        return step.timeout is not None or self.plan.timeout is not None

    def stop_body(self, node: str, attempt: int) -> None:
        how, *late = self.random.choice(STOPS).split()
        here = {"node_id": node, "attempt": attempt}
        self.later(0, StopAnswered, **here, how=how)
        if late:
            self.later(GRACE / 2, StopAnswered, **here, how="killed")

    def later(self, seconds: float, make, **fields) -> None:
        self.later_do(seconds, lambda _: self.take(make, **fields))

    def later_do(self, seconds: float, act) -> int:
        number = next(self._count)
        heappush(self._due, (self.at + seconds, number, act))
        return number


@settings(max_examples=150, deadline=None)
@given(plans(), st.randoms(use_true_random=False))
def test_every_run_comes_to_its_end_by_itself_and_breaks_no_law(plan, random):
    world = World(plan, random)

    world.play()

    assert any(isinstance(each, Finish) for each in world.said), "the run stands still"
    check_laws(world)
    check_times(world)


def check_times(world: World) -> None:
    """Nothing begins before it is due, nothing after the run's limit, which holds but for the grace."""
    limit = math.inf if world.plan.timeout is None else world.plan.timeout
    events = world.events
    for event in events:
        if isinstance(event, AttemptFailed):
            assert event.retry_at < limit
            begun = world.starts.get((event.node_id, event.attempt + 1))
            assert begun is None or begun >= event.retry_at
        if isinstance(event, NodeEnded) and event.state is NodeState.TIMED_OUT:
            assert event.error is not None
    assert all(at <= limit for at in world.starts.values())
    (end,) = (event for event in events if isinstance(event, RunEnded))
    assert end.at <= limit + GRACE + 0.5

"""Edges as text in, plans and machines for tests out: no node classes, no threads, no clock."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from dagy_nb.engine.machine import RunMachine
from dagy_nb.engine.plan import Plan, Step
from dagy_nb.engine.signals import (
    Abandon,
    ArmTimer,
    AttemptBegun,
    AttemptEnded,
    CancelAsked,
    Finish,
    RunBegun,
    Said,
    Signal,
    Start,
    Stop,
    StopAnswered,
    Timer,
    TimerFired,
    TimerKind,
)
from dagy_nb.engine.wires import Binding, Source
from dagy_nb.model.connector import Cardinality
from dagy_nb.model.event import ErrorFact, Event, NodeEnded, RunEnded, spread
from dagy_nb.model.flow import FailurePolicy
from dagy_nb.model.spec import NodeSpec, Origin, OriginKind
from dagy_nb.model.state import Reason

SPEC = NodeSpec(
    type="Any",
    origin=Origin(kind=OriginKind.MODULE, place="tests"),
    version="1",
    schema_version="1",
)
ERROR = ErrorFact(type="ValueError", code="raised.ValueError", message="on purpose")


def plan_of(
    *edges: str, nodes: str = "", steps: dict[str, dict[str, Any]] | None = None, **plan
) -> Plan:
    """Make a plan of edges like `a.out -> b.x`; short form: `a -> b` for `a.out -> b.from_a`.

    An input whose name begins with `opt` is OPTIONAL, one that begins with `many` takes MANY edges. An output
    named `error` is an ERROR output.
    """
    bindings: dict[str, dict[str, list[Source]]] = defaultdict(lambda: defaultdict(list))
    names = dict.fromkeys(nodes.split())
    consumers: dict[str, dict[str, None]] = defaultdict(dict)
    caught: dict[str, dict[str, None]] = defaultdict(dict)
    for edge in edges:
        (source, output), (target, into) = read_edge(edge)
        names |= {source: None, target: None}
        bindings[target][into].append(Source(node_id=source, output=output))
        consumers[source][target] = None
        if output == "error":
            caught[source][output] = None
    changes = steps or {}
    disabled = {name for name in names if changes.get(name, {}).get("disabled")}
    made = {
        name: Step(
            node_id=name,
            spec=SPEC,
            node_class=object,  # type: ignore[arg-type]
            config={},
            runner="thread",
            bindings=tuple(
                Binding(input=into, cardinality=cardinality_of(into), sources=tuple(sources))
                for into, sources in bindings[name].items()
            ),
            producers=tuple(
                dict.fromkeys(s.node_id for each in bindings[name].values() for s in each)
            ),
            consumers=tuple(consumers[name]),
            error_outputs=tuple(caught[name]),
            is_sink=name not in disabled and not set(consumers[name]) - disabled,
        )
        for name in names
    }
    for name, change in changes.items():
        made[name] = replace(made[name], **change)
    return Plan(
        run_id="run",
        flow="flow",
        parameters={},
        artifacts=Path("nowhere"),
        steps=tuple(made[name] for name in names),
        **plan,
    )


def read_edge(edge: str) -> tuple[tuple[str, str], tuple[str, str]]:
    left, right = (end.strip() for end in edge.split("->"))
    source, _, output = left.partition(".")
    target, _, into = right.partition(".")
    return (source, output or "out"), (target, into or f"from_{source}")


def cardinality_of(into: str) -> Cardinality:
    for word, cardinality in (("opt", Cardinality.OPTIONAL), ("many", Cardinality.MANY)):
        if into.startswith(word):
            return cardinality
    return Cardinality.ONE


class Player:
    """Plays the driver and the runners for one machine: told what happens, remembers what was said."""

    def __init__(self, plan: Plan, **options: Any) -> None:
        self.plan = plan
        self.machine = RunMachine(plan, grace=0.5, **options)
        self.said: list[Said] = []
        self.at = 0.0

    def tell(self, make: type[Signal], **fields: Any) -> list[Said]:
        self.at += 1
        said = self.machine.handle(make(at=self.at, **fields))
        for each in said:
            self.said += spread(each) if isinstance(each, Event) else (each,)
        return said

    def begin(self) -> Player:
        self.tell(RunBegun)
        return self

    def acknowledge(self, node: str, attempt: int = 1) -> None:
        self.tell(AttemptBegun, node_id=node, attempt=attempt)

    def complete(self, node: str, *live: str, attempt: int = 1, left_out: str = "") -> None:
        self.acknowledge(node, attempt)
        given = frozenset(live or ("out",)) - {left_out}
        self.tell(AttemptEnded, node_id=node, attempt=attempt, live=given)

    def fail(self, node: str, attempt: int = 1, reason: Reason = Reason.RAISED) -> None:
        self.acknowledge(node, attempt)
        error = replace(ERROR, node_id=node, attempt=attempt)
        self.tell(AttemptEnded, node_id=node, attempt=attempt, error=error, reason=reason)

    def time_out(self, node: str, attempt: int = 1) -> None:
        self.tell(TimerFired, timer=Timer(TimerKind.ATTEMPT, node, attempt))

    def answer(self, node: str, how: str, attempt: int = 1) -> None:
        self.tell(StopAnswered, node_id=node, attempt=attempt, how=how)

    def lose_patience(self, node: str, attempt: int = 1) -> None:
        self.tell(TimerFired, timer=Timer(TimerKind.GRACE, node, attempt))

    def end_wait(self, node: str, attempt: int = 1) -> None:
        self.tell(TimerFired, timer=Timer(TimerKind.RETRY, node, attempt))

    def waits(self) -> dict[str, float]:
        """Return the seconds of the wait for the next attempt that each node was last told."""
        return {e.timer.node_id: e.seconds for e in self.armed if e.timer.kind is TimerKind.RETRY}

    def pass_run_limit(self) -> None:
        self.tell(TimerFired, timer=Timer(TimerKind.RUN))

    def cancel(self, node: str = "", by: str = "test") -> None:
        self.tell(CancelAsked, node_id=node, by=by)

    @property
    def events(self) -> list[Event]:
        return [each for each in self.said if isinstance(each, Event)]

    @property
    def started(self) -> list[str]:
        return [each.node_id for each in self.said if isinstance(each, Start)]

    @property
    def stopped(self) -> list[str]:
        return [each.node_id for each in self.said if isinstance(each, Stop)]

    @property
    def abandoned(self) -> list[str]:
        return [each.node_id for each in self.said if isinstance(each, Abandon)]

    @property
    def armed(self) -> list[ArmTimer]:
        return [each for each in self.said if isinstance(each, ArmTimer)]

    @property
    def is_finished(self) -> bool:
        return any(isinstance(each, Finish) for each in self.said)

    def ended(self, node: str) -> NodeEnded:
        (event,) = (e for e in self.events if isinstance(e, NodeEnded) and e.node_id == node)
        return event

    @property
    def run_ended(self) -> RunEnded:
        (event,) = (e for e in self.events if isinstance(e, RunEnded))
        return event

    def states(self) -> str:
        """`a:COMPLETED b:SKIPPED(upstream_failed)`, in plan order."""
        words = []
        for step in self.plan.steps:
            event = self.ended(step.node_id)
            words.append(
                f"{event.node_id}:{event.state}" + (f"({event.reason})" if event.reason else "")
            )
        return " ".join(words)


def play(plan: Plan, fates: dict[str, str] | None = None) -> Player:
    """Let every started node end as `fates` says: `ok` (default), `fail`, `cancel`, or an output left out."""
    player = Player(plan).begin()
    done = 0
    while done < len(player.started):
        node = player.started[done]
        done += 1
        fate = (fates or {}).get(node, "ok")
        if fate == "ok":
            player.complete(node, "out", "other")
        elif fate == "fail":
            player.fail(node)
        elif fate == "cancel":
            player.acknowledge(node)
            player.cancel(node)
            player.answer(node, "cancelled")
        else:
            player.complete(node, "out", "other", left_out=fate.removeprefix("without "))
        for stopped in player.stopped:
            player.answer(stopped, "cancelled")
    return player


POLICIES = tuple(FailurePolicy)

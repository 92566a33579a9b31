"""Nodes and edges in, a run over real runners out, with everything that was recorded."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagy_nb.engine.clock import SystemClock
from dagy_nb.engine.driver import LiveRun, start_run
from dagy_nb.engine.plan import Plan
from dagy_nb.engine.planning import make_plan
from dagy_nb.model.event import Event, LogWritten, NodeEnded, RunEnded, spread
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry
from dagy_nb.nodes.base import FlowNode
from dagy_nb.runners.inline import InlineRunner
from dagy_nb.runners.thread import ThreadRunner

PATIENCE = 10.0


def flow_of(
    nodes: Mapping[str, type[FlowNode] | tuple[type[FlowNode], dict[str, Any]]],
    *edges: str,
    **flow: Any,
) -> tuple[FlowSpec, dict[str, type[FlowNode]]]:
    """Make a flow; a node is a class, or a class with fields of its `NodeEntry`."""
    classes: dict[str, type[FlowNode]] = {}
    entries = []
    for node_id, made in nodes.items():
        node_class, fields = made if isinstance(made, tuple) else (made, {})
        classes[node_class.__name__] = node_class
        entries.append(NodeEntry(id=node_id, type=node_class.__name__, **fields))
    spec = FlowSpec(
        name="flow", nodes=tuple(entries), edges=tuple(map(EdgeSpec.parse, edges)), **flow
    )
    return spec, classes


def plan_flow(
    nodes: Mapping[str, Any], *edges: str, settings: Mapping[str, Any] | None = None, **flow: Any
) -> Plan:
    """Plan a flow; `settings` go to `make_plan`."""
    spec, classes = flow_of(nodes, *edges, **flow)
    given = {
        "run_id": "run",
        "parameters": {},
        "artifacts": Path("nowhere"),
        "default_timeout": 60.0,
    }
    return make_plan(spec, classes, **{**given, **(settings or {})})


class Recorded:
    """A run and what was recorded of it."""

    def __init__(self, plan: Plan, runners: Mapping[str, Any], **more: Any) -> None:
        self.events: list[Event] = []
        self.told = threading.Condition()
        record = more.pop("record", self.record)
        clock = more.pop("clock", SystemClock())
        self.live: LiveRun = start_run(plan, runners=runners, record=record, clock=clock, **more)

    def record(self, events: tuple[Event, ...]) -> None:
        with self.told:
            self.events += (each for fact in events for each in spread(fact))
            self.told.notify_all()

    def wait(self) -> Recorded:
        assert self.live.wait(PATIENCE), "the run did not end"
        return self

    def wait_for(self, kind: type[Event], node: str = "") -> None:
        """Wait until a fact of this kind is recorded (of this node)."""

        def is_there() -> bool:
            return any(isinstance(e, kind) and (not node or e.node_id == node) for e in self.events)  # type: ignore[attr-defined]

        with self.told:
            assert self.told.wait_for(is_there, PATIENCE), f"no {kind.__name__} of {node}"

    def ended(self, node: str) -> NodeEnded:
        (event,) = (e for e in self.events if isinstance(e, NodeEnded) and e.node_id == node)
        return event

    @property
    def run_ended(self) -> RunEnded:
        (event,) = (e for e in self.events if isinstance(e, RunEnded))
        return event

    def lines(self, node: str) -> list[str]:
        return [e.text for e in self.events if isinstance(e, LogWritten) and e.node_id == node]

    def states(self) -> dict[str, str]:
        return {
            e.node_id: e.state + (f"({e.reason})" if e.reason else "")
            for e in self.events
            if isinstance(e, NodeEnded)
        }


def make_runners() -> dict[str, Any]:
    return {"inline": InlineRunner(), "thread": ThreadRunner(slots=4)}

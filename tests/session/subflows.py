"""A flow with open ends, and one that runs it inside a node."""

from __future__ import annotations

from pathlib import Path

from dagy_nb.engine.planning import make_plan
from dagy_nb.session.flow import Flow
from tests.flows import add, double, number


def make_inner(session) -> Flow:
    """`x -> double -> add <- number(k)`."""
    flow = Flow(
        "inner",
        parameters={"k": {"type": "integer", "default": 2, "description": "What is added."}},
        session=session,
    )
    flow.add(number, id="k", value=flow.param("k"))
    flow.add(double, id="twice")
    flow.add(add, id="sum")
    flow.connect("twice.output", "sum.left")
    flow.connect("k.output", "sum.right")
    return flow


def make_outer(session, name, **config) -> Flow:
    flow = Flow("outer", session=session)
    flow.add(number, id="top", value=5)
    flow.add(name, id="inner", **config)
    flow.connect("top.output", "inner.x")
    return flow


def plan_step(session, flow, number=1):
    return make_plan(
        flow.spec,
        session.registry.snapshot().classes,
        run_id="r",
        parameters={},
        artifacts=Path("unused"),
        default_timeout=None,
    ).steps[number]

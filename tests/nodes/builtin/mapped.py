"""Nodes for a Map to run, and flows that run them."""

from __future__ import annotations

import threading
from typing import Any

import pandas as pd

import tests.flows  # noqa: F401 - registers the nodes named here
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.nodes.function import node
from dagy_nb.session.flow import Flow

HELD: dict[str, Any] = {}


class Give(FlowNode, register=False):
    """Gives what the test put aside under a name."""

    value = Output(DataType.ANY)

    class Config(FlowNode.Config):
        key: str = "items"

    def execute(self):
        return {"value": HELD[self.config.key]}


class Picky(FlowNode):
    """Ten times the item; fails for multiples of `bad`."""

    category = "Tests"
    x = Input(DataType.INTEGER)
    y = Output(DataType.INTEGER)

    class Config(FlowNode.Config):
        bad: int = 3

    def execute(self, context, x):
        if self.config.bad and x % self.config.bad == 0:
            msg = f"no {x}"
            raise ValueError(msg)
        return 10 * x


class Gated(FlowNode):
    """Counts how many run at a time, and holds until the gate opens."""

    category = "Tests"
    x = Input(DataType.INTEGER)
    y = Output(DataType.INTEGER)
    gate = threading.Event()
    lock = threading.Lock()
    now, most, begun = 0, 0, 0

    def execute(self, context, x):
        cls = type(self)
        with cls.lock:
            cls.now += 1
            cls.begun += 1
            cls.most = max(cls.most, cls.now)
        while not cls.gate.wait(0.005):
            context.cancel.raise_if_requested()
        with cls.lock:
            cls.now -= 1
        return x


@node(category="Tests")
def scale(x: int, by: int, offset: int = 0) -> int:
    return x * by + offset


@node(category="Tests")
def count_rows(part: pd.DataFrame) -> int:
    return len(part)


@node(category="Tests")
def total(values: list) -> int:
    return sum(values)


class Split(FlowNode):
    category = "Tests"
    x = Input(DataType.INTEGER)
    half = Output(DataType.NUMBER)
    twice = Output(DataType.INTEGER)

    def execute(self, x):
        return {"half": x / 2, "twice": 2 * x}


class Echo(FlowNode):
    category = "Tests"
    part = Input(DataType.TABLE)
    same = Output(DataType.TABLE)

    def execute(self, part):
        return {"same": part}


def make(session, items, **config) -> Flow:
    HELD["items"] = items
    flow = Flow("mapped", session=session)
    flow.add(Give, id="give")
    flow.add("Map", id="map", **{"node": "double", **config})
    flow.connect("give.value", "map.items")
    return flow


def run(session, items, **config) -> Any:
    return make(session, items, **config).run().wait(check=False)


def children(session, result) -> list[Any]:
    return list(session.store.runs(parent=result.id).runs)

"""Small nodes for runs of the engine, and a diamond of them."""

from __future__ import annotations

import sys
import threading

from dagy_nb.model.connector import Cardinality
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.nodes.function import node


@node(register=False)
def one(value: int = 1) -> int:
    return value


@node(register=False)
def add(left: int, right: int) -> int:
    print(f"{left} + {right}")
    return left + right


@node(register=False)
async def add_later(left: int, right: int) -> int:
    return left + right


@node(register=False)
def fail(x: int) -> int:
    raise LookupError("on purpose")


@node(register=False)
def take_first(x: int) -> int:
    return next(iter(()))


@node(register=False)
def exit_process(x: int) -> int:
    sys.exit(3)


class Risky(FlowNode, register=False):
    y = Output(DataType.INTEGER)
    error = Output(DataType.ERROR)

    def execute(self):
        raise LookupError("told")


class Rescue(FlowNode, register=False):
    error = Input(DataType.ERROR)
    fact = Output(DataType.OBJECT)

    def execute(self, error):
        return {"fact": (type(error), error.message)}


class Branch(FlowNode, register=False):
    yes = Output(DataType.INTEGER, cardinality="optional")
    no = Output(DataType.INTEGER, cardinality="optional")

    def execute(self):
        return {"yes": 1}


class Gather(FlowNode, register=False):
    values = Input(DataType.ANY, cardinality=Cardinality.MANY)
    extra = Input(DataType.ANY, cardinality=Cardinality.OPTIONAL)
    seen = Output(DataType.JSON)

    def execute(self, values, extra):
        return {"seen": [*values, extra]}


class Flaky(FlowNode, register=False):
    y = Output(DataType.INTEGER)

    def execute(self, context):
        if context.attempt < 3:
            raise ConnectionError(f"attempt {context.attempt}")
        return context.attempt


class Together(FlowNode, register=False):
    """Goes on only when its twin runs at the same time."""

    barrier = threading.Barrier(2)

    def execute(self):
        self.barrier.wait(5)


def diamond(middle=add):
    return (
        {"a": one, "b": (one, {"config": {"value": 2}}), "c": middle, "d": middle},
        "a.output -> c.left",
        "b.output -> c.right",
        "c.output -> d.left",
        "a.output -> d.right",
    )

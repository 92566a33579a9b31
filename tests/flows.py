"""Named example flows: the nodes and graphs that the tests share."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from pydantic import Field

from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.nodes.function import node
from dagy_nb.session.flow import Flow

if TYPE_CHECKING:
    from dagy_nb.session.session import Session


@node(category="Tests")
def number(value: int = 1) -> int:
    """A number from config."""
    return value


@node(category="Tests")
def double(x: int) -> int:
    """Twice the input."""
    print("doubling", x)
    return 2 * x


@node(category="Tests")
def add(left: int, right: int) -> int:
    """The sum of both."""
    return left + right


@node(category="Tests")
def shout(text: str) -> str:
    """The text in capitals."""
    return text.upper()


@node(category="Tests")
def fail(x: int, message: str = "on purpose") -> int:
    """Raises."""
    raise ValueError(message)


class Sleeper(FlowNode):
    """Blocks its thread until it is let go, far longer than any test waits."""

    category = "Tests"
    y = Output(DataType.INTEGER)
    let_go = threading.Event()

    class Config(FlowNode.Config):
        """How long it blocks."""

        seconds: float = Field(10.0, ge=0, description="Seconds to block.")

    def execute(self) -> int:
        """Block, then return 1."""
        self.let_go.wait(self.config.seconds)
        return 1


class AsyncSleeper(FlowNode):
    """Waits on the event loop, far longer than any test does."""

    category = "Tests"
    y = Output(DataType.INTEGER)

    async def execute(self) -> int:
        """Wait, then return 1."""
        await asyncio.sleep(10)
        return 1


class WrongType(FlowNode):
    """Says INTEGER and returns text."""

    category = "Tests"
    y = Output(DataType.INTEGER)

    def execute(self) -> Any:
        """Break the contract."""
        return "text"


class Risky(FlowNode):
    """Fails, and says so on its error output."""

    category = "Tests"
    y = Output(DataType.INTEGER)
    error = Output(DataType.ERROR)

    def execute(self) -> int:
        """Raise."""
        msg = "told on the error output"
        raise LookupError(msg)


class Rescue(FlowNode):
    """Turns an error into text."""

    category = "Tests"
    error = Input(DataType.ERROR)
    text = Output(DataType.TEXT)

    def execute(self, error: Any) -> str:
        """Return the error's message."""
        return str(error.message)


def chain(session: Session, length: int = 3) -> Flow:
    """`number -> double -> double …`"""
    flow = Flow("chain", parameters={"start": 1}, session=session)
    last = flow.add(number, id="n0", value=flow.param("start"))
    for index in range(1, length):
        name = flow.add(double, id=f"n{index}")
        flow.connect(f"{last}.output", f"{name}.x")
        last = name
    return flow


def diamond(session: Session) -> Flow:
    """One number, doubled on two sides, added."""
    flow = Flow("diamond", session=session)
    flow.add(number, id="top", value=3)
    for side in ("left", "right"):
        flow.add(double, id=side)
        flow.connect("top.output", f"{side}.x")
    flow.add(add, id="bottom")
    flow.connect("left.output", "bottom.left")
    flow.connect("right.output", "bottom.right")
    return flow


def failing(session: Session, policy: str = "continue") -> Flow:
    """A branch that fails beside one that does not."""
    flow = Flow("failing", failure_policy=policy, session=session)
    flow.add(number, id="top", value=3)
    flow.add(fail, id="bad")
    flow.add(double, id="after_bad")
    flow.add(double, id="good")
    flow.connect("top.output", "bad.x")
    flow.connect("bad.output", "after_bad.x")
    flow.connect("top.output", "good.x")
    return flow


def slow(session: Session, *, asynchronous: bool = False, timeout: float | None = 0.2) -> Flow:
    """One node that takes far too long, whatever tests before this one let go."""
    Sleeper.let_go.clear()
    flow = Flow("slow", session=session)
    flow.add(AsyncSleeper if asynchronous else Sleeper, id="slow", timeout=timeout)
    return flow


def rescued(session: Session) -> Flow:
    """A failure that another node handles."""
    flow = Flow("rescued", session=session)
    flow.add(Risky, id="risky")
    flow.add(Rescue, id="rescue")
    flow.connect("risky.error", "rescue.error")
    return flow

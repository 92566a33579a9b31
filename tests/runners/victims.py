"""Nodes that behave in every way a runner must live with, and an ear that hears of their calls."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagy_nb.abc import Conversion, LiveCall, NodeCall, Outcome, Runner
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output

PATIENCE = 20.0
STUCK = 60.0
MARK: contextvars.ContextVar[str] = contextvars.ContextVar("mark", default="unset")


class Gate:
    """What a blocking node waits for; the test opens it, at its end at the latest."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.left = threading.Event()


GATE = Gate()


class Adder(FlowNode, register=False):
    """Adds, and multiplies by its config."""

    a = Input(DataType.NUMBER)
    b = Input(DataType.NUMBER)
    total = Output(DataType.NUMBER)

    class Config(FlowNode.Config):
        factor: float = 1

    def execute(self, context, a, b):
        return {"total": (a + b) * self.config.factor * context.parameters.get("times", 1)}


class AsyncAdder(Adder, register=False):
    async def execute(self, context, a, b):
        await asyncio.sleep(0)
        return Adder.execute(self, context, a, b)


class Talker(FlowNode, register=False):
    """Prints, logs, warns, tells progress."""

    def execute(self, context):
        print("printed")
        print("to stderr", file=sys.stderr)
        context.logger.info("logged by the context")
        logging.getLogger("tests.victims").warning("logged")
        context.log_warning("noted")
        with warnings.catch_warnings(action="always"):
            warnings.warn("warned", UserWarning, stacklevel=1)
        context.progress(0.5, "half")
        print("no line end", end="")


class AsyncTalker(Talker, register=False):
    async def execute(self, context):
        await asyncio.sleep(0)
        Talker.execute(self, context)


@dataclass(frozen=True)
class Frozen(Exception):
    """An exception of which nobody sets an attribute."""

    number: int


class FrozenRaiser(FlowNode, register=False):
    """Raises what lets nobody set its traceback."""

    def execute(self):
        raise Frozen(3)


class Raiser(FlowNode, register=False):
    """Raises what its input says."""

    error = Input(DataType.OBJECT)

    def execute(self, error):
        raise error


class AsyncRaiser(Raiser, register=False):
    async def execute(self, error):
        await asyncio.sleep(0)
        raise error


class Chainer(FlowNode, register=False):
    """Raises from another error, with a note."""

    def execute(self):
        try:
            {}["missing"]
        except KeyError as error:
            outer = RuntimeError("outer")
            outer.add_note("noted")
            raise outer from error


class Liar(FlowNode, register=False):
    """Says INTEGER, returns what its input says."""

    value = Input(DataType.ANY)
    y = Output(DataType.INTEGER)

    def execute(self, value):
        return value


class AsyncLiar(Liar, register=False):
    async def execute(self, value):
        return value


class Generator(FlowNode, register=False):
    """Returns what nobody can check."""

    y = Output(DataType.INTEGER)

    def execute(self):
        return (n for n in ())


class AsyncGenerator(Generator, register=False):
    async def execute(self):
        return (n for n in ())


class Keeper(FlowNode, register=False):
    """Has an output that is never shown."""

    key = Output(DataType.TEXT, secret=True)

    def execute(self):
        return {"key": "hunter2"}


class AsyncKeeper(Keeper, register=False):
    async def execute(self):
        return {"key": "hunter2"}


class Waiter(FlowNode, register=False):
    """Waits for its cancel token, as a good node does."""

    def execute(self, context):
        context.progress(0, "entered")
        GATE.entered.set()
        context.cancel.wait(PATIENCE)
        context.cancel.raise_if_requested()


class AsyncWaiter(FlowNode, register=False):
    async def execute(self):
        GATE.entered.set()
        await asyncio.sleep(PATIENCE)


class Spinner(FlowNode, register=False):
    """A loop of Python that looks at nothing, until the gate opens."""

    def execute(self):
        GATE.entered.set()
        ends = time.monotonic() + STUCK
        while not GATE.opened.is_set() and time.monotonic() < ends:
            pass


class Blocker(FlowNode, register=False):
    """One long call into C which nothing can interrupt, until the gate opens."""

    def execute(self):
        GATE.entered.set()
        try:
            GATE.opened.wait(STUCK)
        finally:
            GATE.left.set()


class AsyncBlocker(FlowNode, register=False):
    """Blocks its event loop until the gate opens."""

    async def execute(self):
        GATE.entered.set()
        GATE.opened.wait(STUCK)
        GATE.left.set()


class Swallower(FlowNode, register=False):
    """Catches whatever would end it, until the gate opens."""

    def execute(self):
        GATE.entered.set()
        while not GATE.opened.is_set():
            try:
                GATE.opened.wait(0.01)
            except BaseException:
                continue


class AsyncSwallower(FlowNode, register=False):
    async def execute(self):
        GATE.entered.set()
        while not GATE.opened.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue


class Hooked(Waiter, register=False):
    """Tells its log which hooks are called."""

    def validate_config(self, config):
        self.told = ["validate_config"]

    async def pre_execute(self, context):
        self.told.append("pre_execute")

    def execute(self, context):
        print(*self.told)

    async def post_execute(self, context, result):
        await asyncio.sleep(0)
        print("post_execute", dict(result.outputs))

    def on_error(self, context, error):
        print("on_error", error)

    async def on_cancel(self, context):
        await asyncio.sleep(0)
        print("on_cancel", context.node_id)


class AsyncHooked(Hooked, register=False):
    async def execute(self, context):
        print(*self.told)


class HookedRaiser(Hooked, register=False):
    def execute(self, context):
        raise ValueError("on purpose")


class HookedWaiter(Hooked, register=False):
    def execute(self, context):
        Waiter.execute(self, context)


class AsyncHookedWaiter(Hooked, register=False):
    async def execute(self, context):
        context.progress(0, "entered")
        GATE.entered.set()
        await asyncio.sleep(PATIENCE)


class RescuedBlocker(Blocker, register=False):
    """Blocks, but its `on_cancel` opens what it waits for, as one would close a connection."""

    def on_cancel(self, context):
        GATE.opened.set()


class BadHook(Waiter, register=False):
    def on_cancel(self, context):
        raise ValueError("hook on purpose")


class Marker(FlowNode, register=False):
    """Reads a context variable, then changes it."""

    mark = Output(DataType.TEXT)

    def execute(self):
        before = MARK.get()
        MARK.set("changed")
        return before


class AsyncMarker(Marker, register=False):
    async def execute(self):
        await asyncio.sleep(0)
        return Marker.execute(self)


class Ear:
    """Hears of one call (`dagy_nb.abc.CallReporter`)."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.lines: list[tuple[str, str]] = []
        self.progress: list[tuple[float, str]] = []
        self.outcomes: list[Outcome] = []
        self.stops: list[str] = []
        self.begun = threading.Event()
        self.entered = threading.Event()
        self.over = threading.Event()

    def started(self) -> None:
        self.told.append("started")
        self.begun.set()

    def wrote(self, level: str, text: str) -> None:
        self.told.append("line")
        self.lines.append((level, text))

    def progressed(self, fraction: float, message: str) -> None:
        self.progress.append((fraction, message))
        if message == "entered":
            self.entered.set()

    def stopped(self, how: str) -> None:
        self.told.append("stopped")
        self.stops.append(how)
        self.over.set()

    def ended(self, outcome: Outcome) -> None:
        self.told.append("ended")
        self.outcomes.append(outcome)
        self.over.set()

    @property
    def outcome(self) -> Outcome:
        assert self.over.wait(PATIENCE), "the call did not end"
        (outcome,) = self.outcomes
        return outcome


def call_of(
    node_class: type[FlowNode], inputs: dict[str, Any] | None = None, **fields: Any
) -> NodeCall:
    return NodeCall(
        **{
            "run_id": "run",
            "node_id": "node",
            "attempt": 1,
            "node_class": node_class,
            "config": {},
            "inputs": inputs or {},
            "parameters": {},
            "artifacts": Path("nowhere"),
            "timeout": None,
            **fields,
        }
    )


def begin(runner: Runner, call: NodeCall) -> tuple[Ear, LiveCall]:
    """Start a call; where the runner wants the driver's thread, give it one."""
    ear = Ear()
    live = runner.start(call, ear)
    if hasattr(live, "run_here"):
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(live.run_here,), daemon=True).start()
    return ear, live


def run(
    runner: Runner, node_class: type[FlowNode], inputs: dict[str, Any] | None = None, **fields: Any
) -> Ear:
    """Run a call to its end."""
    ear, _ = begin(runner, call_of(node_class, inputs, **fields))
    assert ear.over.wait(PATIENCE), "the call did not end"
    return ear


TO_INTEGER = Conversion(sources=(DataType.ANY,), targets=(DataType.INTEGER,))

"""Nodes and flows for runs elsewhere: they tell who runs them and where, wait, and hold what cannot travel."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import psutil
from pydantic import SecretStr

from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Output
from dagy_nb.nodes.function import node
from dagy_nb.session.flow import Flow
from tests.flows import AsyncSleeper
from tests.victims.watching import wait_until

PATIENCE = 60.0


class Waiter(FlowNode):
    """Tells who runs it, then waits for a file."""

    category = "Tests"
    y = Output(DataType.INTEGER)

    class Config(FlowNode.Config):
        folder: str = ""

    def execute(self, context):
        folder = Path(self.config.folder)
        print("here", os.getpid())
        context.progress(0.25, "a quarter")
        (folder / "part").write_text(str(os.getpid()))
        (folder / "part").rename(folder / f"began-{context.node_id}")
        while not (folder / "go").exists():
            context.cancel.raise_if_requested()
            time.sleep(0.02)
        return 7


class Deaf(Waiter):
    """Waits whatever it is told."""

    def execute(self, context):
        folder = Path(self.config.folder)
        (folder / "part").write_text(str(os.getpid()))
        (folder / "part").rename(folder / f"began-{context.node_id}")
        while not (folder / "go").exists():
            time.sleep(0.02)
        return 7


class Unbringable(FlowNode):
    """Gives what cannot leave its process, and what can."""

    category = "Tests"
    lock = Output(DataType.ANY)
    y = Output(DataType.INTEGER)

    def execute(self):
        return {"lock": threading.Lock(), "y": 1}


class Parents(FlowNode):
    """Tells above whom it runs."""

    category = "Tests"
    pids = Output(DataType.LIST)

    def execute(self):
        return [each.pid for each in psutil.Process().parents()]


class Folder(FlowNode):
    """Tells where it works, and by which Python."""

    category = "Tests"
    told = Output(DataType.LIST)

    def execute(self):
        return [str(Path.cwd()), sys.prefix]


class Locked(FlowNode):
    """Gives out what its config holds, as a secret."""

    category = "Tests"
    key = Output(DataType.TEXT, secret=True)

    class Config(FlowNode.Config):
        password: SecretStr

    def execute(self):
        return self.config.password.get_secret_value()


@node
def fail_twice() -> int:
    try:
        raise LookupError("first")
    except LookupError as error:
        raise ValueError("second") from error


def waiting(session, folder):
    """`first` waits, `second` needs it, `beside` waits too; `waits` names who waits."""
    flow = Flow("waiting", session=session)
    flow.add(Waiter, id="first", folder=str(folder))
    flow.add("double", id="second")
    flow.connect("first.y", "second.x")
    flow.add(AsyncSleeper, id="beside")
    return flow


def began(folder, name="first"):
    path = folder / f"began-{name}"
    assert wait_until(path.exists, PATIENCE), "it did not begin"
    return int(path.read_text())

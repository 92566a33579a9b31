"""Nodes for tests on a Dask cluster: they tell who runs them, wait, count how often their values are packed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import psutil

from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.runners.dask.inputs import LARGE
from tests.victims.watching import wait_until

PATIENCE = 40.0


class Teller(FlowNode, register=False):
    """Tells its processes to a file: the worker's that runs it, and Dask's above that."""

    y = Output(DataType.INTEGER)

    class Config(FlowNode.Config):
        folder: str = ""
        seconds: float = 600.0

    def execute(self, context):
        chain = [os.getpid(), *(each.pid for each in psutil.Process().parents())]
        path = Path(self.config.folder) / f"{context.node_id}-{context.attempt}"
        path.with_suffix(".part").write_text(" ".join(map(str, chain)))
        path.with_suffix(".part").rename(path)
        print("waiting")
        time.sleep(self.config.seconds)
        return context.attempt


class Impatient(Teller, register=False):
    """Waits the first time only."""

    def execute(self, context):
        if context.attempt == 1:
            return Teller.execute(self, context)
        return context.attempt


class Total(FlowNode, register=False):
    """Adds up a large value."""

    values = Input(DataType.ANY)
    total = Output(DataType.NUMBER)

    def execute(self, values):
        return float(np.sum(values))


class Source(FlowNode, register=False):
    """Makes a large value."""

    values = Output(DataType.ANY)

    def execute(self):
        return np.ones(LARGE // 8 + 1)


def find_dask_worker(pids: list[int], address: str) -> int:
    """Return which of these processes is a worker of Dask's."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        workers = set(client.run(os.getpid).values())
    (found,) = workers.intersection(pids)
    return found


def read_pids(path: Path) -> list[int]:
    assert wait_until(path.exists, PATIENCE), f"{path.name} did not begin"
    return [int(pid) for pid in path.read_text().split()]

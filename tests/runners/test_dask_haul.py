"""Values between this process and a Dask cluster: straight where that can be, else through the scheduler."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.runners.dask.freight import Freight
from dagy_nb.runners.dask.inputs import LARGE
from dagy_nb.runners.worker.codec import pack
from tests.runners import victims as v
from tests.runners.dask_nodes import Total

pytestmark = pytest.mark.timeout(120)

MEGABYTE = 1 << 20
SIZE = 96
"""Megabytes: more than Dask sends in one piece."""


class Ones(FlowNode, register=False):
    """Makes a large array."""

    values = Output(DataType.ANY)

    class Config(FlowNode.Config):
        megabytes: int = SIZE

    def execute(self):
        return np.ones(self.config.megabytes * MEGABYTE // 8)


class Size(FlowNode, register=False):
    """Tells how many bytes came."""

    values = Input(DataType.ANY)
    size = Output(DataType.INTEGER)

    def execute(self, values):
        return values.nbytes


class Growth:
    """By how many megabytes this process grew at most."""

    megabytes = 0.0


@contextmanager
def watch_growth() -> Iterator[Growth]:
    """Look at this process's memory again and again."""
    growth, ended = Growth(), threading.Event()
    page = os.sysconf("SC_PAGE_SIZE") / MEGABYTE

    def measure() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * page

    def watch() -> None:
        while not ended.wait(0.002):
            growth.megabytes = max(growth.megabytes, measure() - before)

    before = measure()
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield growth
    finally:
        ended.set()
        watcher.join()


def test_a_large_output_takes_its_own_size_here_and_no_more(dask_runner):
    """The scheduler is in this process: what goes through it is here twice."""
    v.run(dask_runner, Ones, {}, config={"megabytes": 1})

    with watch_growth() as growth:
        outcome = v.run(dask_runner, Ones, {}).outcome

    assert outcome.outputs["values"].nbytes == SIZE * MEGABYTE
    assert 0.9 * SIZE < growth.megabytes < 1.5 * SIZE


def test_a_large_input_is_packed_once_and_not_received_by_the_scheduler(dask_runner):
    v.run(dask_runner, Size, {"values": np.ones(LARGE)})
    value = np.ones(SIZE * MEGABYTE // 8)

    with watch_growth() as growth:
        outcome = v.run(dask_runner, Size, {"values": value}).outcome

    assert outcome.outputs == {"size": SIZE * MEGABYTE}
    assert growth.megabytes < 0.5 * SIZE


def test_where_no_worker_can_be_reached_values_go_through_the_scheduler(dask_runner, monkeypatch):
    """As behind a gateway: the notebook sees the scheduler only."""

    async def refuse(address, *_args, **_options):
        raise OSError(address)

    monkeypatch.setattr("distributed.comm.core.connect", refuse)

    made = v.run(dask_runner, Ones, {}, config={"megabytes": 2}).outcome.outputs["values"]

    assert v.run(dask_runner, Total, {"values": made}).outcome.outputs == {"total": made.size}
    assert dask_runner.connection.connect().haul._reaches is False


def test_a_value_that_cannot_be_put_straight_goes_through_the_scheduler(dask_runner, monkeypatch):
    channel = dask_runner.connection.connect()
    scatter, ways = channel.client.scatter, []

    def refuse(value, *, direct, **options):
        ways.append(direct)
        if direct:
            raise OSError("no way")
        return scatter(value, direct=direct, **options)

    monkeypatch.setattr(channel.client, "scatter", refuse)

    outcome = v.run(dask_runner, Total, {"values": np.ones(LARGE)}).outcome

    assert outcome.outputs == {"total": LARGE}
    assert ways == [True, False]


def test_only_large_buffers_travel_beside_the_pickle():
    """Dask takes the first buffer beside it in one piece, and puts the pieces of others together."""
    beside: list[pickle.PickleBuffer] = []
    pickle.dumps(Freight(pack(np.ones(LARGE))), protocol=5, buffer_callback=beside.append)

    assert [memoryview(each).nbytes for each in beside] == [8 * LARGE]

"""Values on their way to a Dask cluster: large ones once, packed until the body runs."""

from __future__ import annotations

import gc
import os
import pickle
import sys
import threading
from typing import Any

import numpy as np
import pytest

from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.runners.dask.freight import Freight
from dagy_nb.runners.dask.haul import Haul
from dagy_nb.runners.dask.inputs import LARGE, MOST_HELD, InputShelf
from tests.runners import victims as v
from tests.runners.dask_nodes import (
    PATIENCE,
    Source,
    Total,
)

pytestmark = pytest.mark.timeout(120)


def test_a_large_value_goes_to_the_cluster_once_however_many_nodes_take_it(clustered, monkeypatch):
    put, sizes = Haul.put, []
    monkeypatch.setattr(
        Haul, "put", lambda haul, value, *rest: sizes.append(value.size) or put(haul, value, *rest)
    )
    clustered.add(Source, id="source", runner="thread")
    for number in range(4):
        clustered.add(Total, id=f"total{number}", runner="dask")
        clustered.connect("source.values", f"total{number}.values")

    run = clustered.run().wait(PATIENCE)

    assert {run.outputs[f"total{number}.total"] for number in range(4)} == {LARGE // 8 + 1}
    assert len(sizes) == 1


def test_inputs_are_not_unpacked_in_dasks_own_process(dask_runner):
    """Only the process that runs the body needs the classes of its inputs."""
    value = {"told": _PidOfUnpickling()}

    outcome = v.run(dask_runner, Unpacked, {"value": value}).outcome

    unpacked_in, body = outcome.outputs["pids"]
    assert unpacked_in == body != os.getpid()


class _PidOfUnpickling:
    def __reduce__(self):
        return (os.getpid, ())


class Unpacked(FlowNode, register=False):
    value = Input(DataType.ANY)
    pids = Output(DataType.LIST)

    def execute(self, value):
        return [value["told"], os.getpid()]


def is_there(future):
    return True


def test_small_values_are_packed_and_large_ones_scattered_once():
    shelf, scattered = InputShelf(), []

    def scatter(freight):
        scattered.append(freight.size)
        return f"future {len(scattered)}"

    large, equal = np.zeros(LARGE // 8), np.zeros(LARGE // 8)

    assert isinstance(shelf.put(np.zeros(LARGE // 8 - 1_000), scatter, is_there), Freight)
    assert [shelf.put(large, scatter, is_there) for _ in range(3)] == ["future 1"] * 3
    assert shelf.put(equal, scatter, is_there) == "future 2"
    assert len(scattered) == 2


def test_a_value_that_was_changed_in_place_is_scattered_again():
    shelf, scattered, value = InputShelf(), [], {"numbers": np.zeros(LARGE), "words": ["a"]}

    def put():
        return shelf.put(
            value, lambda freight: scattered.append(freight) or len(scattered), is_there
        )

    assert [put(), put()] == [1, 1]
    value["numbers"][-1] = 1
    assert [put(), put()] == [2, 2]
    value["words"].append("b")
    assert [put(), put()] == [3, 3]


def test_a_node_gets_what_its_input_holds_now_however_it_came_there(dask_runner):
    value = np.ones(LARGE)
    assert v.run(dask_runner, Total, {"values": value}).outcome.outputs == {"total": LARGE}

    value[0] = 11

    assert v.run(dask_runner, Total, {"values": value}).outcome.outputs == {"total": LARGE + 10}


def test_a_value_that_is_gone_leaves_the_cluster():
    shelf = InputShelf()
    value: Any = np.zeros(LARGE)
    shelf.put(value, lambda freight: object(), is_there)

    assert len(shelf._known) == 1
    del value
    assert not shelf._known


def test_of_values_without_weak_references_few_are_held():
    shelf = InputShelf()
    values = [b"x" * (LARGE + number) for number in range(20)]
    for value in values:
        shelf.put(value, lambda freight: object(), is_there)

    assert len(shelf._known) == MOST_HELD
    for value in range(100):
        shelf.put([value], lambda freight: object(), is_there)
    assert len(shelf._known) == MOST_HELD
    shelf.clear()
    assert not shelf._known


def test_a_value_that_is_collected_while_another_is_put_leaves_too():
    """Its end may come in the same thread, in the middle of any other work of the shelf."""
    shelf = InputShelf()

    class Circle:
        def __init__(self):
            self.me, self.numbers = self, np.zeros(LARGE)

        def __reduce__(self):
            gc.collect()
            return (bytes, (LARGE,))

    for _ in range(3):
        shelf.put(Circle(), lambda freight: gc.collect() or object(), is_there)
    gc.collect()

    assert not shelf._known


def test_what_is_no_longer_there_is_scattered_again():
    shelf, value, futures = InputShelf(), np.zeros(LARGE), [object(), object()]
    lost = futures[0]

    assert shelf.put(value, lambda freight: futures[0], lambda each: each is not lost) is lost
    assert shelf.put(value, lambda freight: futures[1], lambda each: each is not lost) is futures[1]
    assert shelf.put(value, lambda freight: futures[0], lambda each: each is not lost) is futures[1]


def test_a_value_that_could_not_be_scattered_travels_by_itself_and_is_not_held():
    shelf = InputShelf()

    assert isinstance(shelf.put(b"x" * LARGE, lambda freight: freight, is_there), Freight)
    assert not shelf._known


def test_one_scatter_serves_threads_that_ask_at_the_same_time():
    shelf, scattered, value = InputShelf(), [], np.zeros(LARGE)
    gate = threading.Barrier(4)

    def ask():
        gate.wait()
        shelf.put(value, lambda freight: scattered.append(freight) or "future", is_there)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(scattered) == 1


@pytest.mark.parametrize("protocol", [4, 5])
def test_freight_survives_every_way_of_pickling(protocol):
    buffers: list[pickle.PickleBuffer] = []
    freight = Freight([b"one", bytearray(b"two"), memoryview(b"three")])
    data = pickle.dumps(
        freight, protocol=protocol, buffer_callback=buffers.append if protocol == 5 else None
    )

    assert [bytes(each) for each in pickle.loads(data, buffers=buffers).buffers] == [
        b"one",
        b"two",
        b"three",
    ]
    assert sys.getsizeof(freight) >= 11

"""Packed values in, what Dask carries unread out; put together in the worker process at the end.

A node's class, config and inputs are packed in the notebook's process and unpacked in the supervised process
that runs the body. In between, Dask's own processes only see buffers: they need none of the user's modules,
and no code of the user's runs in them.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from dagy_nb.abc import NodeCall
from dagy_nb.runners.worker.codec import LARGE, Buffer, pack, unpack

Where: TypeAlias = tuple[str, int]
"""An input, and the place in its list; -1 where the input takes one value."""
SOLE = -1


class Freight:
    """Buffers on their way through a cluster; pickled with protocol 5, large ones are not copied.

    Small ones stand in the pickle itself: Dask receives the first buffer beside a pickle in one piece, and
    each other one of more than 64 MB in pieces that it puts together, which takes its size once more.
    """

    __slots__ = ("buffers",)

    def __init__(self, buffers: Iterable[Buffer]) -> None:
        self.buffers = list(buffers)

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(memoryview(each).nbytes for each in self.buffers)

    def hash_content(self) -> bytes:
        """Return a hash of all bytes."""
        made = hashlib.sha256()
        for each in self.buffers:
            made.update(memoryview(each).nbytes.to_bytes(8, "big"))
            made.update(each)
        return made.digest()

    def __sizeof__(self) -> int:
        # Dask plans its memory by this.
        return self.size + 100

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        if protocol < 5:
            return (Freight, ([bytes(each) for each in self.buffers],))
        return (Freight, ([_leave_out(each) for each in self.buffers],))


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFreight:
    """A packed call on its way to the cluster.

    Attributes:
        run_id: The run.
        node_id: The node.
        attempt: From 1.
        timeout: Limit in seconds or None.
        memory_mb: Limit of memory or None.
        hooks: Names of the hooks that the class overrides.
        node_class: The packed class.
        call: The packed call, without its class and inputs.
        lists: Inputs that take a list.
    """

    run_id: str
    node_id: str
    attempt: int
    timeout: float | None
    memory_mb: float | None
    hooks: tuple[str, ...]
    node_class: Freight
    call: Freight
    lists: tuple[str, ...] = ()


class PackedCall:
    """A call that becomes whole where it is unpickled, not before."""

    def __init__(
        self, call: Freight, lists: Sequence[str], inputs: Mapping[Where, Freight]
    ) -> None:
        self._call = call
        self._lists = tuple(lists)
        self._inputs = inputs

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        inputs = {where: _as_pickle(each) for where, each in self._inputs.items()}
        return (assemble_call, (_as_pickle(self._call), self._lists, inputs))


def assemble_call(
    call: list[Any], lists: tuple[str, ...], inputs: Mapping[Where, list[Any]]
) -> NodeCall:
    """Return the call of packed parts; a pickle of `PackedCall` asks for it."""
    values: dict[str, Any] = {name: [] for name in lists}
    for (name, place), buffers in inputs.items():
        value = unpack(buffers)
        if place == SOLE:
            values[name] = value
        else:
            values[name].append(value)
    made: NodeCall = unpack(call)
    return replace(made, inputs=values)


def pack_parts(parts: PackedCall) -> list[Buffer]:
    """Return the buffers from which a worker reads the whole call."""
    return pack(parts)


def _leave_out(buffer: Buffer) -> bytes | pickle.PickleBuffer:
    is_small = memoryview(buffer).nbytes < LARGE
    return bytes(buffer) if is_small else pickle.PickleBuffer(buffer)


def _as_pickle(freight: Freight) -> list[pickle.PickleBuffer]:
    return [pickle.PickleBuffer(each) for each in freight.buffers]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended on the far side.

    Attributes:
        outcome: The packed outcome, or None where it was stopped.
        stopped: How a stop ended: `killed`, `abandoned`; empty where the body ended by itself.
        told: How many messages were sent before, so that none is missed.
        lost: The body was not begun: another worker had begun it and died, or it was stopped before.
    """

    outcome: Freight | None = None
    stopped: str = ""
    told: int = 0
    lost: bool = False

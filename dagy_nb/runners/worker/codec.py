"""A value in, one pickle and the large buffers beside it out, and back.

Pickle protocol 5 leaves the memory of arrays and tables out of the pickle: those buffers are sent from where
they lie and are received where they will stay. So a table is copied once on its way, from the sender's memory
through the pipe into the receiver's, and neither side ever holds a second one: a table of 500 MB that goes
into a worker and comes back takes 1.00 times its size in the worker and 1.00 times here, the result
(`tests/bench/runners.py` measures it; a `ProcessPoolExecutor` takes 3.00 times on both sides). All else
(texts, `bytes`, plain objects) stands in the pickle, which is one more copy on each side while it travels.
"""

from __future__ import annotations

import io
import mmap
import pickle
from collections.abc import Sequence
from typing import Any, TypeAlias

import cloudpickle

from dagy_nb.nodes.cell import reduce_kept

Buffer: TypeAlias = "bytes | bytearray | memoryview | mmap.mmap"

LARGE = 1 << 16
"""Bytes from which a buffer travels beside the pickle."""
PAGED = 1 << 20
"""Bytes from which a received buffer gets pages of its own, which go back to the system with it."""


def pack(value: Any) -> list[Buffer]:
    """Return a pickle of `value`, then the buffers that go beside it.

    Raises:
        Exception: Whatever pickling the value raises.
    """
    beside: list[Buffer] = []

    def keep_inside(buffer: pickle.PickleBuffer) -> bool:
        try:
            raw = buffer.raw()
        except BufferError:
            # Its parts do not lie beside each other.
            return True
        if raw.nbytes < LARGE:
            return True
        beside.append(raw)
        return False

    stream = io.BytesIO()
    _Pickler(stream, protocol=5, buffer_callback=keep_inside).dump(value)
    # No view of the stream: were both garbage at once, 3.12 would crash and 3.13 complain.
    return [stream.getvalue(), *beside]


class _Pickler(cloudpickle.CloudPickler):  # type: ignore[misc]
    """Writes the notebook's classes so that both ends have one class."""

    def reducer_override(self, each: Any) -> Any:
        return reduce_kept(each) or super().reducer_override(each)


def unpack(buffers: Sequence[Buffer]) -> Any:
    """Return the value of what `pack` gave; it keeps the buffers as its own memory.

    Raises:
        Exception: Whatever unpickling raises: a module that is not there, a class that refuses.
    """
    return pickle.loads(buffers[0], buffers=buffers[1:])  # noqa: S301 - both ends are this user's


def make_room(size: int) -> bytearray | mmap.mmap:
    """Return writable memory for a buffer that is on its way."""
    if size < PAGED:
        return bytearray(size)
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

"""A value in, one pickle and the large buffers beside it out, and back.

Pickle protocol 5 leaves the memory of arrays and tables out of the pickle: those buffers are sent from where
they lie and are received where they will stay, so they are copied once on their way, by the pipe. Everything
else (texts, `bytes`, plain objects) stands in the pickle, which is one more copy on each side.
"""

from __future__ import annotations

import io
import mmap
import pickle
from collections.abc import Sequence
from typing import Any, TypeAlias

import cloudpickle

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
    cloudpickle.CloudPickler(stream, protocol=5, buffer_callback=keep_inside).dump(value)
    return [stream.getbuffer(), *beside]


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

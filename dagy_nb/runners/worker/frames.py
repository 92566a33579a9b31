"""Buffers in, frames on a pipe out, and back: a kind, the sizes of the buffers, the buffers.

Nothing here waits for the other side by itself: what a pipe does not take now goes with the next `write`, and
`FrameReader.read` takes what is there. On a blocking pipe both simply block.
"""

from __future__ import annotations

import os
import struct
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from dagy_nb.runners.worker.codec import Buffer, make_room

_PREFIX = struct.Struct("<BI")
_CHUNK = 1 << 16
_MOST_PARTS = 512


class Kind(IntEnum):
    """What a frame says."""

    CALL = 1
    """To the worker: run this node."""
    STOP = 2
    """To the worker: the body should end; call its `on_cancel`."""
    STARTED = 3
    """From the worker: the body begins."""
    LINE = 4
    """From the worker: a line of output, log or warning."""
    PROGRESS = 5
    """From the worker: how far it is."""
    ENDED = 6
    """From the worker: how the call ended."""
    STALE = 7
    """From the worker: it has loaded what was changed since; another one must run the call."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    kind: Kind
    buffers: list[Buffer]


def make_parts(kind: Kind, buffers: Sequence[Buffer]) -> list[Buffer]:
    """Return what goes on the pipe for a frame: small ones in one piece, large buffers as they are."""
    sizes = [memoryview(each).nbytes for each in buffers]
    head = _PREFIX.pack(kind, len(sizes)) + struct.pack(f"<{len(sizes)}Q", *sizes)
    if sum(sizes) <= _CHUNK:
        return [b"".join([head, *buffers])]
    return [head, *buffers]


class FrameWriter:
    """Puts frames on one pipe, in order; one thread at a time."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._waiting: deque[memoryview] = deque()

    @property
    def is_waiting(self) -> bool:
        """Whether something is still to be written."""
        return bool(self._waiting)

    def add(self, parts: Iterable[Buffer]) -> None:
        """Take the parts of a frame; `write` sends them."""
        for part in parts:
            view = memoryview(part).cast("B")
            if view.nbytes:
                self._waiting.append(view)

    def write(self) -> None:
        """Write what the pipe takes; on a blocking pipe everything.

        Raises:
            BrokenPipeError: The other side is gone.
        """
        try:
            while self._waiting:
                parts = [self._waiting[i] for i in range(min(_MOST_PARTS, len(self._waiting)))]
                self._forget(os.writev(self._pipe, parts))
        except BlockingIOError:
            return

    def clear(self) -> None:
        """Drop what is still to be written."""
        self._waiting.clear()

    def _forget(self, count: int) -> None:
        while count:
            first = self._waiting.popleft()
            if count < first.nbytes:
                self._waiting.appendleft(first[count:])
                return
            count -= first.nbytes


class FrameReader:
    """Takes frames from one pipe; large buffers are read straight into their own memory."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._scratch = memoryview(bytearray(_CHUNK))
        self._done: list[Frame] = []
        self._expect_prefix()

    def read(self) -> list[Frame]:
        """Read once; return the frames that are complete now.

        Raises:
            EOFError: The other side is gone.
            BlockingIOError: Nothing is there, on a pipe that does not block.
        """
        rest = self._target[self._filled :]
        is_large = rest.nbytes >= _CHUNK
        count = os.readv(self._pipe, [rest if is_large else self._scratch])
        if not count:
            raise EOFError
        if is_large:
            self._filled += count
            self._advance()
        else:
            self._feed(self._scratch[:count])
        done, self._done = self._done, []
        return done

    def _feed(self, data: memoryview) -> None:
        while data.nbytes:
            count = min(data.nbytes, self._target.nbytes - self._filled)
            self._target[self._filled : self._filled + count] = data[:count]
            self._filled += count
            data = data[count:]
            self._advance()

    def _advance(self) -> None:
        """Go on to what comes next for as long as the current piece is complete."""
        while self._filled == self._target.nbytes:
            if self._kind is None:
                self._take_prefix()
            elif self._sizes is None:
                self._take_sizes()
            elif len(self._buffers) < len(self._sizes):
                self._expect_buffer()
            else:
                self._done.append(Frame(self._kind, self._buffers))
                self._expect_prefix()

    def _expect(self, target: Buffer) -> None:
        self._target = memoryview(target)
        self._filled = 0

    def _expect_prefix(self) -> None:
        self._kind: Kind | None = None
        self._sizes: tuple[int, ...] | None = None
        self._count = 0
        self._buffers: list[Buffer] = []
        self._expect(bytearray(_PREFIX.size))

    def _take_prefix(self) -> None:
        kind, self._count = _PREFIX.unpack(self._target)
        self._kind = Kind(kind)
        self._expect(bytearray(8 * self._count))

    def _take_sizes(self) -> None:
        self._sizes = struct.unpack(f"<{self._count}Q", self._target)

    def _expect_buffer(self) -> None:
        assert self._sizes is not None
        room = make_room(self._sizes[len(self._buffers)])
        self._buffers.append(room)
        self._expect(room)

"""What happens in a worker in, frames for the notebook's process out, from any thread."""

from __future__ import annotations

import os
import select
import struct
import threading
from collections import deque
from collections.abc import Sequence

from dagy_nb.runners.forked import renew_in_forks
from dagy_nb.runners.worker.codec import Buffer
from dagy_nb.runners.worker.frames import FrameWriter, Kind, make_parts

PROGRESS = struct.Struct("<d")


class Sender:
    """Writes whole frames to one pipe.

    A handler of signals, or a stop, may raise in the middle of `send`, between any two steps of Python. So a
    small frame, such as all lines but very long ones, is one step of the system's: it is done or it is not.

    A process that a node forks has the same pipe: it must not write frames between ours. What it prints goes
    to its plain streams instead, and one that returns into our loop ends there.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._writer = FrameWriter(pipe)
        # A handler of signals or a finalizer may print while this very thread writes: its frame waits for
        # the end of the other one.
        self._lock = threading.RLock()
        self._waiting: deque[list[Buffer]] = deque()
        self._is_writing = False
        self._is_forked = False
        renew_in_forks(self)

    def begin_anew(self) -> None:
        """Let go of the pipe; in a fork of a fork its number is another file's."""
        if not self._is_forked:
            self._is_forked = True
            os.close(self._pipe)

    def send(self, kind: Kind, buffers: Sequence[Buffer] = ()) -> None:
        """Send a frame, waiting until the pipe has taken it."""
        if self._is_forked:
            self._send_forked(kind, buffers)
            return
        parts = make_parts(kind, buffers)
        with self._lock:
            if self._is_at_boundary() and len(parts) == 1 and len(parts[0]) <= select.PIPE_BUF:
                os.write(self._pipe, parts[0])
                return
            self._waiting.append(parts)
            if not self._is_writing:
                self._write()

    def send_line(self, level: str, text: str) -> None:
        """Send a line of output."""
        self.send(Kind.LINE, [f"{level}\n{text}".encode(errors="backslashreplace")])

    def send_progress(self, fraction: float, message: str) -> None:
        """Send progress."""
        self.send(Kind.PROGRESS, [PROGRESS.pack(fraction), message.encode(errors="replace")])

    def _is_at_boundary(self) -> bool:
        return not (self._is_writing or self._waiting or self._writer.is_waiting)

    def _write(self) -> None:
        self._is_writing = True
        try:
            while self._waiting:
                self._writer.add(self._waiting.popleft())
                self._writer.write()
        finally:
            self._is_writing = False

    def _send_forked(self, kind: Kind, buffers: Sequence[Buffer]) -> None:
        if kind is Kind.ENDED:
            os._exit(0)
        if kind is Kind.LINE:
            level, _, text = bytes(buffers[0]).partition(b"\n")
            os.write(2 if level == b"STDERR" else 1, text + b"\n")

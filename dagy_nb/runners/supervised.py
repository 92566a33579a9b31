"""Nothing in, a worker process under its guard out: pipes to both, and one way to end the whole tree.

This process starts the guard, the guard forks the worker (`dagy_nb.runners.worker.guard`). When this process
dies, by any death, or `kill` is called, the guard ends the worker and all that descends from it.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

from dagy_nb.runners.death import Death, read_death
from dagy_nb.runners.worker.codec import Buffer
from dagy_nb.runners.worker.frames import Frame, FrameReader, FrameWriter, Kind, make_parts
from dagy_nb.runners.worker.guard import KILL, KILL_SOON
from dagy_nb.runners.worker.surroundings import Surroundings

_START = (
    "import sys; sys.path[:] = sys.argv[8].split(chr(10)); "
    "from dagy_nb.runners.worker.main import main; main(*map(int, sys.argv[1:7]), sys.argv[7])"
)
_CHUNK = 1 << 16
_LAST_WORDS = 0.2
GONE_PATIENCE = 5.0
MOST_NODES = 1_000
"""How many nodes a worker serves before a fresh one takes its place."""


class Ear(Protocol):
    """Who hears what a worker says."""

    def hear(self, frame: Frame) -> None:
        """Take a frame."""

    def read(self, level: str, text: bytes) -> None:
        """Take a piece of what was written to a stream."""


class SupervisedWorker:
    """One worker with its guard.

    Every method but `kill` and `send_stop` belongs to the one thread that has the worker at the time.

    Args:
        surroundings: Where it begins.
        preload: Modules to import before the first call.
        most_nodes: How many nodes it may serve.

    Raises:
        OSError: The system gives no process.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        preload: Iterable[str] = (),
        *,
        most_nodes: int = MOST_NODES,
    ) -> None:
        self._lock = threading.Lock()
        self._is_closed = False
        self._is_dead = False
        self._news = bytearray()
        self._guard = self._start(surroundings, ",".join(preload), most_nodes)
        self._frames = FrameReader(self._answers)
        self._writer = FrameWriter(self._calls)
        self._poll = select.poll()
        self._levels = {self._out: "STDOUT", self._err: "STDERR"}
        for pipe in (self._answers, self._out, self._err, self._told):
            os.set_blocking(pipe, False)
            self._poll.register(pipe, select.POLLIN)
        os.set_blocking(self._calls, False)

    @property
    def is_dead(self) -> bool:
        """Whether the worker and all its descendants are gone, as far as was heard."""
        return self._is_dead

    @property
    def guard_pid(self) -> int:
        """The id of the guard's process."""
        return self._guard.pid

    def send_call(self, buffers: Iterable[Buffer]) -> None:
        """Begin to send a call; `listen` sends what the pipe does not take at once."""
        self._writer.add(make_parts(Kind.CALL, list(buffers)))
        self._write()

    def send_stop(self) -> None:
        """Ask the body of a call that was sent completely to end, and have it killed soon; any thread may."""
        with self._lock:
            if not self._is_closed:
                with suppress(BrokenPipeError, BlockingIOError):
                    os.write(self._calls, make_parts(Kind.STOP, [])[0])
                self._order(KILL_SOON)

    def listen(self, ear: Ear, patience: float | None) -> None:
        """Wait up to `patience` seconds for what the worker says, and pass it on."""
        milliseconds = None if patience is None else patience * 1000
        for pipe, _ in self._poll.poll(milliseconds):
            if pipe == self._calls:
                self._write()
            elif pipe == self._told:
                self._read_news()
            elif pipe == self._answers:
                self._read_frames(ear)
            else:
                self._read_stream(pipe, ear)

    def drain(self, ear: Ear) -> None:
        """Pass on what is in the streams now, without waiting."""
        waiting = select.poll()
        for pipe in self._levels:
            waiting.register(pipe, select.POLLIN)
        while self._levels and (ready := waiting.poll(0)):
            for pipe, _ in ready:
                if not self._read_stream(pipe, ear):
                    waiting.unregister(pipe)

    def kill(self) -> None:
        """Have the guard end everything; any thread may, at any time."""
        with self._lock:
            if not self._is_closed:
                self._order(KILL)

    def wait_gone(self, ear: Ear) -> bool:
        """Wait until nothing of it is left, and pass on what it said last; return whether it is gone."""
        ends = time.monotonic() + GONE_PATIENCE
        while not self._is_dead and (left := ends - time.monotonic()) > 0:
            self.listen(ear, left)
        last = time.monotonic() + _LAST_WORDS
        while self._has_said_more() and time.monotonic() < last:
            self.listen(ear, 0)
        return self._is_dead

    def is_fit(self) -> bool:
        """Whether it lives, as far as can be seen without waiting."""
        waiting = select.poll()
        waiting.register(self._told, select.POLLIN)
        if waiting.poll(0):
            self._read_news()
        return not self._news and not self._is_dead

    def describe_death(self) -> Death:
        """Return how it ended, once `is_dead`."""
        return read_death(self._news.decode())

    def close(self) -> None:
        """End it and let go of everything; calling it again does nothing."""
        self.kill()
        with self._lock:
            if self._is_closed:
                return
            self._close_pipes()
        try:
            self._guard.wait(GONE_PATIENCE)
        except subprocess.TimeoutExpired:
            # Something hangs inside the system; it ends when that does.
            self._guard.returncode = -1

    def let_go(self) -> None:
        """Let go of everything without ending it, in a fork of the process that it belongs to."""
        if not self._is_closed:
            self._close_pipes()
        # It is no child of this process: nobody here may wait for it.
        self._guard.returncode = 0

    def _close_pipes(self) -> None:
        self._is_closed = True
        near = (self._calls, self._answers, self._orders, self._told, self._out, self._err)
        for pipe in near:
            os.close(pipe)

    def _order(self, what: bytes) -> None:
        with suppress(BrokenPipeError):
            os.write(self._orders, what)

    def _start(
        self, surroundings: Surroundings, preload: str, most_nodes: int
    ) -> subprocess.Popen[bytes]:
        (calls, self._calls), (orders, self._orders), *back = _open_pipes(6)
        (self._answers, answers), (self._told, told), (self._out, out), (self._err, err) = back
        theirs = (calls, answers, orders, told, out, err)
        try:
            return subprocess.Popen(
                [
                    *(sys.executable, "-c", _START),
                    *(
                        str(each)
                        for each in (os.getpid(), calls, answers, orders, told, most_nodes)
                    ),
                    *(preload, "\n".join(surroundings.path)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                pass_fds=(calls, answers, orders, told),
                start_new_session=True,
                cwd=surroundings.folder or None,
                env=surroundings.environment,
            )
        except BaseException:
            self._close_pipes()
            raise
        finally:
            for pipe in theirs:
                os.close(pipe)

    def _write(self) -> None:
        try:
            self._writer.write()
        except BrokenPipeError:
            # Its guard tells of its end.
            self._writer.clear()
        if self._writer.is_waiting:
            self._poll.register(self._calls, select.POLLOUT)
        else:
            with suppress(KeyError):
                self._poll.unregister(self._calls)

    def _read_frames(self, ear: Ear) -> None:
        try:
            frames = self._frames.read()
        except BlockingIOError:
            return
        except EOFError:
            self._poll.unregister(self._answers)
            return
        for frame in frames:
            ear.hear(frame)

    def _read_stream(self, pipe: int, ear: Ear) -> bool:
        try:
            text = os.read(pipe, _CHUNK)
        except BlockingIOError:
            return True
        if text:
            ear.read(self._levels[pipe], text)
            return True
        self._poll.unregister(pipe)
        del self._levels[pipe]
        return False

    def _read_news(self) -> None:
        try:
            news = os.read(self._told, 4096)
        except BlockingIOError:
            return
        self._news += news
        if not news:
            self._poll.unregister(self._told)
            self._is_dead = True

    def _has_said_more(self) -> bool:
        return bool(self._poll.poll(0))


def _open_pipes(count: int) -> list[tuple[int, int]]:
    made: list[tuple[int, int]] = []
    try:
        for _ in range(count):
            made.append(os.pipe())  # noqa: PERF401 - those made before a failure must be known
    except OSError:
        for pipe in made:
            for end in pipe:
                os.close(end)
        raise
    return made

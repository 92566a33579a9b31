"""The pipe from a worker: whole frames, whatever breaks into the thread that writes them."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from dagy_nb.runners.worker.frames import FrameReader, Kind
from dagy_nb.runners.worker.sender import Sender
from tests.runners.forks import call_in_fork, is_open


class Tick(Exception):
    """Raised by a handler of signals."""


class Reading:
    """Reads frames of lines in a thread."""

    def __init__(self, pipe):
        self.texts = []
        self.error = None
        self._pipe = pipe
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        reader = FrameReader(self._pipe)
        try:
            while True:
                for frame in reader.read():
                    assert frame.kind is Kind.LINE
                    self.texts.append(bytes(frame.buffers[0]).decode().partition("\n")[2])
        except EOFError:
            return
        except Exception as error:
            self.error = error
            while os.read(self._pipe, 1 << 16):
                pass

    def end(self):
        self._thread.join(20)
        return self.texts


@pytest.fixture
def ends():
    near, far = os.pipe()
    yield near, far
    os.close(near)


@pytest.fixture
def ticking():
    """A timer which raises in this thread, so many seconds of its work after it was set."""

    def tick(*_):
        raise Tick

    before = signal.signal(signal.SIGVTALRM, tick)
    yield lambda seconds: signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def test_what_is_raised_in_the_middle_of_a_frame_harms_no_other_one(ends, ticking):
    near, far = ends
    reading, sender = Reading(near), Sender(far)
    sent, number, ticks = [], 0, 0
    while ticks < 100:
        try:
            ticking(0.0005)
            while True:
                number += 1
                sender.send_line("STDOUT", f"{number}")
                sent.append(f"{number}")
        except Tick:
            ticks += 1
    ticking(0)
    os.close(far)
    texts = reading.end()

    assert reading.error is None
    assert len(set(texts)) == len(texts)
    assert texts == sorted(texts, key=int)
    assert set(sent) <= set(texts)


def test_a_fork_lets_go_of_the_pipe_and_a_fork_of_it_of_nothing_more(ends):
    """There its number may be that of another file, such as the pipe of a pool of processes."""
    _, far = ends
    sender = Sender(far)

    def act():
        was_open = is_open(far)
        os.dup2(os.open(os.devnull, os.O_RDONLY), far)
        return was_open, call_in_fork(lambda: is_open(far))

    assert call_in_fork(act) == [False, True]
    assert is_open(far)
    sender.send_line("STDOUT", "still there")
    os.close(far)


def test_a_sender_that_is_gone_closes_nothing_in_a_fork(ends):
    _, far = ends
    Sender(far)

    assert call_in_fork(lambda: is_open(far)) is True
    os.close(far)

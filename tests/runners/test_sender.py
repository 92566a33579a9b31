"""The pipe from a worker: whole frames, whatever breaks into the thread that writes them."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from dagy_nb.runners.worker.frames import FrameReader, Kind
from dagy_nb.runners.worker.sender import Sender


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
    sent, number, ticks, over = [], 0, 0, time.monotonic() + 3
    while time.monotonic() < over:
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
    assert ticks > 10
    assert len(set(texts)) == len(texts)
    assert texts == sorted(texts, key=int)
    assert set(sent) <= set(texts)

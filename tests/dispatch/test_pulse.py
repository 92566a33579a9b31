"""A pulse beats at once, then at its pace, and never forgets the last wish."""

from __future__ import annotations

import threading
import time

import pytest

from dagy_nb.dispatch.pulse import Pulse


class Beats:
    """Counts beats and lets a test wait for them."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.changed = threading.Condition()

    def __call__(self) -> None:
        with self.changed:
            self.times.append(time.monotonic())
            self.changed.notify_all()

    def wait(self, count: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: len(self.times) >= count, 10)


def test_the_first_beat_comes_at_once():
    beats = Beats()
    pulse = Pulse(beats, every=3600)

    pulse.ask()

    assert beats.wait(1)
    pulse.close()


def test_wishes_between_two_beats_become_one():
    beats = Beats()
    pulse = Pulse(beats, every=0.05)

    pulse.ask()
    assert beats.wait(1)
    for _ in range(1000):
        pulse.ask()

    assert beats.wait(2)
    assert beats.times[1] - beats.times[0] >= 0.04
    assert len(beats.times) == 2
    pulse.close()


def test_a_wish_during_a_beat_is_followed_by_another():
    beats = Beats()
    inside, go_on = threading.Event(), threading.Event()

    def beat():
        beats()
        inside.set()
        go_on.wait(10)

    pulse = Pulse(beat, every=0.0)
    pulse.ask()
    assert inside.wait(10)
    pulse.ask()
    go_on.set()

    assert beats.wait(2)
    pulse.close()


def test_a_beat_that_fails_does_not_end_the_pulse():
    beats = Beats()

    def beat():
        beats()
        raise ValueError

    pulse = Pulse(beat, every=0.0)
    pulse.ask()
    assert beats.wait(1)
    pulse.ask()

    assert beats.wait(2)
    pulse.close()


def test_the_thread_ends_when_there_is_nothing_to_do():
    beats = Beats()
    pulse = Pulse(beats, every=0.0)
    pulse.ask()
    assert beats.wait(1)

    thread = pulse._thread
    if thread is not None:
        thread.join(10)

    assert pulse._thread is None


def test_a_closed_pulse_does_not_beat():
    beats = Beats()
    pulse = Pulse(beats, every=0.0)

    pulse.close()
    pulse.ask()

    assert pulse._thread is None
    assert beats.times == []


def test_an_interrupt_while_it_begins_does_not_silence_it(monkeypatch):
    told = threading.Event()
    pulse = Pulse(told.set, every=0.01)

    def cut(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", cut)
        with pytest.raises(KeyboardInterrupt):
            pulse.ask()
    pulse.ask()

    assert told.wait(20)
    pulse.close()

"""An exception raised in another thread: it ends the function, and never hits anything after it."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from dagy_nb.errors import NodeCancelled
from dagy_nb.runners import raising
from dagy_nb.runners.interrupt import Interruptible


def in_thread(function):
    """Run in a thread; return what it returned or raised."""
    results = []

    def run():
        try:
            results.append(function())
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, results


def test_the_functions_result_comes_back():
    assert Interruptible().run(lambda: 5) == 5


def test_what_the_function_raises_comes_out():
    with pytest.raises(ZeroDivisionError):
        Interruptible().run(lambda: 1 / 0)


def test_a_loop_is_ended():
    guard, begun = Interruptible(), threading.Event()

    def spin():
        begun.set()
        while True:
            pass

    thread, results = in_thread(lambda: guard.run(spin))
    assert begun.wait(5)

    assert guard.interrupt()
    thread.join(5)
    assert isinstance(results[0], NodeCancelled)


def test_before_and_after_the_function_nothing_is_interrupted():
    guard = Interruptible()
    assert not guard.interrupt()

    guard.run(lambda: None)
    assert not guard.interrupt()


def test_a_function_is_interrupted_once():
    guard, begun = Interruptible(), threading.Event()

    def spin():
        begun.set()
        while True:
            pass

    thread, _ = in_thread(lambda: guard.run(spin))
    assert begun.wait(5)

    assert [guard.interrupt() for _ in range(5)] == [True, False, False, False, False]
    thread.join(5)


LATE = """
import faulthandler, functools, sys, threading
faulthandler.dump_traceback_later(20, exit=True)
from dagy_nb.errors import NodeCancelled
from dagy_nb.runners import raising
from dagy_nb.runners.interrupt import Interruptible

guard, here = Interruptible(), threading.get_ident()
send = functools.partial(raising._set_exception, here, NodeCancelled)

def end_as_it_is_sent():
    # By calls of C alone, so that it is still on its way when the function is over.
    guard._lock = type("Sending", (), {"__enter__": send, "__exit__": slice})()
    guard._is_sent = True
    return 5

print(guard.run(end_as_it_is_sent), guard._thread)
sys.settrace(lambda *_: None)
print((lambda: "traced")())
"""


def test_an_interrupt_on_its_way_comes_before_the_end_and_leaves_nothing_behind():
    """One that was taken back instead would hang CPython 3.11 at the first call that a debugger traces."""
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=False)

    assert done.stdout.split() == ["5", "None", "traced"], done.stderr


def test_an_interrupt_that_comes_while_the_time_for_it_is_ended_goes_no_further():
    guard = Interruptible()

    class Hit(contextlib.nullcontext):
        left = 1

        def __enter__(self):
            if guard._is_sent and self.left:
                type(self).left = 0
                raising._set_exception(threading.get_ident(), NodeCancelled)
                sum(range(100))

    def begin_to_end():
        guard._lock = Hit()
        guard._is_sent = True
        return 5

    assert guard.run(begin_to_end) == 5
    assert (Hit.left, guard._thread) == (0, None)


@pytest.fixture
def hasty():
    """Threads change places so often that everything happens between everything."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


class Swallowing:
    """A short body, partly in C, that goes on after an interrupt; it counts those that come."""

    def __init__(self, lucky):
        self.guard, self.begun = Interruptible(), threading.Event()
        self.rounds, self.is_sleepy = lucky.randrange(8), lucky.random() < 0.3
        self.came, self.shut = 0, threading.Lock()
        self.shut.acquire()

    def __call__(self):
        self.begun.set()
        for _ in range(self.rounds):
            try:
                sum(range(100))
                if self.is_sleepy:
                    self.shut.acquire(timeout=0.0002)
            except NodeCancelled:
                self.came += 1


def test_an_interrupt_comes_once_and_never_hits_what_comes_after(hasty):
    """Short functions, interrupted anywhere up to their end: the thread's own code goes on."""
    lucky, harmed = random.Random(0), []
    bodies = [Swallowing(lucky) for _ in range(1000)]

    def work():
        for body in bodies:
            with suppress(NodeCancelled):
                body.guard.run(body)
            try:
                sum(range(100))
            except NodeCancelled:
                harmed.append(body)

    thread, results = in_thread(work)
    hits = 0
    for body in bodies:
        assert body.begun.wait(10)
        hits += body.guard.interrupt()
    thread.join(10)

    assert results == [None]
    assert hits > 20
    assert harmed == []
    assert {body.came for body in bodies} == {0, 1}

"""An exception raised in a thread that is busy in C waits for it, and nobody else does."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from traceback import format_exception_only

import pytest

from dagy_nb.errors import NodeCancelled
from dagy_nb.runners import raising
from dagy_nb.runners.interrupt import Interruptible

only_where_it_hangs = pytest.mark.skipif(
    not raising._HANGS_WHEN_TRACED, reason="Only CPython 3.11 marks a whole interpreter."
)

INTERRUPTED = """
import faulthandler, os, signal, sys, threading, time
faulthandler.dump_traceback_later(20, exit=True)
from dagy_nb.runners import raising
from dagy_nb.runners.interrupt import Interruptible

def interrupt(function):
    guard, begun = Interruptible(), threading.Event()
    def live():
        begun.set()
        function()
    threading.Thread(target=guard.run, args=(live,), daemon=True).start()
    begun.wait()
    assert guard.interrupt()
"""
TRACE = """
sys.settrace(lambda *_: None)
print(sum((lambda: 1)() for _ in range(100_000)))
sys.settrace(None)
"""
FOREVER = "time.sleep(1000)"
AGAIN_AND_AGAIN = "list(map(time.sleep, [0.02] * 100_000))"
IN_FORK = """
if child := os.fork():
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
signal.alarm(15)
"""

KERNELS = {
    "traced later": f"interrupt(lambda: {FOREVER})" + TRACE,
    "traced later, the thread taking the lock": f"interrupt(lambda: {AGAIN_AND_AGAIN})" + TRACE,
    "two threads": f"""
for _ in range(2):
    interrupt(lambda: {FOREVER})
{TRACE}""",
    "traced before, in every thread": f"""
threading.settrace(lambda *_: None)
sys.settrace(lambda *_: None)
for _ in range(3):
    interrupt(lambda: {AGAIN_AND_AGAIN})
{TRACE}""",
    "profiled before, in every thread": f"""
threading.setprofile(lambda *_: None)
sys.setprofile(lambda *_: None)
for _ in range(3):
    interrupt(lambda: {AGAIN_AND_AGAIN})
{TRACE}""",
    "traced in a fork": f"""
raising.PAUSE = 1000  # the mark stands when it forks
interrupt(lambda: {FOREVER})
{IN_FORK}
{TRACE}
os._exit(sys.stdout.flush() or 0)
""",
    "traced in a fork that interrupts too": f"""
interrupt(lambda: {FOREVER})
{IN_FORK}
interrupt(lambda: {FOREVER})
{TRACE}
os._exit(sys.stdout.flush() or 0)
""",
}

RUN = """
import faulthandler, sys, time
faulthandler.dump_traceback_later(30, exit=True)
from pathlib import Path
from dagy_nb import Flow, FlowNode
from dagy_nb.session.current import make_session
from dagy_nb.settings import Settings
from dagy_nb.store.memory import MemoryStore

class Asleep(FlowNode, register=False):
    def execute(self, context):
        time.sleep(1000)

runner, home = sys.argv[1:]
flow = Flow("late", session=make_session(Settings(home=Path(home)), store=MemoryStore()))
flow.add(Asleep, id="asleep", runner=runner, timeout=0.2)
print(flow.run().wait(check=False)["asleep"].state)
"""


def printed_by(text, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", text, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return done.stdout.split() or done.stderr


@pytest.mark.parametrize("what", KERNELS)
def test_who_is_traced_goes_on_while_an_interrupted_thread_is_busy_in_c(what):
    assert printed_by(INTERRUPTED + KERNELS[what]) == ["100000"]


@pytest.mark.parametrize("runner", ["thread", "inline"])
def test_a_debugger_goes_on_while_a_node_past_its_limit_sleeps(runner, tmp_path):
    assert printed_by(RUN + TRACE, runner, str(tmp_path)) == ["TIMED_OUT", "100000"]


def test_a_debugger_that_stops_at_exceptions_is_not_stopped_by_those_that_are_nobodys():
    stops = """
def stop(frame, event, _):
    if event == "exception":
        print(frame)
    return stop
threading.settrace(stop)
interrupt(lambda: time.sleep(1000))
time.sleep(10 * raising.PAUSE)
print("over")
"""
    assert printed_by(INTERRUPTED + stops) == ["over"]


class Stuck:
    """A body in one call into C, until the test lets it go; then it may swallow its interrupt, and goes on."""

    def __init__(self, *, swallows=False):
        self.guard, self.begun, self.inside = Interruptible(), threading.Event(), threading.Lock()
        self.swallows, self.swallowed, self.end = swallows, threading.Event(), threading.Event()
        self.raised = None
        self.inside.acquire()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        assert self.begun.wait(10)

    def run(self):
        try:
            self.guard.run(self.live)
        except BaseException as error:
            self.raised = error

    def live(self):
        self.begun.set()
        try:
            self.inside.acquire()
            self.raised = "It went on."
        except NodeCancelled:
            if not self.swallows:
                raise
        self.swallowed.set()
        self.end.wait(10)


@pytest.fixture
def unmarking(monkeypatch):
    """What no other test has to do with."""
    made = raising._Unmarking()
    monkeypatch.setattr(raising, "_UNMARKING", made)
    return made


def test_what_comes_at_the_end_of_the_call_looks_like_any_node_cancelled(unmarking):
    body = Stuck()
    assert body.guard.interrupt()
    threading.Event().wait(3 * raising.PAUSE)  # the mark is removed meanwhile
    body.inside.release()
    body.thread.join(10)

    assert type(body.raised).__name__ == "NodeCancelled"
    assert format_exception_only(body.raised) == format_exception_only(NodeCancelled())
    assert type(pickle.loads(pickle.dumps(body.raised))) is NodeCancelled


@only_where_it_hangs
def test_one_thread_removes_the_mark_while_any_exception_waits(unmarking):
    bodies = [Stuck() for _ in range(3)]
    for each in bodies:
        each.guard.interrupt()
    remover = unmarking._thread
    for each in bodies:
        assert unmarking._thread is remover
        assert remover.is_alive()
        each.inside.release()
    remover.join(10)

    assert not remover.is_alive()
    assert unmarking._thread is None


@only_where_it_hangs
def test_that_thread_ends_when_the_interrupt_was_swallowed(unmarking):
    body = Stuck(swallows=True)
    body.guard.interrupt()
    remover = unmarking._thread
    body.inside.release()
    assert body.swallowed.wait(10)
    remover.join(10)

    assert not remover.is_alive()
    assert body.thread.is_alive()
    body.end.set()


@only_where_it_hangs
def test_that_thread_ends_when_the_function_was_over_before(unmarking):
    unmarking.begin(threading.get_ident())
    remover = unmarking._thread
    raising.let_come()
    remover.join(10)

    assert not remover.is_alive()


@only_where_it_hangs
def test_that_thread_begins_again_with_the_next_interrupt(unmarking):
    for _ in range(3):
        body = Stuck()
        body.guard.interrupt()
        remover = unmarking._thread
        assert remover.is_alive()
        body.inside.release()
        remover.join(10)
        assert not remover.is_alive()


@only_where_it_hangs
def test_that_thread_lives_on_for_an_interrupt_that_comes_at_its_end(unmarking):
    unmarking.begin(1)
    remover = unmarking._thread
    with unmarking._lock:
        unmarking.end(1)
        remover.join(5 * raising.PAUSE)
        unmarking._awaiting.add(2)
    remover.join(5 * raising.PAUSE)

    assert remover.is_alive()
    assert unmarking._thread is remover
    unmarking.end(2)


def test_a_function_that_is_not_interrupted_costs_no_thread(unmarking):
    guard = Interruptible()
    guard.run(lambda: None)
    guard.interrupt()

    assert unmarking._thread is None


def test_where_no_thread_can_be_had_the_interrupt_comes_all_the_same(unmarking, monkeypatch):
    body = Stuck()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert body.guard.interrupt()
    body.inside.release()
    body.thread.join(10)

    assert isinstance(body.raised, NodeCancelled)
    assert unmarking._thread is None


def refuse(_):
    raise RuntimeError("can't start new thread")

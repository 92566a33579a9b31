"""A few daemon threads that are reused, replaced when stuck, and never joined."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from dagy_nb.runners.pool import ThreadPool, current_worker


class Work:
    """Counts who runs at a time; goes on when it is let go."""

    def __init__(self):
        self.go_on = threading.Event()
        self.lock = threading.Lock()
        self.running = 0
        self.most = 0
        self.threads = set()
        self.done = threading.Semaphore(0)

    def __call__(self):
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
            self.threads.add(threading.current_thread().name + str(threading.get_ident()))
        self.go_on.wait(5)
        with self.lock:
            self.running -= 1
        self.done.release()

    def wait_for(self, count):
        for _ in range(count):
            assert self.done.acquire(timeout=5)


@pytest.fixture
def pool():
    made = ThreadPool(slots=3)
    yield made
    made.close()


def test_no_more_run_at_a_time_than_there_are_slots(pool):
    work = Work()
    for _ in range(20):
        pool.submit(work)
    work.go_on.set()
    work.wait_for(20)

    assert work.most <= 3
    assert len(work.threads) <= 3


def test_threads_are_reused(pool):
    work = Work()
    work.go_on.set()
    for _ in range(10):
        pool.submit(work)
        work.wait_for(1)

    assert len(work.threads) <= 3


def test_a_thread_that_is_given_up_makes_room(pool):
    stuck, free = threading.Event(), threading.Event()
    workers = []

    def block():
        workers.append(current_worker())
        free.set()
        stuck.wait(5)

    for _ in range(3):
        free.clear()
        pool.submit(block)
        assert free.wait(5)
    waiting = Work()
    waiting.go_on.set()
    pool.submit(waiting)

    pool.give_up(workers[0], block)
    waiting.wait_for(1)

    pool.give_up(workers[0], block)
    later = Work()
    for _ in range(2):
        pool.submit(later)
    later.go_on.set()
    later.wait_for(2)
    assert later.most == 1, "giving up twice makes room once"
    stuck.set()


def test_a_thread_that_is_through_with_its_work_is_not_given_up(pool):
    workers = []
    first = lambda: workers.append(current_worker())  # noqa: E731
    pool.submit(first)
    ends = time.monotonic() + 5
    while not (workers and workers[0].work is None) and time.monotonic() < ends:
        threading.Event().wait(0.001)

    pool.give_up(workers[0], first)

    assert not workers[0].is_given_up
    later = Work()
    later.go_on.set()
    pool.submit(later)
    later.wait_for(1)


def test_work_that_raises_does_not_cost_a_thread(pool, caplog):
    def fail():
        raise SystemExit

    for _ in range(5):
        pool.submit(fail)
    work = Work()
    work.go_on.set()
    pool.submit(work)

    work.wait_for(1)
    assert "without telling anybody" in caplog.text


def test_a_closed_pool_ends_its_threads():
    pool = ThreadPool(slots=2)
    work = Work()
    work.go_on.set()
    pool.submit(work)
    work.wait_for(1)
    (name,) = work.threads

    pool.close()

    for thread in threading.enumerate():
        if thread.name + str(thread.ident) == name:
            thread.join(5)
            assert not thread.is_alive()


def test_outside_of_the_pool_there_is_no_worker():
    assert current_worker() is None


def test_a_stuck_thread_does_not_keep_the_process_from_ending():
    script = """
import threading
import time
from dagy_nb.runners.pool import ThreadPool
begun = threading.Event()
def block():
    begun.set()
    threading.Event().wait()
ThreadPool(slots=1).submit(block)
assert begun.wait(5)
print("end of the script")
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=20,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "end of the script\n", "")

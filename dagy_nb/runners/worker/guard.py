"""A fresh process in; out of it come a guard, which stays, and a worker below it, which goes on.

The guard sees to it that no process of a node outlives what it belongs to. It is a process of its own with
one thread that runs no foreign code, so neither C code that holds the worker's GIL nor one that holds the
notebook's can delay it. It ends the worker and everything that descends from it

- when the notebook's process says so or dies by any death: the pipe between them ends, and the system's
  handle of that process tells;
- when the worker dies;
- when the body runs past its limit and nobody else ended it (`SLACK`), or takes more memory than it may;
- some time after the body was asked to end by itself (`POLITE_SECONDS`).

Descendants cannot escape: those whose parent dies become children of the guard, also if they started a
session of their own or ignore every signal that can be ignored. It kills its children until it has none.
Should the guard itself be killed, the system kills the worker.
"""

from __future__ import annotations

import math
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import NoReturn

from dagy_nb.runners.worker.descent import (
    IS_LINUX,
    adopt_orphans,
    die_with,
    list_descendants,
    measure,
    measure_exactly,
)

SLACK = 0.2
"""Seconds past its limit after which the guard ends a body, where the notebook's process did not.

That one may be frozen: by a call into C, by a full collection of garbage. It is the one that asks an
`on_cancel` first, so it gets some time to come; but half a second after its limit the body must be gone, and
on a busy machine a kill takes its share of what is left.
"""
POLITE_SECONDS = 0.25
"""Seconds for `on_cancel`, from when the body was asked to end to when it is killed; no limit cuts them."""
KILL = b"k"
"""The order to end everything now."""
KILL_SOON = b"s"
"""The order to end everything after `POLITE_SECONDS`."""
MEMORY_TICK = 0.02
MOST_SHARE = 4
"""A look at memory goes through all processes of the system; so many times as long passes to the next."""
ORPHAN_TICK = 0.25
MOST_PATIENCE = 86_400.0
"""Seconds to wait at a time: the system takes no more than some weeks."""
WATCH = struct.Struct("<dd")
_MEGABYTE = 1024 * 1024


def stand_guard(parent: int, orders: int, news: int, others: Iterable[int]) -> int:
    """Split this process in two; return in the worker only, with the pipe to tell the guard of calls.

    Args:
        parent: Id of the notebook's process.
        orders: Pipe of `KILL` and `KILL_SOON`; its end means `KILL`.
        news: Pipe on which the guard tells how the worker ended.
        others: Pipes of the worker, which the guard lets go of.
    """
    watch, tell = os.pipe()
    guard = os.getpid()
    adopt_orphans()
    worker = os.fork()
    if worker:
        _let_go([tell, *others])
        _run_guard(worker, parent, orders, news, watch)
    for pipe in (watch, orders, news):
        os.close(pipe)
    os.setsid()
    die_with(guard)
    adopt_orphans()
    return tell


def tell_begun(pipe: int, timeout: float | None, memory_mb: float | None) -> None:
    """Tell the guard that a body begins, with its limits."""
    seconds = math.inf if timeout is None else timeout
    size = math.inf if memory_mb is None else memory_mb * _MEGABYTE
    if seconds < math.inf or size < math.inf:
        os.write(pipe, WATCH.pack(seconds, size))


def tell_over(pipe: int, timeout: float | None, memory_mb: float | None) -> None:
    """Tell the guard that the body it heard of is over."""
    if timeout is not None or memory_mb is not None:
        os.write(pipe, WATCH.pack(math.inf, math.inf))


class Guard:
    """Watches over one worker."""

    def __init__(self, worker: int, parent: int, orders: int, news: int, watch: int) -> None:
        self._worker = worker
        self._parent = parent
        self._orders = orders
        self._news = news
        self._watch = watch
        self._ends_at = math.inf
        self._memory = math.inf
        self._memory_tick = MEMORY_TICK
        self._is_stopping = False
        self._is_ending = False
        self._wake, wake = os.pipe()
        for pipe in (self._wake, wake):
            os.set_blocking(pipe, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _do_nothing)
        signal.signal(signal.SIGTERM, self._end_on_signal)
        for each in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(each, signal.SIG_IGN)
        self._poll = select.poll()
        for pipe in (orders, watch, self._wake):
            self._poll.register(pipe, select.POLLIN)
        self._parent_handle = _open_handle(parent)
        if self._parent_handle >= 0:
            self._poll.register(self._parent_handle, select.POLLIN)

    def run(self) -> None:
        """Watch until the worker and all its descendants are gone."""
        # The worker may have died before its signal could be heard.
        self._reap()
        while not self._is_ending:
            for pipe, _ in self._poll.poll(self._find_patience()):
                if pipe == self._wake:
                    self._reap()
                elif pipe == self._watch:
                    self._hear_of_call()
                elif pipe == self._orders:
                    self._take_orders()
                else:
                    self._is_ending = True
            self._check_limits()
            self._check_parent()
        self._end_all()

    def _find_patience(self) -> int | None:
        """Return the milliseconds until something falls due."""
        ticks = [self._ends_at - time.monotonic()]
        if self._memory < math.inf:
            ticks.append(self._memory_tick)
        if self._parent_handle < 0:
            ticks.append(ORPHAN_TICK)
        soonest = min(ticks)
        return (
            None if soonest == math.inf else max(0, math.ceil(min(soonest, MOST_PATIENCE) * 1000))
        )

    def _take_orders(self) -> None:
        given = os.read(self._orders, 4096)
        if set(given) != set(KILL_SOON):
            self._is_ending = True
        elif not self._is_stopping:
            self._is_stopping = True
            self._ends_at = time.monotonic() + POLITE_SECONDS

    def _hear_of_call(self) -> None:
        told = os.read(self._watch, WATCH.size)
        if not told:
            self._poll.unregister(self._watch)
            return
        seconds, self._memory = WATCH.unpack(told)
        if not self._is_stopping:
            self._ends_at = time.monotonic() + seconds + SLACK

    def _check_limits(self) -> None:
        if self._is_ending:
            return
        if time.monotonic() >= self._ends_at:
            if self._is_stopping:
                self._is_ending = True
            else:
                self._tell("late")
        elif self._memory < math.inf:
            self._check_memory()

    def _check_memory(self) -> None:
        began = time.monotonic()
        pids = [self._worker, *list_descendants(self._worker)]
        taken = measure(pids)
        self._memory_tick = max(MEMORY_TICK, MOST_SHARE * (time.monotonic() - began))
        if taken > self._memory:
            # Forked processes share most of theirs: look closely before ending somebody for it.
            taken = measure_exactly(pids)
            if taken > self._memory:
                self._tell(f"memory {taken}")

    def _check_parent(self) -> None:
        if self._parent_handle < 0 and os.getppid() != self._parent:
            self._is_ending = True

    def _end_all(self) -> None:
        """Kill all descendants until there are none; each loop reaps those that died."""
        if not IS_LINUX:
            # There, what loses its parent would be lost to us.
            self._kill_below()
        _kill(self._worker)
        while self._reap():
            self._kill_below()
            self._poll_wake(5)

    def _kill_below(self) -> None:
        for pid in list_descendants(os.getpid()):
            _kill(pid)

    def _poll_wake(self, milliseconds: float) -> None:
        waiting = select.poll()
        waiting.register(self._wake, select.POLLIN)
        waiting.poll(milliseconds)

    def _reap(self) -> bool:
        """Take note of the children that ended; return whether there are others."""
        with suppress(BlockingIOError):
            # Nothing to read means that nobody woke us: we looked in between.
            os.read(self._wake, 4096)
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if not pid:
                return True
            if pid == self._worker:
                self._worker = 0
                self._is_ending = True
                self._tell(f"exit {status} {usage.ru_maxrss}")

    def _tell(self, news: str) -> None:
        self._is_ending = True
        try:
            os.write(self._news, f"{news}\n".encode())
        except BrokenPipeError:
            # The notebook's process is gone; nobody needs the news.
            return

    def _end_on_signal(self, *_: object) -> None:
        self._is_ending = True


def _run_guard(worker: int, parent: int, orders: int, news: int, watch: int) -> NoReturn:
    """Be the guard to the end."""
    try:
        Guard(worker, parent, orders, news, watch).run()
    finally:
        os._exit(0)


def _let_go(pipes: Iterable[int]) -> None:
    """Leave the worker's pipes and streams to the worker: their end must not wait for the guard."""
    for pipe in pipes:
        os.close(pipe)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _open_handle(pid: int) -> int:
    """Return what tells of a process's death, or -1 where the system has no such thing."""
    if sys.platform != "linux":
        return -1
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1


def _kill(pid: int) -> None:
    if pid:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _do_nothing(*_: object) -> None:
    """Be there, so that the signal wakes the guard."""

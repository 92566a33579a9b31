"""Asynchronous calls in, tasks on an event loop in a daemon thread out; a blocked loop is replaced."""

from __future__ import annotations

import asyncio
import threading

from dagy_nb.abc import CallReporter, LiveCall, NodeCall
from dagy_nb.runners.forked import renew_in_forks
from dagy_nb.runners.loopcall import LoopCall, run_steadily, wind_up


class LoopPool:
    """Keeps one loop for the calls to come; makes it on first use."""

    def __init__(self) -> None:
        self.begin_anew()
        renew_in_forks(self)

    def begin_anew(self) -> None:
        """Have no loop."""
        self._lock = threading.Lock()
        self._current: _LoopThread | None = None

    def start(self, call: NodeCall, reporter: CallReporter) -> LiveCall:
        """Begin a call on the loop."""
        made = _PooledCall(call, reporter, self)
        with self._lock:
            if self._current is None:
                self._current = _LoopThread()
            self._current.submit(made)
        return made

    def replace(self, blocked: _LoopThread) -> None:
        """Use another loop from now on; calls that have not begun on the blocked one begin there."""
        with self._lock:
            if self._current is not blocked:
                return
            self._current = _LoopThread()
            for call in blocked.retire():
                self._current.submit(call)

    def close(self) -> None:
        """Cancel what goes on, and end the loop; returns at once."""
        with self._lock:
            current, self._current = self._current, None
        if current is not None:
            current.end()


class _PooledCall(LoopCall):
    home: _LoopThread

    def __init__(self, call: NodeCall, reporter: CallReporter, pool: LoopPool) -> None:
        super().__init__(call, reporter)
        self._pool = pool

    def stop(self) -> str:
        """Cancel the body; one that has not begun never will."""
        if self.turn.take():
            return "cancelled"
        self.cancel()
        return "stopping"

    def abandon(self) -> None:
        """Leave the loop to this body, which may block it."""
        if not self.is_over:
            self._pool.replace(self.home)


class _LoopThread:
    """One event loop in one daemon thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._waiting: list[_PooledCall] = []
        self._live = 0
        self._is_ending = False
        threading.Thread(target=self._run, name="dagy loop", daemon=True).start()

    def submit(self, call: _PooledCall) -> None:
        """Begin a call when the loop comes to it."""
        call.home = self
        with self._lock:
            self._waiting.append(call)
        self._loop.call_soon_threadsafe(self._begin_waiting)

    def retire(self) -> list[_PooledCall]:
        """Take no more calls, end when those that go on are over; return those that have not begun."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        self._loop.call_soon_threadsafe(self._end_if_idle, True)
        return waiting

    def end(self) -> None:
        """Cancel what goes on and end."""
        self._loop.call_soon_threadsafe(self._cancel_all)

    def _begin_waiting(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for call in waiting:
            if call.turn.take():
                self._live += 1
                call.begin(self._forget)

    def _forget(self) -> None:
        self._live -= 1
        self._end_if_idle(self._is_ending)

    def _end_if_idle(self, is_ending: bool) -> None:
        self._is_ending = is_ending
        if is_ending and not self._live:
            self._loop.stop()

    def _cancel_all(self) -> None:
        for each in asyncio.all_tasks(self._loop):
            each.cancel()
        self._end_if_idle(True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        run_steadily(self._loop, lambda: self._is_ending and not self._live)
        wind_up(self._loop)
        self._loop.close()

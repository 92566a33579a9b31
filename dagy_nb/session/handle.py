"""A live run in, a handle that waits, cancels and tells out."""

from __future__ import annotations

import asyncio
import sys
import time
import warnings
from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from dagy_nb.errors import RunUnfinished
from dagy_nb.model.event import Event, LogWritten, spread
from dagy_nb.model.record import RunRecord
from dagy_nb.model.state import RunState
from dagy_nb.session.remarks import count_own_frames
from dagy_nb.session.result import RunResult, make_failure
from dagy_nb.session.watch import HoldsRuns

if TYPE_CHECKING:
    from dagy_nb.abc import RunControl
    from dagy_nb.session.listener import RunListener

TICK = 0.1
FIRST_TICK = 0.005
GRACE = 5.0


class RunHandle:
    """A run that was started; it goes on whether or not anybody waits.

    Waiting prints what the nodes print, in the cell that waits. An interrupt of that cell cancels
    this run, once.

    Example:
        >>> handle = flow.run(month=2)  # returns at once       # doctest: +SKIP
        >>> run = handle.wait()  # or: run = await handle    # doctest: +SKIP
    """

    def __init__(self, live: RunControl, listener: RunListener) -> None:
        self._live = live
        self._listener = listener
        self._told = False

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self._live.run_id

    @property
    def id(self) -> str:
        """The run's id."""
        return self._live.run_id

    @property
    def state(self) -> RunState:
        """Where the run is now."""
        return self._live.state

    @property
    def done(self) -> bool:
        """Whether the run has ended."""
        return self._live.done.is_set()

    @property
    def record(self) -> RunRecord:
        """What is recorded of the run up to now."""
        return self._listener.record(self.run_id)

    @property
    def log_tails(self) -> Mapping[str, tuple[str, ...]]:
        """Node id → the last lines it wrote."""
        return self._listener.read_tails()

    @property
    def retry_times(self) -> Mapping[str, float]:
        """Node id → when its next attempt was last said to be due, in seconds since the epoch."""
        return self._listener.read_retries()

    @property
    def result(self) -> RunResult:
        """The run as it stands; its outputs are those of the nodes that completed."""
        result = RunResult(partial(self._listener.record, self.run_id), self._live.outputs)
        if not self.done:
            _ = result.record  # it goes on: what is so now is read now
        return result

    def cancel(self, node_id: str = "", *, by: str = "handle") -> None:
        """Ask the run, or one node of it, to end; returns at once, and twice is as good as once."""
        self._live.cancel(node_id, by=by)

    def cancel_inner(self, run_id: str, node_id: str = "", *, by: str = "handle") -> bool:
        """Ask a run that goes on inside a node of this one to end, or one node of it.

        Returns:
            Whether there is such a run here.

        Raises:
            UnknownName: `unknown.node`.
        """
        live = self._live
        return isinstance(live, HoldsRuns) and live.cancel_inner(run_id, node_id, by=by)

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call `callback` with each fact of the run, in another thread; return what ends that."""

        def tell(event: Event) -> None:
            for each in spread(event):
                callback(each)

        return self._live.subscribe(tell)

    def wait(
        self,
        timeout: float | None = None,
        *,
        check: bool = True,
        on_tick: Callable[[], None] | None = None,
    ) -> RunResult:
        """Wait for the end, printing what the nodes print.

        Args:
            timeout: Seconds to wait; the run itself goes on.
            check: Raise where the run did not complete.
            on_tick: Called about every 0.1 s in this thread.

        Raises:
            RunFailed: `run.failed`, `run.timed_out`, `run.cancelled`; its cause is the first
                failed node's exception.
            RunUnfinished: `run.unfinished`, a `TimeoutError`: it goes on after `timeout` seconds.
        """
        ends = None if timeout is None else time.monotonic() + timeout
        try:
            while not self._live.done.wait(_next_tick(ends)):
                self._tick(on_tick)
                self._check_patience(ends, timeout)
        except KeyboardInterrupt:
            self.cancel(by="interrupt")
            self._live.done.wait(GRACE)
            self._tick(on_tick)
            raise
        return self._finish(check=check, on_tick=on_tick)

    def settle(self, timeout: float) -> bool:
        """Wait until the run is over and what it keeps is kept, printing nothing; say whether it is."""
        return self._live.done.wait(timeout)

    def __await__(self) -> Generator[Any, None, RunResult]:
        return self.wait_async().__await__()

    async def wait_async(
        self, *, check: bool = True, on_tick: Callable[[], None] | None = None
    ) -> RunResult:
        """Wait for the end without holding up the event loop; who cancels the wait cancels the run.

        Raises:
            RunFailed: As `wait`.
        """
        try:
            pause = FIRST_TICK
            while not self._live.done.is_set():
                # Short sleeps, since an interrupt reaches a waiting cell only between two of them.
                await asyncio.sleep(pause)
                pause = min(TICK, 2 * pause)
                self._tick(on_tick)
        except asyncio.CancelledError:
            self.cancel(by="interrupt")
            await self._wait_grace()
            self._tick(on_tick)
            raise
        except KeyboardInterrupt:
            # It broke the loop itself: nothing can be awaited on it any more.
            self.cancel(by="interrupt")
            self._live.done.wait(GRACE)
            self._tick(on_tick)
            raise
        return self._finish(check=check, on_tick=on_tick)

    def __repr__(self) -> str:
        return f"<RunHandle {self.run_id} {self.state}>"

    def _tick(self, on_tick: Callable[[], None] | None) -> None:
        for line in self._listener.take_lines():
            _echo(line)
        if on_tick is not None:
            on_tick()

    async def _wait_grace(self) -> None:
        ends = time.monotonic() + GRACE
        while not self.done and time.monotonic() < ends:
            await asyncio.sleep(FIRST_TICK)
            self._tick(None)

    def _check_patience(self, ends: float | None, timeout: float | None) -> None:
        if ends is not None and time.monotonic() >= ends and not self.done:
            raise RunUnfinished(
                f"Run {self.run_id} goes on after {timeout:g} s.",
                suggestion="Wait again, or end it with cancel().",
            )

    def _tell_recording_error(self) -> None:
        error = self._live.recording_error
        if error is not None and not self._told:
            self._told = True
            told = f"Run {self.run_id} is not fully recorded: {error}"
            warnings.warn(told, stacklevel=count_own_frames())

    def _finish(self, *, check: bool, on_tick: Callable[[], None] | None) -> RunResult:
        self._tick(on_tick)
        self._tell_recording_error()
        result = self.result
        if check and self.state is not RunState.COMPLETED:
            raise make_failure(result, self._live.exceptions)
        return result


def _next_tick(ends: float | None) -> float:
    return TICK if ends is None else max(0.0, min(TICK, ends - time.monotonic()))


def _echo(line: LogWritten) -> None:
    stream = sys.stdout if line.level == "STDOUT" else sys.stderr
    level = "" if line.level in {"STDOUT", "STDERR"} else f"{line.level}: "
    print(f"{line.node_id} | {level}{line.text}", file=stream)

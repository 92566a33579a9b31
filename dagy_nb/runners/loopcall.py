"""A node whose `execute` is a coroutine in, its body as an `asyncio` task on a given loop out."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable

from dagy_nb.abc import CallReporter, NodeCall, Outcome
from dagy_nb.engine.body import Body
from dagy_nb.engine.routing import ROUTER
from dagy_nb.nodes.context import CancelToken
from dagy_nb.runners.turn import Turn

WIND_UP_SECONDS = 0.5
_LOG = logging.getLogger(__name__)


class LoopCall:
    """One call on an event loop; stopping it cancels its task, `on_cancel` runs on the same loop."""

    def __init__(self, call: NodeCall, reporter: CallReporter) -> None:
        self.turn = Turn()
        self._context = contextvars.copy_context()
        self._reporter = reporter
        self._cancel = CancelToken()
        self._body = Body(call, reporter, self._cancel)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._current: asyncio.Task[None] | None = None
        self._is_told = False

    @property
    def is_over(self) -> bool:
        """Whether the reporter has heard of the end."""
        return self._is_told

    def begin(self, on_end: Callable[[], None]) -> None:
        """Make the body a task of the running loop, in the loop's thread; call `on_end` after it."""
        self._loop = asyncio.get_running_loop()
        ROUTER.hold()
        self._current = self._loop.create_task(self._live(), context=self._context)
        self._current.add_done_callback(lambda _: self._leave(on_end))
        if self._cancel.requested:
            self._current.cancel()

    def cancel(self) -> None:
        """Ask the body to end, from any thread; its task is cancelled when the loop comes to it."""
        self._cancel.request()
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._cancel_now)
            except RuntimeError:
                # The loop has been closed: the body is over.
                return

    async def _live(self) -> None:
        self._reporter.started()
        outcome = await self._body.live()
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        self._is_told = True
        self._body.output.close()
        self._reporter.ended(outcome)

    def _leave(self, on_end: Callable[[], None]) -> None:
        if not self._is_told:
            # It was cancelled before its first step.
            self._tell(Outcome(cancelled=True))
        ROUTER.release()
        on_end()

    def _cancel_now(self) -> None:
        # A body that ended by its token already must not have its `on_cancel` cancelled.
        if self._current is not None and not (self._is_told or self._body.is_in_cancel_hook):
            self._current.cancel()


def run_alone(call: LoopCall) -> None:
    """Run a call on a new event loop in this thread, to its end and that of what it left behind."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.call_soon(call.begin, loop.stop)
        run_steadily(loop, lambda: call.is_over)
        wind_up(loop)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def run_steadily(loop: asyncio.AbstractEventLoop, is_over: Callable[[], bool]) -> None:
    """Run a loop until `is_over`; an interrupt raised in a side task of a node does not end it."""
    while not is_over():
        try:
            loop.run_forever()
        except BaseException:  # noqa: BLE001 - `run_forever` passes on KeyboardInterrupt and the like
            _LOG.warning("A task which a node left behind was interrupted.", exc_info=True)


def wind_up(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what nodes left behind on a loop, and give it a moment to end."""
    left = asyncio.all_tasks(loop)
    for each in left:
        each.cancel()
    try:
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=WIND_UP_SECONDS))
        loop.run_until_complete(loop.shutdown_asyncgens())
    except BaseException:  # noqa: BLE001 - what is left behind may raise anything
        _LOG.warning("A task which a node left behind was interrupted.", exc_info=True)

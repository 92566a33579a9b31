"""A node whose `execute` is no coroutine in, its body run in whatever thread calls `run` out."""

from __future__ import annotations

import asyncio
import contextvars
import threading

from dagy_nb.abc import CallReporter, NodeCall, Outcome
from dagy_nb.engine.body import Body
from dagy_nb.engine.fault import describe_exception
from dagy_nb.engine.routing import ROUTER
from dagy_nb.errors import NodeCancelled
from dagy_nb.nodes.context import CancelToken
from dagy_nb.runners.interrupt import Interruptible
from dagy_nb.runners.turn import Turn

PATIENCE = 0.1
"""Seconds a body may take to end after `on_cancel` is through."""


class SyncCall:
    """One call; stopping it asks the token, raises `NodeCancelled` in its thread and calls `on_cancel`.

    `on_cancel` runs in a thread of its own, maybe while `execute` still goes on: so it can close the
    connection that `execute` waits for.
    """

    __slots__ = ("_call", "_is_over", "_live", "_reporter", "_turn")

    def __init__(self, call: NodeCall, reporter: CallReporter) -> None:
        self._call = call
        self._reporter = reporter
        self._turn = Turn()
        self._live: _LiveBody | None = None
        self._is_over = False

    def run(self) -> None:
        """Run the body in this thread, unless the call was stopped before; the reporter hears of it."""
        # Made here and not before, so that the thousands of calls which may wait are small; and before
        # the turn is taken, so that who finds it taken finds this too.
        self._live = live = _LiveBody(self._call, self._reporter)
        if not self._turn.take():
            return
        ROUTER.hold()
        try:
            self._reporter.started()
            outcome = live.run()
            if live.end_turn is None or live.end_turn.take():
                live.tell(outcome)
        finally:
            self._is_over = True
            if live.over is not None:
                live.over.set()
            ROUTER.release()

    def stop(self) -> str:
        """Tell the body to end; one that has not begun never will."""
        if not self._turn.take() and self._live is not None:
            self._live.stop()
            return "stopping"
        return "cancelled"

    def abandon(self) -> None:
        """Do nothing more: the thread belongs to the body until that ends."""


class _LiveBody:
    """The body of a call that has begun.

    Attributes:
        end_turn: Who takes it tells the end: the body's thread or that of `on_cancel`, if the class has one.
        over: Set when the body is over, where the class has an `on_cancel`.
    """

    __slots__ = ("_body", "_cancel", "_guard", "_reporter", "end_turn", "over")

    def __init__(self, call: NodeCall, reporter: CallReporter) -> None:
        self._reporter = reporter
        self._cancel = CancelToken()
        self._body = Body(call, reporter, self._cancel)
        self._guard = Interruptible()
        has_hook = "on_cancel" in call.node_class.traits.hooks
        self.end_turn = Turn() if has_hook else None
        self.over = threading.Event() if has_hook else None

    def run(self) -> Outcome:
        """Run the body; whatever it does, an outcome comes of it."""
        try:
            return self._guard.run(self._body.run)
        except NodeCancelled:
            return Outcome(cancelled=True)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the run must hear of an end
            return Outcome(error=describe_exception(error), exception=error, crashed=True)

    def tell(self, outcome: Outcome) -> None:
        """Tell the end."""
        self._body.output.close()
        self._reporter.ended(outcome)

    def stop(self) -> None:
        """Ask the body to end, interrupt it, and call its `on_cancel`."""
        # With a hook, its thread tells the end, when both are over.
        calls_hook = self.end_turn is not None and self.end_turn.take()
        self._cancel.request()
        self._guard.interrupt()
        if calls_hook:
            name = f"dagy on_cancel {self._body.call.node_id}"
            run = contextvars.copy_context().run
            threading.Thread(target=run, args=(self._run_hook,), name=name, daemon=True).start()

    def _run_hook(self) -> None:
        ROUTER.hold()
        try:
            asyncio.run(self._body.call_cancel_hook())
        finally:
            ROUTER.release()
        if self.over is None or self.over.wait(PATIENCE):
            self.tell(Outcome(cancelled=True))
        else:
            self._reporter.stopped("abandoned")

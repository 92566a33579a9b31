"""A call's frame in, its body run in this worker, its outcome as a frame out."""

from __future__ import annotations

import os
import pickle
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import partial
from traceback import clear_frames
from typing import Any

from dagy_nb.abc import NodeCall, Outcome
from dagy_nb.engine.fault import describe_exception
from dagy_nb.errors import RunnerError
from dagy_nb.runners.loopcall import LoopCall, run_alone
from dagy_nb.runners.synccall import SyncCall
from dagy_nb.runners.worker.codec import Buffer, unpack
from dagy_nb.runners.worker.frames import Kind
from dagy_nb.runners.worker.freshness import OwnModules
from dagy_nb.runners.worker.guard import tell_begun, tell_over
from dagy_nb.runners.worker.leftovers import Leftovers
from dagy_nb.runners.worker.listener import StopListener
from dagy_nb.runners.worker.message import pack_outcome, unpack_call
from dagy_nb.runners.worker.sender import Sender
from dagy_nb.runners.worker.spent import Wear
from dagy_nb.runners.worker.streams import flush_streams
from dagy_nb.runners.worker.surroundings import enter_surroundings

HOOK_PATIENCE = 10.0
"""Seconds to wait for a hook's end; the near side kills this process long before."""


class FarReporter:
    """Hears of one call here and tells the notebook's process (`dagy_nb.abc.CallReporter`)."""

    def __init__(self, call: NodeCall, sender: Sender, guard: int) -> None:
        self._call = call
        self._sender = sender
        self._guard = guard
        self._owner = os.getpid()
        self.outcome: Outcome | None = None
        self.over = threading.Event()

    def started(self) -> None:
        """Let both clocks start: the guard's and the driver's."""
        tell_begun(self._guard, self._call.timeout, self._call.memory_mb)
        self._sender.send(Kind.STARTED)

    def wrote(self, level: str, text: str) -> None:
        """Send a line."""
        self._sender.send_line(level, text)

    def progressed(self, fraction: float, message: str) -> None:
        """Send progress."""
        self._sender.send_progress(fraction, message)

    def stopped(self, how: str) -> None:
        """Take note that a stop ended without an outcome."""
        self.over.set()

    def ended(self, outcome: Outcome) -> None:
        """Keep the outcome; it is sent when everything else has been."""
        if os.getpid() == self._owner:
            # A fork that comes back here ends; the limits of the body that made it stay.
            tell_over(self._guard, self._call.timeout, self._call.memory_mb)
        self.outcome = outcome
        self.over.set()


class CallServer:
    """Runs calls one after the other."""

    def __init__(self, calls: int, sender: Sender, guard: int, most_nodes: int) -> None:
        self._calls = calls
        self._sender = sender
        self._guard = guard
        self._wear = Wear(most_nodes)
        self._leftovers = Leftovers()
        self._modules = OwnModules()
        self._classes: dict[bytes, Any] = {}

    def serve(self, buffers: list[Buffer]) -> None:
        """Run one call to its end; the buffers are emptied, so that only the inputs hold memory."""
        if not self._modules.are_fresh:
            self._sender.send(Kind.STALE)
            return
        began, call, outcome = time.time_ns(), None, None
        try:
            call = self._read(buffers)
        except Exception as error:  # noqa: BLE001 - reading a pickle imports what it names
            outcome = _refuse(error)
        buffers.clear()
        if call is not None:
            # A context of its own: nothing that a body sets in it is seen by the next, or kept alive.
            with warnings.catch_warnings():
                outcome = copy_context().run(self._run, call)
                if outcome.exception is not None:
                    # What its frames hold goes now: what that says in going is of this node's log.
                    clear_frames(outcome.exception.__traceback__)
        assert outcome is not None
        flush_streams()
        spent = self._leftovers.undo() or self._wear.judge()
        self._modules.note(began)
        packed = pack_outcome(outcome, call, spent)
        self._sender.send(Kind.ENDED, packed)

    @property
    def has_grown(self) -> bool:
        """Whether nodes left much memory behind."""
        return self._wear.has_grown

    def _read(self, buffers: Sequence[Buffer]) -> NodeCall:
        enter_surroundings(pickle.loads(buffers[0]))  # noqa: S301 - made by our own near side
        return unpack_call(buffers, self._find_class(bytes(buffers[1])))

    def _find_class(self, packed: bytes) -> Any:
        known = self._classes.get(packed)
        if known is None:
            known = self._classes[packed] = unpack([packed])
        return known

    def _run(self, call: NodeCall) -> Outcome:
        reporter = FarReporter(call, self._sender, self._guard)
        if call.node_class.traits.is_async:
            on_loop = LoopCall(call, reporter)
            run: Callable[[], None] = partial(run_alone, on_loop)
            stop: Callable[[], object] = on_loop.cancel
        else:
            in_thread = SyncCall(call, reporter)
            run, stop = in_thread.run, in_thread.stop
        if "on_cancel" in call.node_class.traits.hooks:
            with StopListener(self._calls, stop):
                run()
                # Where it was stopped, the thread of its hook tells the end.
                reporter.over.wait(HOOK_PATIENCE)
        else:
            run()
        return reporter.outcome or Outcome(cancelled=True)


def _refuse(error: Exception) -> Outcome:
    name = type(error).__name__
    refused = RunnerError(
        f"The worker process cannot read the node or its inputs: {name}: {error}",
        code="runner.unreadable_call",
        suggestion="What the node and its inputs are made of must be importable in a fresh process: move it "
        "into a module on `sys.path`, or use the runner `thread`.",
    )
    return Outcome(error=describe_exception(refused), exception=refused, broke_contract=True)

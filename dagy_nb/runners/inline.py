"""A call in, its body on the driver's own thread or on one event loop out: the cheapest runner.

A synchronous body runs in the driver's thread, without any hand-over. Should it take long, another thread
takes over the driving (`dagy_nb.engine.relief`), so limits and cancels hold all the same. An asynchronous
body runs as a task on an event loop in a thread of this runner's own, and is cancelled at its limit. A
body that blocks that loop is abandoned together with it: what had not begun there moves to a new loop.
"""

from __future__ import annotations

from dagy_nb.abc import CallReporter, Enforcement, LiveCall, NodeCall
from dagy_nb.runners.loop import LoopPool
from dagy_nb.runners.synccall import SyncCall


class InlineRunner:
    """Runs bodies without handing them over to a worker."""

    name = "inline"
    enforcement = Enforcement.COOPERATIVE

    def __init__(self) -> None:
        self._loops = LoopPool()

    def start(self, call: NodeCall, reporter: CallReporter) -> LiveCall:
        """Begin an asynchronous body; return a synchronous one for the driver to run."""
        if call.node_class.traits.is_async:
            return self._loops.start(call, reporter)
        return _HereCall(call, reporter)

    def close(self) -> None:
        """Cancel what runs on the loop, and end its thread."""
        self._loops.close()


class _HereCall(SyncCall):
    """A body for the driver's thread."""

    __slots__ = ()

    run_here = SyncCall.run

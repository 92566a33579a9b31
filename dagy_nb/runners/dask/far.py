"""A packed call in a Dask task in, its body run by a supervised worker there; messages and an ending out.

Everything here runs in a Dask worker's process. The body does not: it runs in our own worker process below
it, so it can be killed, and whatever it does leaves Dask's process as it was.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from dagy_nb.abc import NodeCall, Outcome
from dagy_nb.runners.dask.claim import claim
from dagy_nb.runners.dask.freight import CallFreight, Ending, Freight, PackedCall, Where, pack_parts
from dagy_nb.runners.dask.telling import Telling
from dagy_nb.runners.dask.wanted import is_unwanted
from dagy_nb.runners.processcall import SupervisedCall
from dagy_nb.runners.worker.codec import Buffer
from dagy_nb.runners.worker.message import pack_outcome
from dagy_nb.runners.worker.surroundings import take_surroundings
from dagy_nb.runners.workers import WorkerPool


class _Here:
    """What this Dask worker process keeps: one pool of warm workers, and the calls that run."""

    lock = threading.Lock()
    pool: WorkerPool | None = None
    calls: dict[str, FarCall] = {}


def carry_call(
    freight: CallFreight, places: Sequence[Where], values: Sequence[Freight], name: str, topic: str
) -> Ending:
    """Run one call to its end, in a Dask task.

    Args:
        freight: The call.
        places: Where its inputs go.
        values: Its packed inputs, of which Dask brings the scattered ones.
        name: The call's own name: of its task and of its claim.
        topic: Where its messages go.
    """
    from distributed import get_client, get_worker

    client, worker = get_client(), get_worker()
    reporter = FarReporter(Telling(worker, topic, name))
    inputs = dict(zip(places, values, strict=True))
    call = FarCall(freight, inputs, reporter, _take_pool(worker.state.nthreads))
    # From here on a stop finds it; one that came before has withdrawn what is claimed next.
    _Here.calls[name] = call
    try:
        if not claim(name, client):
            return Ending(lost=True)
        call.run(should_stop=lambda: is_unwanted(worker, name))
    finally:
        del _Here.calls[name]
    return reporter.make_ending(call.outcome)


def stop_call(name: str) -> None:
    """Have the body of a call killed, if it runs in this Dask worker."""
    call = _Here.calls.get(name)
    if call is not None:
        call.stop()


class FarReporter:
    """Hears of the call and passes it on to the notebook (`dagy_nb.abc.CallReporter`)."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._stopped = ""
        self._outcome: Outcome | None = None

    def started(self) -> None:
        """Tell it at once: the deadline counts from here."""
        self._telling.tell("started", now=True)

    def wrote(self, level: str, text: str) -> None:
        """Pass on a line."""
        self._telling.tell("line", level, text)

    def progressed(self, fraction: float, message: str) -> None:
        """Pass on progress."""
        self._telling.tell("progress", fraction, message)

    def stopped(self, how: str) -> None:
        """Keep how the stop ended."""
        self._stopped = how

    def ended(self, outcome: Outcome) -> None:
        """Keep how it ended, where the worker's own words are not to be had."""
        self._outcome = outcome

    def make_ending(self, packed: Freight | None) -> Ending:
        """Return how it ended, after everything was told."""
        told = self._telling.close()
        if self._stopped:
            return Ending(stopped=self._stopped, told=told)
        if packed is None:
            outcome = self._outcome or Outcome(cancelled=True)
            packed = Freight(pack_outcome(replace(outcome, exception=None), None, ""))
        return Ending(outcome=packed, told=told)


class FarCall(SupervisedCall):
    """A supervised call whose parts stay packed here.

    Attributes:
        outcome: What the worker said of the end, still packed.
    """

    def __init__(
        self,
        freight: CallFreight,
        inputs: Mapping[Where, Freight],
        reporter: FarReporter,
        pool: WorkerPool,
    ) -> None:
        super().__init__(_make_stand_in(freight), reporter, pool)
        self._freight = freight
        self._inputs = inputs
        self.outcome: Freight | None = None

    def _pack(self) -> list[Buffer]:
        freight = self._freight
        parts = PackedCall(freight.call, freight.lists, self._inputs)
        head = pickle.dumps(take_surroundings(), protocol=5)
        return [head, bytes(freight.node_class.buffers[0]), *pack_parts(parts)]

    def _unpack(self, buffers: list[Buffer]) -> tuple[Outcome, str]:
        facts, spent = pickle.loads(buffers[0])  # noqa: S301 - made by our own worker
        self.outcome = Freight(buffers)
        return facts, spent


def _take_pool(slots: int) -> WorkerPool:
    with _Here.lock:
        if _Here.pool is None:
            _Here.pool = WorkerPool(slots)
        return _Here.pool


def _make_stand_in(freight: CallFreight) -> NodeCall:
    """Return what can be known of the call without unpacking it."""
    return NodeCall(
        run_id=freight.run_id,
        node_id=freight.node_id,
        attempt=freight.attempt,
        node_class=SimpleNamespace(traits=SimpleNamespace(hooks=frozenset(freight.hooks))),
        config={},
        inputs={},
        parameters={},
        artifacts=Path(),
        timeout=freight.timeout,
        memory_mb=freight.memory_mb,
    )

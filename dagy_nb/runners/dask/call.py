"""A call in, its body on the cluster out: packed, submitted, heard, stopped, and told of exactly once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dagy_nb.abc import CallReporter, NodeCall, Outcome
from dagy_nb.engine.fault import describe_exception
from dagy_nb.errors import RunnerError
from dagy_nb.model.event import ErrorFact
from dagy_nb.runners.dask.arrivals import Arrivals
from dagy_nb.runners.dask.claim import offer, withdraw
from dagy_nb.runners.dask.connection import Channel, DaskConnection
from dagy_nb.runners.dask.far import carry_call, stop_call
from dagy_nb.runners.dask.freight import SOLE, CallFreight, Ending, Freight, Where
from dagy_nb.runners.dask.inputs import InputShelf
from dagy_nb.runners.edits import warn_of_edits
from dagy_nb.runners.pool import ThreadPool
from dagy_nb.runners.turn import Turn
from dagy_nb.runners.worker.message import pack_call, refuse, unpack_outcome
from dagy_nb.runners.worker.surroundings import Surroundings

WORKERS_SECONDS = 0.1
"""Seconds to wait for a worker that could take a large input."""
_NOWHERE = Surroundings(folder="", path=(), environment={}, log_level=0)


class DaskCall:
    """One call (`dagy_nb.abc.LiveCall`).

    Args:
        call: What to run.
        reporter: Who hears of it.
        connection: The cluster.
        shelf: Large values that are on it.
        threads: Where ends are taken: each may wait for messages, or fetch much.
        on_over: Called when the call is over.
    """

    def __init__(
        self,
        call: NodeCall,
        reporter: CallReporter,
        connection: DaskConnection,
        shelf: InputShelf,
        threads: ThreadPool,
        on_over: Callable[[], None],
    ) -> None:
        self.name = f"dagy-{call.node_id}-{uuid.uuid4().hex}"
        self._call = call
        self._reporter = reporter
        self._connection = connection
        self._shelf = shelf
        self._threads = threads
        self._on_over = on_over
        self._turn = Turn()
        self._end_turn = Turn()
        self._arrivals = Arrivals()
        self._worker = ""
        self._has_ending = False
        self._is_stopping = False
        self._is_over = False
        self._channel: Channel | None = None
        self._future: Any = None

    # --- the driver's side ----------------------------------------------------------------------

    def run(self) -> None:
        """Pack the call and hand it to the cluster, unless it was stopped before."""
        if not self._turn.take():
            return
        try:
            channel = self._channel = self._connection.connect()
            packed = self._pack(channel)
            if self._is_stopping:
                self._end(lambda: self._reporter.stopped("cancelled"))
            else:
                self._submit(channel, *packed)
        except RunnerError as error:
            self._end_with(refuse(error, self._call))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the run must hear of an end
            self._crash(self._describe_failure(error))

    def stop(self) -> str:
        """Have the body killed where it runs, or not begun at all."""
        if self._turn.take():
            self._end(lambda: None)
            return "cancelled"
        self._is_stopping = True
        if self._channel is not None:
            self._channel.run_later(self._ask_stop)
        return "killing"

    def abandon(self) -> None:
        """Drop the result; the cluster may be lost, or its worker frozen."""
        self._end(lambda: None)

    # --- the cluster's side ---------------------------------------------------------------------

    def hear(self, messages: list[list[Any]], worker: str) -> None:
        """Take what the far side tells."""
        for kind, *words in messages:
            if kind == "started":
                self._begin_at(worker)
            elif kind == "line":
                self._reporter.wrote(*words)
            else:
                self._reporter.progressed(*words)
        self._arrivals.add(len(messages))

    def lose_worker(self, worker: str) -> None:
        """End where it was this call's worker: its body died with it."""
        if worker != self._worker:
            return
        self._arrivals.give_up()
        if not self._has_ending:
            self._crash(_describe_lost_worker(self._call, worker))

    def lose_cluster(self) -> None:
        """End: nothing more will be heard of it."""
        self._crash(_describe_lost_cluster(self._call, self._connection.place))

    # --- the road -------------------------------------------------------------------------------

    def _begin_at(self, worker: str) -> None:
        self._worker = worker
        self._reporter.started()
        if self._is_stopping and self._channel is not None:
            self._channel.run_later(self._ask_stop)

    def _submit(
        self, channel: Channel, freight: CallFreight, places: list[Where], values: list[Any]
    ) -> None:
        channel.add(self.name, self)
        offer(self.name, channel.client)
        self._future = channel.client.submit(
            carry_call,
            freight,
            places,
            values,
            self.name,
            channel.topic,
            key=self.name,
            pure=False,
            retries=0,
        )
        # Dask has one thread for all ends.
        self._future.add_done_callback(
            lambda future: self._threads.submit(lambda: self._finish(channel, future))
        )
        if self._is_over:
            self._let_go()
        elif self._is_stopping:
            channel.run_later(self._ask_stop)

    def _pack(self, channel: Channel) -> tuple[CallFreight, list[Where], list[Any]]:
        call = self._call
        warn_of_edits(call, self._reporter)
        message = pack_call(replace(call, inputs={}), _NOWHERE)
        places: list[Where] = []
        values: list[Any] = []
        lists = tuple(name for name, value in call.inputs.items() if _is_many(call, name, value))
        for name, value in call.inputs.items():
            for place, each in enumerate(value) if name in lists else ((SOLE, value),):
                places.append((name, place))
                values.append(self._pack_input(channel, name, each))
        freight = CallFreight(
            run_id=call.run_id,
            node_id=call.node_id,
            attempt=call.attempt,
            timeout=call.timeout,
            memory_mb=call.memory_mb,
            hooks=tuple(sorted(call.node_class.traits.hooks)),
            node_class=Freight([message.node_class]),
            call=Freight(message.call),
            lists=lists,
        )
        return freight, places, values

    def _pack_input(self, channel: Channel, name: str, value: Any) -> Any:
        client = channel.client
        try:
            return self._shelf.put(
                value,
                lambda freight: _scatter(channel, freight),
                lambda future: future.client is client and future.status == "finished",
            )
        except Exception as error:
            if isinstance(error, OSError) and not channel.is_alive:
                raise
            raise RunnerError(
                f"The input {self._call.node_id}.{name} cannot go to another process: "
                f"{type(error).__name__}: {error}",
                code="runner.unpicklable_input",
                suggestion="Give the node what it takes to make the value (a path, an address), or use "
                "the runner `thread`.",
            ) from error

    async def _ask_stop(self) -> None:
        """Have the body killed where it runs; where it has not begun, it never will."""
        channel = self._channel
        if channel is None or not channel.is_alive:
            return
        if self._worker:
            await channel.client.run(
                stop_call, self.name, workers=[self._worker], on_error="ignore"
            )
        else:
            await withdraw(self.name, channel.client)

    def _finish(self, channel: Channel, future: Any) -> None:
        """Take the end of the task, in a thread of Dask's."""
        status = future.status
        if status == "finished":
            self._take(channel, future)
        elif status == "error":
            self._fail(future.exception())
        elif channel.is_alive:
            self._crash(_describe_lost_input(self._call))
        else:
            self.lose_cluster()

    def _take(self, channel: Channel, future: Any) -> None:
        try:
            ending: Ending = channel.haul.fetch(future)
        except Exception as error:  # noqa: BLE001 - the result was lost on its way
            self._fail(error)
            return
        self._has_ending = True
        self._arrivals.wait_for(ending.told)
        if ending.outcome is not None:
            outcome, _ = unpack_outcome(ending.outcome.buffers, self._call)
            self._end_with(outcome)
        elif ending.stopped and self._is_stopping:
            self._end(lambda: self._reporter.stopped(ending.stopped))
        else:
            # It was not begun, or stopped by a worker that goes.
            self._crash(_describe_lost_worker(self._call, self._worker))

    def _fail(self, error: BaseException | None) -> None:
        from distributed import KilledWorker

        if error is None or isinstance(error, KilledWorker):
            self._crash(_describe_lost_worker(self._call, self._worker))
            return
        refused = RunnerError(
            f"The cluster could not run {self._call.node_id}: {type(error).__name__}: {error}",
            code="runner.cluster_failed",
            suggestion="See that all its workers have the same dagy_nb, and look into their logs.",
        )
        self._end_with(refuse(refused, self._call))

    def _crash(self, error: ErrorFact) -> None:
        if not self._is_stopping:
            self._end_with(Outcome(error=error, crashed=True))
        elif error.code == "runner.cluster_lost":
            self._end(lambda: self._reporter.stopped("abandoned"))
        else:
            how = "killed" if self._worker else "cancelled"
            self._end(lambda: self._reporter.stopped(how))

    def _describe_failure(self, error: BaseException) -> ErrorFact:
        """Return why the call could not be sent."""
        channel = self._channel
        if isinstance(error, OSError) and channel is not None and not channel.is_alive:
            return _describe_lost_cluster(self._call, self._connection.place)
        return describe_exception(error)

    def _end_with(self, outcome: Outcome) -> None:
        self._end(lambda: self._reporter.ended(outcome))

    def _end(self, tell: Callable[[], None]) -> None:
        """Tell how it ended, once, and let go of everything on the cluster."""
        if not self._end_turn.take():
            return
        self._is_over = True
        self._let_go()
        tell()
        self._on_over()

    def _let_go(self) -> None:
        channel, future = self._channel, self._future
        if channel is not None:
            channel.remove(self.name)
            channel.run_later(self._tidy)
        if future is not None:
            future.release()

    async def _tidy(self) -> None:
        channel = self._channel
        if channel is not None and channel.is_alive:
            await withdraw(self.name, channel.client)


def _scatter(channel: Channel, freight: Freight) -> Any:
    """Put a packed value onto the cluster; give it back where there is no worker yet.

    A cluster may grow when there is something to do: the value waits with its call then.
    """
    try:
        return channel.haul.put(freight, WORKERS_SECONDS)
    except TimeoutError:
        return freight


def _is_many(call: NodeCall, name: str, value: Any) -> bool:
    from dagy_nb.model.connector import Cardinality, Direction

    connector = call.node_class.spec.connector(name, Direction.INPUT)
    return (
        isinstance(value, list)
        and connector is not None
        and connector.cardinality is Cardinality.MANY
    )


def _describe_lost_worker(call: NodeCall, worker: str) -> ErrorFact:
    return ErrorFact(
        type="WorkerDied",
        code="runner.worker_died",
        message=f"The Dask worker{worker and f' {worker}'} that ran {call.node_id} is gone.",
        node_id=call.node_id,
        attempt=call.attempt,
        suggestion="It was killed, ran out of memory or was taken from the cluster: look into its log. "
        "`retry: {on: [crashed]}` with `retries` tries the node again elsewhere.",
    )


def _describe_lost_input(call: NodeCall) -> ErrorFact:
    return ErrorFact(
        type="WorkerDied",
        code="runner.worker_died",
        message=f"A Dask worker that had an input of {call.node_id} is gone.",
        node_id=call.node_id,
        attempt=call.attempt,
        suggestion="`retry: {on: [crashed]}` with `retries` sends the input to another one.",
    )


def _describe_lost_cluster(call: NodeCall, place: str) -> ErrorFact:
    return ErrorFact(
        type="ClusterLost",
        code="runner.cluster_lost",
        message=f"The connection to {place} was lost while it had {call.node_id}.",
        node_id=call.node_id,
        attempt=call.attempt,
        suggestion="See that its scheduler runs and can be reached, then run again.",
    )

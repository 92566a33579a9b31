"""A plan in, its run on one worker of a Dask cluster out, recorded here."""

from __future__ import annotations

import pickle
import threading
import uuid
import weakref
from functools import partial
from typing import Any

from dagy_nb.abc import Capabilities, RunControl, Submission
from dagy_nb.backends.cargo import pack_run
from dagy_nb.backends.dask.far import HarvestFreight, ask_run, carry_run_here
from dagy_nb.backends.remote import RemoteRun
from dagy_nb.errors import BackendError
from dagy_nb.model.event import ErrorFact
from dagy_nb.model.state import RunState
from dagy_nb.runners.dask.arrivals import Arrivals
from dagy_nb.runners.dask.claim import offer, withdraw
from dagy_nb.runners.dask.connection import EXTRA, Channel, DaskConnection, is_dask_here
from dagy_nb.runners.dask.freight import Freight

CLOSE_SECONDS = 5.0


class DaskBackend:
    """Carries whole runs through on a cluster: the plan goes there once, facts come back as they happen.

    Outputs come back at the end. Nodes with `runner: dask` go to the same cluster.

    Args:
        connection: The cluster.
    """

    name = "dask"
    capabilities = Capabilities(hard_limits=True, cell_types=True)

    def __init__(self, connection: DaskConnection) -> None:
        self._connection = connection
        self._runs: weakref.WeakSet[DaskRun] = weakref.WeakSet()

    @property
    def missing(self) -> str:
        """How to get Dask, where it is not here."""
        return "" if is_dask_here() else f"{EXTRA}, then restart the kernel."

    def submit(self, submission: Submission) -> RunControl:
        """Send the run to the cluster and return at once.

        Raises:
            BackendError: `backend.unpicklable`, `backend.cluster_lost`.
            RunnerError: `runner.needs_extra`, `runner.cluster_unreachable`, `runner.cluster_unfit`.
        """
        channel = self._connection.connect()
        packed = pack_run(
            submission,
            parent_run_id=submission.parent_run_id,
            dask=channel.client.scheduler.address,
        )
        run = DaskRun(submission, channel, self._connection.place)
        run.send(Freight(packed))
        run.begin()
        self._runs.add(run)
        return run

    def close(self) -> None:
        """Let go of the cluster, after the runs that go on have ended here."""
        self._connection.close()
        for run in list(self._runs):
            run.wait(CLOSE_SECONDS)


class DaskRun(RemoteRun):
    """A run on a Dask worker."""

    def __init__(self, submission: Submission, channel: Channel, place: str) -> None:
        super().__init__(submission)
        self.name = f"dagy-run-{self.run_id}-{uuid.uuid4().hex}"
        self._channel = channel
        self._place = place
        self._worker = ""
        self._future: Any = None
        self._asked: list[tuple[str, str, str]] = []
        self._arrivals = Arrivals()
        self._has_harvest = False

    def send(self, freight: Freight) -> None:
        """Submit the task.

        Raises:
            BackendError: `backend.cluster_lost`.
        """
        self._channel.add(self.name, self)
        try:
            self._submit(freight)
        except OSError as error:
            self._channel.remove(self.name)
            self._channel.run_later(self._tidy)
            fact = _describe_lost_cluster(self._place)
            raise BackendError(fact.message, code=fact.code, suggestion=fact.suggestion) from error

    def _submit(self, freight: Freight) -> None:
        offer(self.name, self._channel.client)
        self._future = self._channel.client.submit(
            carry_run_here,
            freight,
            self.name,
            self._channel.topic,
            key=self.name,
            pure=False,
            retries=0,
        )
        # Dask has one thread for all ends.
        self._future.add_done_callback(
            lambda future: threading.Thread(
                target=self._take_end, args=(future,), name=f"dagy end {self.run_id}", daemon=True
            ).start()
        )

    # --- what the cluster says --------------------------------------------------------------------

    def hear(self, messages: list[list[Any]], worker: str) -> None:
        """Take what the far side tells."""
        if not self._worker:
            self._worker = worker
            for asked in self._asked:
                self._channel.run_later(partial(self._pass_on, *asked))
        for kind, *words in messages:
            if kind == "facts":
                self.take(pickle.loads(words[0]))  # noqa: S301 - made by our own far side
        self._arrivals.add(len(messages))

    def lose_worker(self, worker: str) -> None:
        """End where it was this run's worker."""
        if worker != self._worker:
            return
        self._arrivals.give_up()
        if not self._has_harvest:
            self.lose(_describe_lost_worker(worker))

    def lose_cluster(self) -> None:
        """End: nothing more will be heard of it."""
        self.lose(_describe_lost_cluster(self._place))

    def _take_end(self, future: Any) -> None:
        """Take the end of the task."""
        if future.status == "finished":
            self._take_harvest(future)
        elif future.status == "error":
            self.lose(_describe_failure(future.exception(), self._worker))
        else:
            self.lose_cluster()

    def _take_harvest(self, future: Any) -> None:
        try:
            found: HarvestFreight = self._channel.haul.fetch(future)
        except Exception as error:  # noqa: BLE001 - it was lost on its way
            self.lose(_describe_failure(error, self._worker))
            return
        self._has_harvest = True
        self._arrivals.wait_for(found.told)
        if found.lost:
            self.lose(_describe_lost_worker(self._worker))
        else:
            self.finish(found.unpack())

    # --- what the run's thread does ---------------------------------------------------------------

    def ask(self, node_id: str, by: str, run_id: str = "") -> None:
        """Pass a request on; a run that no worker has begun ends here."""
        if not self._worker and not node_id:
            self.tell_cancel(by)
            self.lose(None, RunState.CANCELLED)
        else:
            self._channel.run_later(partial(self._pass_on, node_id, by, run_id))

    def force(self) -> None:
        """Have Dask start the worker anew: its process does not react any more."""
        worker, client = self._worker, self._channel.client
        if worker:
            self._channel.run_later(lambda: _restart(client, worker))

    def let_go(self) -> None:
        """Take everything of the run off the cluster."""
        self._channel.remove(self.name)
        if self._future is not None:
            self._future.release()
        self._channel.run_later(self._tidy)

    async def _pass_on(self, node_id: str, by: str, run_id: str) -> None:
        """Tell the worker, or keep it until there is one; in the client's thread, as `hear` is."""
        if not self._worker:
            self._asked.append((node_id, by, run_id))
        elif self._channel.is_alive:
            await self._channel.client.run(
                ask_run, self.name, node_id, by, run_id, workers=[self._worker], on_error="ignore"
            )

    async def _tidy(self) -> None:
        if self._channel.is_alive:
            await withdraw(self.name, self._channel.client)


async def _restart(client: Any, worker: str) -> None:
    await client.restart_workers([worker], raise_for_error=False)


def _describe_lost_worker(worker: str) -> ErrorFact:
    return ErrorFact(
        type="WorkerDied",
        code="backend.worker_died",
        message=f"The Dask worker{worker and f' {worker}'} that carried the run is gone.",
        suggestion="It was killed, ran out of memory or was taken from the cluster: look into its log, then "
        "run again.",
    )


def _describe_lost_cluster(place: str) -> ErrorFact:
    return ErrorFact(
        type="ClusterLost",
        code="backend.cluster_lost",
        message=f"The connection to {place} was lost.",
        suggestion="See that its scheduler runs and can be reached, then run again.",
    )


def _describe_failure(error: BaseException | None, worker: str) -> ErrorFact:
    from distributed import KilledWorker

    if error is None or isinstance(error, KilledWorker):
        return _describe_lost_worker(worker)
    return ErrorFact(
        type=type(error).__name__,
        code="backend.failed",
        message=f"The cluster could not carry the run: {error}",
        suggestion="See that all its workers have the same dagy_nb, and look into their logs.",
    )

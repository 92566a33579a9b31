"""A plan in, its run on one worker of a Dask cluster out, recorded here."""

from __future__ import annotations

import pickle
import threading
import uuid
from typing import Any

from dagy_nb.abc import Capabilities, RunControl, Submission
from dagy_nb.backends.cargo import pack_run
from dagy_nb.backends.dask.far import HarvestFreight, carry_run_here
from dagy_nb.backends.remote import RemoteRun
from dagy_nb.model.event import ErrorFact
from dagy_nb.model.state import RunState
from dagy_nb.runners.dask.connection import EXTRA, Channel, DaskConnection, is_dask_here
from dagy_nb.runners.dask.freight import Freight

ARRIVAL_SECONDS = 5.0


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

    @property
    def missing(self) -> str:
        """How to get Dask, where it is not here."""
        return "" if is_dask_here() else f"{EXTRA}, then restart the kernel."

    def submit(self, submission: Submission) -> RunControl:
        """Send the run to the cluster and return at once.

        Raises:
            BackendError: `backend.unpicklable`.
            RunnerError: `runner.needs_extra`, `runner.cluster_unreachable`, `runner.cluster_unfit`.
        """
        channel = self._connection.connect()
        packed = pack_run(
            submission,
            parent_run_id=submission.parent_run_id,
            dask=channel.client.scheduler.address,
        )
        run = DaskRun(submission, channel, self._connection.place)
        run.begin()
        run.send(Freight(packed))
        return run

    def close(self) -> None:
        """Let go of the cluster."""
        self._connection.close()


class DaskRun(RemoteRun):
    """A run on a Dask worker."""

    def __init__(self, submission: Submission, channel: Channel, place: str) -> None:
        super().__init__(submission)
        self.name = f"dagy-run-{self.run_id}-{uuid.uuid4().hex}"
        self._channel = channel
        self._place = place
        self._worker = ""
        self._future: Any = None
        self._asked: list[tuple[str, str]] = []
        self._arrived = threading.Condition()
        self._heard = 0

    def send(self, freight: Freight) -> None:
        """Submit the task."""
        self._channel.add(self.name, self)
        self._future = self._channel.client.submit(
            carry_run_here,
            freight,
            self.name,
            self._channel.topic,
            key=self.name,
            pure=False,
            retries=0,
        )
        self._future.add_done_callback(self._take_end)

    # --- what the cluster says --------------------------------------------------------------------

    def hear(self, messages: list[list[Any]], worker: str) -> None:
        """Take what the far side tells."""
        self._worker = worker
        for kind, *words in messages:
            if kind == "facts":
                self.take(pickle.loads(words[0]))  # noqa: S301 - made by our own far side
        with self._arrived:
            self._heard += len(messages)
            self._arrived.notify_all()

    def lose_worker(self, worker: str) -> None:
        """End where it was this run's worker."""
        if worker == self._worker:
            self.lose(_describe_lost_worker(worker))

    def _take_end(self, future: Any) -> None:
        """Take the end of the task, in a thread of Dask's."""
        if future.status == "finished":
            self._take_harvest(future)
        elif future.status == "error":
            self.lose(_describe_failure(future.exception(), self._worker))
        else:
            self.lose(_describe_lost_cluster(self._place))

    def _take_harvest(self, future: Any) -> None:
        try:
            found: HarvestFreight = future.result()
        except Exception as error:  # noqa: BLE001 - it was lost on its way
            self.lose(_describe_failure(error, self._worker))
            return
        with self._arrived:
            self._arrived.wait_for(lambda: self._heard >= found.told, ARRIVAL_SECONDS)
        if found.lost:
            self.lose(_describe_lost_worker(self._worker))
        else:
            self.finish(found.unpack())

    # --- what the run's thread does ---------------------------------------------------------------

    def ask(self, node_id: str, by: str) -> None:
        """Pass a request on; a run that no worker has begun ends here."""
        if not self._worker and not node_id:
            self.tell_cancel(by)
            self.lose(None, RunState.CANCELLED)
        self._asked = [*self._asked, (node_id, by)]
        asked = [list(each) for each in self._asked]
        self._channel.run_later(lambda: self._pass_on(asked))

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

    async def _pass_on(self, asked: list[list[str]]) -> None:
        from distributed import Event as Flag
        from distributed import Variable

        if self._channel.is_alive:
            await Variable(f"{self.name}-asked", client=self._channel.client).set(asked)
            await Flag(f"{self.name}-stop", client=self._channel.client).set()

    async def _tidy(self) -> None:
        from distributed import Event as Flag
        from distributed import Variable

        if not self._channel.is_alive:
            return
        for what in ("begun", "stop"):
            await Flag(f"{self.name}-{what}", client=self._channel.client).clear()
        if self._asked:
            Variable(f"{self.name}-asked", client=self._channel.client).delete()


async def _restart(client: Any, worker: str) -> None:
    await client.restart_workers([worker], raise_for_error=False)


def _describe_lost_worker(worker: str) -> ErrorFact:
    return ErrorFact(
        type="WorkerDied",
        code="backend.worker_died",
        message=f"The Dask worker {worker} that carried the run is gone.",
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

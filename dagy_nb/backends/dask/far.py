"""A packed run in a Dask task in, carried through in that Dask worker; its facts and harvest out."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from queue import SimpleQueue

from dagy_nb.backends.cargo import CancelRequest, Harvest, unpack_run
from dagy_nb.backends.carrying import carry_run
from dagy_nb.model.event import Event
from dagy_nb.runners.dask.claim import claim
from dagy_nb.runners.dask.freight import Freight
from dagy_nb.runners.dask.telling import Telling
from dagy_nb.runners.dask.wanted import is_unwanted


class HarvestFreight:
    """A harvest on its way, or word that another worker had begun the run and died."""

    def __init__(
        self,
        outputs: Mapping[str, Freight],
        exceptions: Mapping[str, Freight],
        told: int,
        *,
        lost: bool = False,
    ) -> None:
        self.outputs = dict(outputs)
        self.exceptions = dict(exceptions)
        self.told = told
        self.lost = lost

    def __sizeof__(self) -> int:
        return sum(each.size for each in self.outputs.values()) + 1_000

    def unpack(self) -> Harvest:
        """Return the harvest."""
        return Harvest(
            {name: each.buffers for name, each in self.outputs.items()},
            {name: each.buffers for name, each in self.exceptions.items()},
        )


class _Here:
    """What was asked of the runs that this Dask worker process carries, by name."""

    asked: dict[str, SimpleQueue[CancelRequest]] = {}


def ask_run(name: str, node_id: str, by: str, run_id: str) -> None:
    """Ask a run of this Dask worker process, a run inside it, or one node of either, to end."""
    asked = _Here.asked.get(name)
    if asked is not None:
        asked.put(CancelRequest(node_id, by, run_id))


def carry_run_here(freight: Freight, name: str, topic: str) -> HarvestFreight:
    """Carry a run through, in a Dask task.

    The task leaves Dask's pool of threads: it waits most of the time, and nodes with `runner: dask` need a
    place too.

    Args:
        freight: The packed run.
        name: The run's task, and the name of its claim.
        topic: Where its facts go.
    """
    from distributed import get_client, get_worker, secede

    client, worker = get_client(), get_worker()
    if not claim(name, client):
        return HarvestFreight({}, {}, 0, lost=True)
    asked = _Here.asked[name] = SimpleQueue()
    try:
        telling = Telling(worker, topic, name)
        telling.tell("begun", now=True)
        secede()

        def record(events: tuple[Event, ...]) -> None:
            telling.tell("facts", pickle.dumps(events, protocol=5), now=True)

        def take_requests() -> list[CancelRequest]:
            if is_unwanted(worker, name):
                return [CancelRequest("", "the loss of its notebook or its worker")]
            return [asked.get() for _ in range(asked.qsize())]

        harvest = carry_run(unpack_run(freight.buffers), record, take_requests)
    finally:
        del _Here.asked[name]
    return HarvestFreight(
        {key: Freight(buffers) for key, buffers in harvest.outputs.items()},
        {key: Freight(buffers) for key, buffers in harvest.exceptions.items()},
        telling.close(),
    )

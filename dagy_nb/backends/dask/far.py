"""A packed run in a Dask task in, carried through in that Dask worker; its facts and harvest out."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

from dagy_nb.backends.cargo import Harvest, unpack_run
from dagy_nb.backends.carrying import carry_run
from dagy_nb.model.event import Event
from dagy_nb.runners.dask.freight import Freight
from dagy_nb.runners.dask.telling import Telling
from dagy_nb.runners.dask.wanted import is_unwanted

LOOK_SECONDS = 0.2


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


def carry_run_here(freight: Freight, name: str, topic: str) -> HarvestFreight:
    """Carry a run through, in a Dask task.

    The task leaves Dask's pool of threads: it waits most of the time, and nodes with `runner: dask` need a
    place too.

    Args:
        freight: The packed run.
        name: The run's task, and the name of its events.
        topic: Where its facts go.
    """
    from distributed import Event as Flag
    from distributed import get_client, get_worker, secede

    client, worker = get_client(), get_worker()
    begun = Flag(f"{name}-begun", client=client)
    if begun.is_set():
        return HarvestFreight({}, {}, 0, lost=True)
    begun.set()
    telling = Telling(worker, topic, name)
    telling.tell("begun", now=True)
    secede()

    def record(events: tuple[Event, ...]) -> None:
        telling.tell("facts", pickle.dumps(events, protocol=5), now=True)

    requests = RequestReader(client, worker, name)
    harvest = carry_run(unpack_run(freight.buffers), record, requests.take)
    return HarvestFreight(
        {key: Freight(buffers) for key, buffers in harvest.outputs.items()},
        {key: Freight(buffers) for key, buffers in harvest.exceptions.items()},
        telling.close(),
    )


class RequestReader:
    """Reads what was asked of the run; where nobody wants it any more, that is a cancel too."""

    def __init__(self, client: Any, worker: Any, name: str) -> None:
        from distributed import Event as Flag
        from distributed import Variable

        self._flag = Flag(f"{name}-stop", client=client)
        self._asked = Variable(f"{name}-asked", client=client)
        self._worker = worker
        self._key = name
        self._taken = 0

    def take(self) -> list[tuple[str, str]]:
        """Return what was asked since the last time, after waiting for it for a moment."""
        if is_unwanted(self._worker, self._key):
            return [("", "the loss of its notebook")]
        try:
            if not self._flag.wait(timeout=LOOK_SECONDS):
                return []
            # First put down the flag, then read: what comes in between raises it again.
            self._flag.clear()
            asked = self._asked.get(timeout=1)
        except Exception:  # noqa: BLE001 - without a scheduler nobody can ask
            return []
        new, self._taken = asked[self._taken :], len(asked)
        return [(str(node_id), str(by)) for node_id, by in new]

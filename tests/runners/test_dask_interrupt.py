"""An interrupt of a cell reaches the workers of a cluster on this machine, and leaves them alone."""

from __future__ import annotations

import os
import signal

import pytest

from dagy_nb.runners.dask.connection import DaskConnection

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def fresh():
    """Workers are fresh interpreters, as users have them, and not forks as in other tests."""
    import dask

    with dask.config.set({"distributed.worker.multiprocessing-method": "spawn"}):
        yield


def test_an_interrupt_ends_no_worker_of_our_own_cluster(fresh):
    connection = DaskConnection()
    try:
        client = connection.connect().client
        before = client.run(os.getpid)
        for pid in before.values():
            os.kill(pid, signal.SIGINT)

        # A worker that dies of it does so before it answers, and another one comes in its place.
        assert client.run(os.getpid) == before
        assert set(client.run(_find_handler).values()) == {"SIG_IGN"}
    finally:
        connection.close()


def _find_handler() -> str:
    return signal.Handlers(signal.getsignal(signal.SIGINT)).name

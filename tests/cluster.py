"""Nothing in, one Dask cluster of processes for all tests of this process out, made when one asks for it."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from dagy_nb.runners.dask.connection import DaskConnection
from dagy_nb.runners.dask.runner import DaskRunner
from tests.victims.watching import wait_until

WORKERS = 2
THREADS = 2
REVIVAL_SECONDS = 40.0
"""Seconds for a worker that a test killed to come back."""


class _Shared:
    cluster: Any = None


def cluster_address() -> str:
    """Return the address of the shared cluster's scheduler, with all its workers there."""
    if _Shared.cluster is not None and not wait_until(_is_whole, REVIVAL_SECONDS, every=0.05):
        # Dask revives no worker that was killed in the moment between its registration and its nanny's word.
        close_cluster()
    if _Shared.cluster is None:
        from distributed import LocalCluster

        _Shared.cluster = LocalCluster(
            n_workers=WORKERS,
            threads_per_worker=THREADS,
            processes=True,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
            memory_limit=0,
        )
    return str(_Shared.cluster.scheduler_address)


def _is_whole() -> bool:
    """Say whether every worker stands, and its nanny knows."""
    cluster = _Shared.cluster
    nannies = [each.status.name for each in list(cluster.workers.values())]
    workers = [each.status.name for each in list(cluster.scheduler.workers.values())]
    return nannies == workers == ["running"] * WORKERS


def make_dask_runner() -> DaskRunner:
    """Return a runner of its own on the shared cluster."""
    return DaskRunner(DaskConnection(cluster_address()))


def close_cluster() -> None:
    """End the shared cluster, if there is one."""
    cluster, _Shared.cluster = _Shared.cluster, None
    if cluster is not None:
        # On a busy machine it may take longer; its processes end with this one in any case.
        with suppress(TimeoutError):
            cluster.close(timeout=30)

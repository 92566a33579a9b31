"""Nothing in, one Dask cluster of processes for all tests of this process out, made when one asks for it."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from dagy_nb.runners.dask.connection import DaskConnection
from dagy_nb.runners.dask.runner import DaskRunner

WORKERS = 2
THREADS = 2


class _Shared:
    cluster: Any = None


def cluster_address() -> str:
    """Return the address of the shared cluster's scheduler."""
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

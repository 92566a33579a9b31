"""Nothing in, one Dask cluster of processes for all tests of this process out, made when one asks for it.

Its processes, and those of other clusters that tests make, are forks of one that has imported Dask: they are there
at once, where a fresh interpreter has seconds of work.
"""

from __future__ import annotations

import importlib
import logging
import os
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.forkserver import ensure_running
from multiprocessing.process import BaseProcess
from typing import Any

from dagy_nb.runners.dask.connection import DaskConnection
from dagy_nb.runners.dask.runner import DaskRunner
from dagy_nb.runners.worker import surroundings
from tests.victims.watching import wait_until

WORKERS = 2
THREADS = 2
_FORKS = get_context("forkserver")
REVIVAL_SECONDS = 40.0
"""Seconds for a worker that a test killed to come back."""


class _Shared:
    cluster: Any = None


def start_quickly() -> None:
    """Have Dask's processes forked from one that has imported Dask."""
    _configure()
    _FORKS.set_forkserver_preload(["distributed", "dagy_nb.runners.dask.far"])
    ensure_running()  # before Dask wishes for its own preloads


def _configure() -> None:
    import dask

    ways = {"multiprocessing-method": "forkserver", "preload": [__name__]}
    dask.config.set({f"distributed.worker.{name}": way for name, way in ways.items()})


def dask_setup(_worker: object) -> None:
    """Let worker processes below Dask's, too, import what they need and no more; Dask calls this in each of its workers."""
    surroundings.PRELOADED = ()


def start_program(name: str, *words: str) -> BaseProcess:
    """Start one of Dask's programs."""
    start_quickly()
    made = _FORKS.Process(target=_be_program, args=(name, words), daemon=True)
    made.start()
    return made


def _be_program(name: str, words: tuple[str, ...]) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    _configure()
    importlib.import_module(f"distributed.cli.{name}").main(words)


def cluster_address() -> str:
    """Return the address of the shared cluster's scheduler, with all its workers there."""
    if _Shared.cluster is not None and not wait_until(_is_whole, REVIVAL_SECONDS, every=0.05):
        # Dask revives no worker that was killed in the moment between its registration and its nanny's word.
        close_cluster()
    if _Shared.cluster is None:
        from distributed import LocalCluster

        start_quickly()
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

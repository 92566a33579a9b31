"""What a user knows of a Dask cluster in, the session's runner and backend connected to it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagy_nb.runners.dask.runner import DaskRunner
from dagy_nb.session.current import current_session

if TYPE_CHECKING:
    from distributed import Client

    from dagy_nb.session.session import Session


def use_dask(cluster: str | Client | None = None, *, session: Session | None = None) -> None:
    """Run nodes with `runner: dask` and flows with `backend: dask` on this cluster from now on.

    Nothing connects before it is needed. Without this call they run on the cluster that `DAGY_DASK` names,
    else on one of processes on this machine, made when it is needed and ended with the session.

    Args:
        cluster: Address of a scheduler, a `distributed.Client`, or None for a cluster on this machine.
        session: Whose; the current one by default.

    Raises:
        RunnerError: `runner.dask_target`.

    Example:
        >>> use_dask("tcp://scheduler:8786")  # doctest: +SKIP
        >>> flow.run(runner="dask").wait()  # doctest: +SKIP
    """
    runner = (session or current_session()).runners["dask"]
    assert isinstance(runner, DaskRunner)
    runner.connection.use(cluster)

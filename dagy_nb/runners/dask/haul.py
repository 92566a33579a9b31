"""Values for a cluster or on it in, carried there or here out, past the scheduler where possible.

The scheduler is one process, and for a cluster on this machine it is this one: what goes through it is there
as a whole once more. Not every notebook can reach the workers themselves: behind a gateway it sees the
scheduler only.
"""

from __future__ import annotations

from typing import Any

REACH_SECONDS = 2.0
"""Seconds after which a worker counts as one that cannot be reached from here."""


class Haul:
    """Carries values between this process and the workers of a cluster; any thread may use it.

    Args:
        client: A client of the cluster.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._reaches: bool | None = None

    def fetch(self, future: Any) -> Any:
        """Return the result of a task that ended well.

        Raises:
            Exception: Whatever Dask raises where the result was lost.
        """
        return self._client.sync(self._fetch, future)

    def put(self, value: Any, timeout: float) -> Any:
        """Put a value onto the cluster and return what stands for it there.

        Args:
            value: The value.
            timeout: Seconds to wait for a worker.

        Raises:
            TimeoutError: There is no worker.
        """
        return self._client.sync(self._put, value, timeout)

    async def _fetch(self, future: Any) -> Any:
        # Where a worker cannot be reached after all, Dask asks the scheduler.
        return await self._client.gather(future, direct=await self._is_direct(), asynchronous=True)

    async def _put(self, value: Any, timeout: float) -> Any:
        options = {"hash": False, "timeout": timeout, "asynchronous": True}
        try:
            return await self._client.scatter(value, direct=await self._is_direct(), **options)
        except TimeoutError:
            raise
        except OSError:
            return await self._client.scatter(value, direct=False, **options)

    async def _is_direct(self) -> bool:
        if self._reaches is None:
            self._reaches = await _reach_a_worker(self._client)
        return bool(self._reaches)


async def _reach_a_worker(client: Any) -> bool | None:
    """Say whether workers can be reached from here; None where there are none."""
    from distributed.comm.core import connect

    workers = await client.nthreads()
    if not workers:
        return None
    try:
        comm = await connect(next(iter(workers)), REACH_SECONDS, **client.connection_args)
    except (OSError, ValueError):
        return False
    await comm.close()
    return True

"""A call in, its body on a Dask cluster out, under the same limits as in a process here.

Dask cannot end what runs in its threads. So a task there only watches over one of our own worker processes,
which can be killed: at the limit, at a cancel, and when the notebook or the worker is gone. Outputs come back
to this process.
"""

from __future__ import annotations

import threading

from dagy_nb.abc import CallReporter, Enforcement, LiveCall, NodeCall
from dagy_nb.runners.dask.call import DaskCall
from dagy_nb.runners.dask.connection import DaskConnection
from dagy_nb.runners.dask.inputs import InputShelf
from dagy_nb.runners.forked import renew_in_forks
from dagy_nb.runners.pool import ThreadPool

SENDERS = 4
"""Calls that are packed and sent at a time."""
TAKERS = 64
"""Ends that are taken at a time."""
IDLE_SECONDS = 30.0
"""Seconds without a call after which no value is kept on the cluster for calls to come."""


class DaskRunner:
    """Runs bodies on a Dask cluster; connects when the first call comes.

    Args:
        connection: The cluster.
    """

    name = "dask"
    enforcement = Enforcement.HARD

    def __init__(self, connection: DaskConnection) -> None:
        self.connection = connection
        self._senders = ThreadPool(SENDERS)
        self._takers = ThreadPool(TAKERS)
        self._is_closed = False
        self.begin_anew()
        renew_in_forks(self)

    def begin_anew(self) -> None:
        """Have no calls, and no values on the cluster: in a fork those are the parent's."""
        self._shelf = InputShelf()
        self._lock = threading.Lock()
        self._live = 0
        self._idle: threading.Timer | None = None

    def prepare(self) -> None:
        """Connect now, so that what is wrong with the cluster is said before a run begins.

        Raises:
            RunnerError: `runner.needs_extra`, `runner.cluster_unreachable`, `runner.cluster_unfit`.
        """
        self.connection.connect()

    def start(self, call: NodeCall, reporter: CallReporter) -> LiveCall:
        """Begin a call when the cluster has room."""
        made = DaskCall(
            call, reporter, self.connection, self._shelf, self._takers, self._count_over
        )
        with self._lock:
            self._live += 1
            if self._idle is not None:
                self._idle.cancel()
                self._idle = None
        self._senders.submit(made.run)
        return made

    def close(self) -> None:
        """Let go of the cluster; bodies that still run there are killed."""
        self._senders.close()
        with self._lock:
            self._is_closed = True
            if self._idle is not None:
                self._idle.cancel()
        self._shelf.clear()
        self.connection.close()
        self._takers.close()

    def _count_over(self) -> None:
        with self._lock:
            self._live -= 1
            if self._live == 0 and self._idle is None and not self._is_closed:
                self._idle = threading.Timer(IDLE_SECONDS, self._shelf.clear)
                self._idle.daemon = True
                self._idle.start()

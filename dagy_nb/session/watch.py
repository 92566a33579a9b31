"""Cancel requests of other processes in, cancelled live runs out."""

from __future__ import annotations

import atexit
import logging
import threading
import time
import weakref
from functools import partial
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from dagy_nb.errors import DagyError, UnknownName
from dagy_nb.runners.forked import renew_in_forks

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagy_nb.abc import RunControl, Store

EVERY = 0.5
EXIT_PATIENCE = 1.0
"""Seconds to wait for the thread at the interpreter's end."""
logger = logging.getLogger(__name__)


@runtime_checkable
class HoldsRuns(Protocol):
    """A live run that knows the runs inside its nodes, at every depth."""

    def list_inner(self) -> list[str]:
        """Return the ids of those that go on."""

    def cancel_inner(self, run_id: str, node_id: str = "", *, by: str = "") -> bool:
        """Ask one of them to end, or one node of it; return whether there is such a run."""


class CancelWatch:
    """Looks into the store while runs are live, in a daemon thread that ends with the last of them.

    Args:
        store: Where other processes put their requests.
        every: Seconds between two looks.
    """

    def __init__(self, store: Store, *, every: float = EVERY) -> None:
        self._store = store
        self._every = every
        self.begin_anew()
        renew_in_forks(self)
        _watches.add(self)

    def begin_anew(self) -> None:
        """Watch nothing: in a fork, what goes on is the parent's."""
        self._lock = threading.Lock()
        self._live: dict[str, RunControl] = {}
        self._handles: dict[str, object] = {}
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def add(self, live: RunControl, handle: object = None) -> None:
        """Watch a run until it ends.

        Args:
            live: The run.
            handle: Is kept alive as long, so that who finds it by the run's id finds it until then.
        """
        with self._lock:
            self._live[live.run_id] = live
            self._handles[live.run_id] = handle
            if self._thread is None:
                thread = threading.Thread(target=self._watch, name="dagy-cancel-watch", daemon=True)
                thread.start()  # first: an interrupt in between must not leave runs without it
                self._thread = thread

    def close(self, grace: float) -> None:
        """Stop watching; cancel what still runs and wait for it, `grace` seconds at the most."""
        self._closed.set()
        ends = time.monotonic() + grace
        live = self._drop_ended()
        for each in live:
            each.cancel(by="session closed")
        for each in live:
            each.wait(max(0.0, ends - time.monotonic()))

    def tell_live(self) -> None:
        """Say which runs end with the process, for a script that starts one and waits for nothing."""
        for live in self._drop_ended():
            logger.warning(
                "Run %s was going on when Python ended, and ends with it. Wait for a run: handle.wait().",
                live.run_id,
            )

    def end(self) -> None:
        """Stop watching, and wait a moment for the thread."""
        self._closed.set()
        thread = self._thread
        if thread is not None:
            thread.join(EXIT_PATIENCE)

    def _watch(self) -> None:
        while not self._closed.wait(self._every):
            for live in self._drop_ended():
                self._look(live)
            with self._lock:
                if not self._live:
                    self._thread = None
                    return

    def _drop_ended(self) -> list[RunControl]:
        with self._lock:
            self._live = {key: run for key, run in self._live.items() if not run.done.is_set()}
            self._handles = {key: self._handles[key] for key in self._live}
            return list(self._live.values())

    def _look(self, live: RunControl) -> None:
        self._pass_on(live.run_id, live.cancel)
        if isinstance(live, HoldsRuns):
            for run_id in live.list_inner():
                self._pass_on(run_id, partial(live.cancel_inner, run_id))

    def _pass_on(self, run_id: str, cancel: Callable[..., object]) -> None:
        try:
            asked = self._store.cancel_requested(run_id)
        except DagyError as error:
            logger.warning("run %s: cannot look for cancel requests: %s", run_id, error)
            return
        if asked is None:
            return
        for node_id in asked or ("",):
            try:
                cancel(node_id, by="another process")
            except UnknownName as error:
                logger.info("run %s: %s", run_id, error)


_watches: weakref.WeakSet[CancelWatch] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """End the threads before the interpreter goes away.

    What a thread holds then is never freed: runs, their errors, and by these whatever a script has in its
    names, such as an open connection, of which DuckDB complains at length.
    """
    for each in list(_watches):
        each.tell_live()
        each.end()

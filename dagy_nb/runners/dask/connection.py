"""An address, a client or nothing in, one connection to a Dask cluster out, checked before it is used.

The connection is a client of our own, also where the user gives one: a client has one ear for each topic, and
those of the user's stay theirs.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import platform
import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from typing import Any, Protocol

from dagy_nb._version import __version__
from dagy_nb.errors import RunnerError
from dagy_nb.runners.dask.haul import Haul
from dagy_nb.runners.forked import renew_in_forks

EXTRA = 'pip install "dagy_nb[dask]"'
CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 5.0
LOCAL_WORKERS = 2
GUARD = (
    'In a script, put what runs under `if __name__ == "__main__":`, for each process of a local cluster '
    "imports the script; or name a cluster with use_dask(address)."
)
_LOG = logging.getLogger(__name__)


class Listener(Protocol):
    """Who hears of one piece of work on the cluster."""

    def hear(self, messages: list[list[Any]], worker: str) -> None:
        """Take messages of the work; called in the connection's thread."""

    def lose_worker(self, worker: str) -> None:
        """Hear that a worker is gone; called in the connection's thread."""

    def lose_cluster(self) -> None:
        """Hear that this connection is given up; any thread may call this."""


@cache
def is_dask_here() -> bool:
    """Say whether Dask can be imported."""
    try:
        return find_spec("distributed") is not None
    except (ImportError, ValueError):
        return False


class DaskConnection:
    """Connects when it is first needed, and again after the connection was lost.

    Args:
        target: Address of a scheduler, a `distributed.Client`, or nothing for a cluster of processes on
            this machine that is made when it is needed and ends with the connection.
    """

    def __init__(self, target: object = None) -> None:
        self._target = target or None
        self._channel: Channel | None = None
        self._parents: list[Channel] = []
        self._is_closed = False
        self.begin_anew()
        renew_in_forks(self)

    def begin_anew(self) -> None:
        """Have no connection: in a fork nobody moves that of the parent, whose cluster serves both."""
        self._lock = threading.RLock()
        if self._channel is not None:
            self._parents.append(self._channel)  # a client that nobody holds would close itself
            self._target = self._target or self.address or None
            self._channel = None

    @property
    def place(self) -> str:
        """Where the cluster is, for messages."""
        if self._target is None:
            return "a cluster on this machine"
        return self._target if isinstance(self._target, str) else "the given client's cluster"

    @property
    def address(self) -> str:
        """The scheduler's address; empty where none was given and none was needed up to now."""
        with self._lock:
            if isinstance(self._target, str):
                return self._target
            if self._target is not None:
                return _find_address(self._target)
            made = self._channel
            return "" if made is None or not made.is_alive else str(made.client.scheduler.address)

    def use(self, target: object = None) -> None:
        """Connect to another cluster from now on; work on the one before is lost.

        Raises:
            RunnerError: `runner.dask_target`.
        """
        if target is not None and not isinstance(target, str) and not _is_client(target):
            raise RunnerError(
                f"{target!r} is neither an address nor a client of Dask.",
                code="runner.dask_target",
                suggestion='Write use_dask("tcp://host:8786"), use_dask(client), or use_dask().',
            )
        with self._lock:
            self._drop()
            self._target = target or None

    def connect(self) -> Channel:
        """Return the connection, made now where there is none.

        Raises:
            RunnerError: `runner.needs_extra`, `runner.closed`, `runner.cluster_unreachable`,
                `runner.cluster_unfit`.
        """
        with self._lock:
            if self._is_closed:
                raise RunnerError("The session was closed.", code="runner.closed")
            if self._channel is not None and not self._channel.is_alive:
                self._drop()
            if self._channel is None:
                if not is_dask_here():
                    raise RunnerError(
                        "Dask is not installed here.",
                        code="runner.needs_extra",
                        suggestion=f"{EXTRA}, then restart the kernel.",
                    )
                self._channel = _connect(self._target, self.place)
            return self._channel

    def close(self) -> None:
        """Let go of the cluster, and end it where it was made here."""
        with self._lock:
            self._is_closed = True
            self._drop()

    def _drop(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()


class Channel:
    """A client of a scheduler, and who listens to what.

    Attributes:
        client: The client.
        topic: Where everything of this connection is told.
        haul: Carries values to the cluster and from it.
    """

    def __init__(self, client: Any, cluster: Any) -> None:
        self.client = client
        self.topic = f"dagy-{uuid.uuid4().hex}"
        self.haul = Haul(client)
        self._comm = client.scheduler_comm
        self._cluster = cluster
        self._listeners: dict[str, Listener] = {}
        client.subscribe_topic(self.topic, self._hear)
        client.subscribe_topic("all", self._hear_all)

    @property
    def is_alive(self) -> bool:
        """Whether this is still the connection that was made: a client that connects anew hears no topics."""
        return self.client.status == "running" and self.client.scheduler_comm is self._comm

    def add(self, name: str, listener: Listener) -> None:
        """Pass on what is told of the work of this name."""
        self._listeners[name] = listener

    def remove(self, name: str) -> None:
        """Stop passing it on."""
        self._listeners.pop(name, None)

    def run_later(self, function: Callable[[], Any]) -> None:
        """Run a function, which may return something to await, in the client's thread."""
        self.client.loop.add_callback(function)

    def close(self) -> None:
        """Disconnect; end the cluster where it was made here."""
        for listener in list(self._listeners.values()):
            listener.lose_cluster()
        if self.is_alive:
            with suppress(Exception):
                # Else the scheduler tells a client that is gone, and complains.
                self.client.unsubscribe_topic("all")
                self.client.unsubscribe_topic(self.topic)
                self.client.sync(self._forget_topic, callback_timeout=CLOSE_SECONDS)
        for end in (self.client, self._cluster):
            if end is not None:
                _close_quietly(end)

    async def _forget_topic(self) -> None:
        """Remove what was told from the scheduler, which keeps it for who would come later."""
        await self.client.run_on_scheduler(_forget_topic, self.topic)

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        told = event[1]
        listener = self._listeners.get(told["call"])
        if listener is not None:
            listener.hear(told["messages"], told["worker"])

    def _hear_all(self, event: tuple[float, Any]) -> None:
        told = event[1]
        if isinstance(told, dict) and told.get("action") == "remove-worker":
            for listener in list(self._listeners.values()):
                listener.lose_worker(told["worker"])


def _forget_topic(topic: str, dask_scheduler: Any = None) -> None:
    dask_scheduler._broker.truncate(topic)  # noqa: SLF001 - Dask has no other word for it


def _is_client(target: object) -> bool:
    return hasattr(target, "scheduler") and hasattr(target, "submit")


def _connect(target: Any, place: str) -> Channel:
    from distributed import Client

    cluster = _make_cluster() if target is None else None
    options: dict[str, Any] = {"set_as_default": False, "name": "dagy"}
    if cluster is not None:
        address = cluster.scheduler_address
    elif isinstance(target, str):
        address = target
    else:
        address = _find_address(target)
        options["security"] = target.security
    try:
        client = Client(address, timeout=CONNECT_SECONDS, **options)
    except (OSError, ValueError, TimeoutError) as error:
        raise RunnerError(
            f"There is no Dask scheduler at {address}: {type(error).__name__}.",
            code="runner.cluster_unreachable",
            suggestion="See that it runs and can be reached, or name another with use_dask(address).",
        ) from error
    try:
        _check_versions(client, place)
    except BaseException:
        _close_quietly(client)
        if cluster is not None:
            _close_quietly(cluster)
        raise
    return Channel(client, cluster)


def _find_address(client: Any) -> str:
    """Return the address of a client's scheduler.

    Raises:
        RunnerError: `runner.cluster_unreachable` where the client was closed.
    """
    if client.scheduler is None:
        raise RunnerError(
            "The client that was given to use_dask is closed.",
            code="runner.cluster_unreachable",
            suggestion="Give it another one, or the address of a scheduler.",
        )
    return str(client.scheduler.address)


def _make_cluster() -> Any:
    """Return a new cluster on this machine.

    Raises:
        RunnerError: `runner.cluster_unreachable` where its processes do not start.
    """
    from distributed import LocalCluster

    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise RunnerError(
            "A process of a local cluster imports this script.",
            code="runner.cluster_unreachable",
            suggestion=GUARD,
        )
    try:
        return LocalCluster(
            n_workers=LOCAL_WORKERS,
            # Bodies run in processes of their own: these threads only watch over them.
            threads_per_worker=max(1, (os.cpu_count() or 2) // LOCAL_WORKERS),
            processes=True,
            preload=["dagy_nb.runners.dask.steady"],
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
        )
    except RuntimeError as error:
        raise RunnerError(
            f"No cluster starts on this machine: {error}",
            code="runner.cluster_unreachable",
            suggestion=GUARD,
        ) from error


def _check_versions(client: Any, place: str) -> None:
    """Refuse a cluster on which the far side cannot run.

    Raises:
        RunnerError: `runner.cluster_unfit`.
    """
    here = {"python": _minor(platform.python_version()), "dagy_nb": __version__}
    for address, told in _ask_versions(client).items():
        packages = told["packages"]
        there = {
            "python": _minor(str(packages.get("python"))),
            "dagy_nb": packages.get("dagy_nb"),
        }
        for name, version in here.items():
            if there[name] != version:
                has = f"{name} {there[name]}" if there[name] else f"no {name}"
                raise RunnerError(
                    f"The worker {address} of {place} has {has}; here is {version}.",
                    code="runner.cluster_unfit",
                    suggestion=f"Install the same there: Python {here['python']} and "
                    f"dagy_nb=={__version__}, then restart its workers.",
                )


def _ask_versions(client: Any) -> Mapping[str, Any]:
    async def ask() -> Mapping[str, Any]:
        found: Mapping[str, Any] = (await client.get_versions(packages=["dagy_nb"]))["workers"]
        return found

    try:
        found: Mapping[str, Any] = client.sync(ask, callback_timeout=CONNECT_SECONDS)
    except TimeoutError:
        # A worker is frozen or very busy: that is no reason to refuse the others.
        return {}
    return found


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _close_quietly(end: Any) -> None:
    try:
        end.close(timeout=CLOSE_SECONDS)
    except Exception as error:  # noqa: BLE001 - it is given up in any case
        _LOG.debug("Dask did not close: %r", error)

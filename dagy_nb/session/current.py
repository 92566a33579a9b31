"""Settings in, the one session of this process out."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagy_nb.abc import Store
    from dagy_nb.session.session import Session
    from dagy_nb.settings import Settings


def make_session(settings: Settings | None = None, *, store: Store | None = None) -> Session:
    """Return a new session over the real clock, the default registry and all runners here.

    Args:
        settings: What the user set; read from the environment by default.
        store: Where facts go; the journal under `settings.home` by default.
    """
    # Late: a module that only defines nodes and flows needs none of it.
    from dagy_nb.backends.dask.backend import DaskBackend
    from dagy_nb.backends.kernel import KernelBackend
    from dagy_nb.backends.papermill.backend import PapermillBackend
    from dagy_nb.backends.registry import Backends
    from dagy_nb.engine.clock import SystemClock
    from dagy_nb.nodes.registry import default_registry
    from dagy_nb.runners.dask.connection import DaskConnection
    from dagy_nb.runners.dask.runner import DaskRunner
    from dagy_nb.runners.inline import InlineRunner
    from dagy_nb.runners.process import ProcessRunner
    from dagy_nb.runners.thread import ThreadRunner
    from dagy_nb.session.session import Session
    from dagy_nb.settings import read_settings
    from dagy_nb.store import open_store

    settings = settings or read_settings()
    clock = SystemClock()
    cluster = DaskConnection(settings.dask)
    return Session(
        settings=settings,
        store=store or open_store(settings.home, clock, keep_days=settings.journal_days),
        registry=default_registry(),
        runners={
            "inline": InlineRunner(),
            "thread": ThreadRunner(slots=settings.thread_slots),
            "process": ProcessRunner(slots=settings.process_slots),
            "dask": DaskRunner(cluster),
        },
        backends=Backends([KernelBackend(), DaskBackend(cluster), PapermillBackend()], settings),
        clock=clock,
    )


class _Current:
    """Holds the session of this process; one attribute, one lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.session: Session | None = None


_CURRENT = _Current()


def current_session() -> Session:
    """Return the session of this process, made on first use, with the plug-ins loaded."""
    with _CURRENT.lock:
        if _CURRENT.session is None:
            _CURRENT.session = make_session()
        session = _CURRENT.session
    # Without the lock: a plug-in may ask for the session while it is imported.
    session.registry.discover()
    return session


def set_session(session: Session | None) -> Session | None:
    """Put another session in place and return the one before; None makes a new one on next use."""
    with _CURRENT.lock:
        before, _CURRENT.session = _CURRENT.session, session
        return before

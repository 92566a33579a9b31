"""Fixtures of the built-in nodes: a session that knows them, and waiting for what a live run does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from dagy_nb.session.session import Session
from tests.nodes.builtin.mapped import Gated


@pytest.fixture
def session(session: Session) -> Session:
    """The current session, with the built-in nodes found."""
    session.registry.discover()
    return session


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Wait until something holds, ten seconds at the most."""

    def wait(holds: Callable[[], object]) -> None:
        ends = time.monotonic() + 10
        pause = threading.Event()
        while not holds():
            assert time.monotonic() < ends, "it did not come"
            pause.wait(0.005)

    return wait


@pytest.fixture
def gated() -> Iterator[type[Gated]]:
    """A node that holds until its gate opens, with its counts at 0."""
    Gated.gate.clear()
    Gated.now = Gated.most = Gated.begun = 0
    yield Gated
    Gated.gate.set()

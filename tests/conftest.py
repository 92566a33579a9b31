"""Fixtures that all rooms share."""

from __future__ import annotations

import compileall
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as law

from dagy_nb.store.memory import MemoryStore
from tests.chromium import chromium, require_chromium
from tests.cluster import close_cluster

__all__ = ["chromium"]


from dagy_nb.runners.worker import surroundings
from dagy_nb.session.current import make_session, set_session
from dagy_nb.session.session import Session
from dagy_nb.settings import Settings

# How long an example takes says something of the machine, and nothing of the law. To explain a failure, Python
# would be traced; CPython 3.11 hangs then while a thread that was told to end is still inside a call of C.
law.register_profile(
    "untimed",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[each for each in Phase if each is not Phase.explain],
)
law.load_profile("untimed")


LAST = {
    "builtin",
    "checks",
    "dispatch",
    "engine",
    "flowfile",
    "magics",
    "model",
    "nodes",
    "protocol",
}
"""Rooms of many quick tests: they come last, so that two processes have something to do up to the end."""


def pytest_configure(config: pytest.Config) -> None:
    """Compile the package where Python is told to keep nothing: each of hundreds of processes would do it."""
    if sys.dont_write_bytecode and not hasattr(config, "workerinput"):
        compileall.compile_dir(Path(__file__).parents[1] / "dagy_nb", quiet=2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files: quick ones last."""
    items.sort(key=lambda item: item.path.parent.name in LAST)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip browser tests where there is no browser."""
    require_chromium(item)


@pytest.fixture(scope="session", autouse=True)
def dask_cluster() -> Iterator[None]:
    """End the shared Dask cluster after the last test; only tests that ask for one start it."""
    yield
    close_cluster()


@pytest.fixture(autouse=True)
def nothing_preloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let worker processes import what they need and no more: they start in a tenth of the time."""
    monkeypatch.setattr(surroundings, "PRELOADED", ())


class TurnedClock:
    """A clock that only the test turns."""

    def __init__(self, at: float = 1_800_000_000.0) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def turn(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def clock() -> TurnedClock:
    """A clock that stands still until the test turns it."""
    return TurnedClock()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """The current session, over a memory store, with its files in a folder of the test."""
    made = make_session(Settings(home=tmp_path / ".dagy"), store=MemoryStore())
    before = set_session(made)
    yield made
    set_session(before)
    made.close()

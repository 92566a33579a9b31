"""Stores of every kind, as fixtures: import them into a suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dagy_nb.abc import Store
from dagy_nb.store.journal_store import JournalStore
from dagy_nb.store.memory import MemoryStore
from tests.store.facts import TurnedClock


class Stores:
    """Opens stores over the same records: another one is another process's."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self._folder = folder
        self._memory = MemoryStore(TurnedClock())
        self.opened: list[Store] = []

    def open(self) -> Store:
        store: Store = self._memory
        if self.kind != "memory":
            store = JournalStore(self._folder, TurnedClock(), fold_after=None)
        self.opened.append(store)
        return store


@pytest.fixture(params=["memory", "journal", "journal, folded", "journal, published"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    made = Stores(request.param, tmp_path / ".dagy")
    yield made
    for store in made.opened:
        store.close()


@pytest.fixture
def store(stores: Stores) -> Store:
    return stores.open()


@pytest.fixture
def settle(stores: Stores) -> Callable[[], None]:
    """Fold between writing and reading, where this is what is tested."""

    def fold() -> None:
        store = stores.opened[0]
        if isinstance(store, JournalStore) and stores.kind != "journal":
            assert store.fold(publish=stores.kind == "journal, published")

    return fold

"""Sessions with a registry of their own, and browsers that are connected to a flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dagy_nb.dispatch import Dispatcher
from dagy_nb.nodes.registry import default_registry, use_registry
from dagy_nb.session.current import make_session, set_session
from dagy_nb.session.session import Session
from dagy_nb.settings import Settings
from dagy_nb.store.memory import MemoryStore
from tests import flows
from tests.dispatch.browser import Browser

__all__ = ["flows"]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """The current session; node types defined in the test are gone after it."""
    with use_registry(default_registry().copy()):
        made = make_session(Settings(home=tmp_path / ".dagy"), store=MemoryStore())
        before = set_session(made)
        yield made
        set_session(before)
        made.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., tuple[Dispatcher, Browser]]]:
    """Connect a browser with a flow; it has said hello."""
    made = []

    def connect_browser(flow: Any, *, every: float = 0.02) -> tuple[Dispatcher, Browser]:
        browser = Browser()
        dispatcher = Dispatcher(flow, browser.hear, every=every)
        made.append(dispatcher)
        browser.ask(dispatcher, "hello")
        return dispatcher, browser

    yield connect_browser
    for dispatcher in made:
        dispatcher.close()

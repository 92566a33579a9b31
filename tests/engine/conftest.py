"""Runners for the tests of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.running import Recorded, make_runners, plan_flow
from tests.runners.victims import GATE, Gate


@pytest.fixture
def runners() -> Iterator[dict[str, Any]]:
    """Real runners, closed after the test; the gate of the victims opens then."""
    Gate.__init__(GATE)
    made = make_runners()
    yield made
    GATE.opened.set()
    for each in made.values():
        each.close()


@pytest.fixture
def run(runners):
    """Plans a flow and starts it: `run({"a": Node}, "a.x -> b.y")`; waits unless `wait=False`."""

    def start(nodes, *edges, wait=True, start=None, **plan) -> Recorded:
        made = Recorded(plan_flow(nodes, *edges, **plan), runners, **(start or {}))
        return made.wait() if wait else made

    return start

"""Fixtures of the store's tests."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest


@pytest.fixture
def benchmark_ratio() -> Callable[[Callable[[], object], Callable[[], object]], float]:
    """How many times as long one call takes as another, best of several rounds."""

    def compare(first: Callable[[], object], second: Callable[[], object]) -> float:
        return min(_time(first) / _time(second) for _ in range(5))

    return compare


def _time(call: Callable[[], object], times: int = 1000) -> float:
    started = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - started

"""Kernels for tests of what a notebook's user sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernel.live import Kernel


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel with the magics loaded, one for a module of tests."""
    started = Kernel(tmp_path_factory.mktemp("kernel"))
    assert started.run("%load_ext dagy_nb").status == "ok"
    yield started
    started.close()


@pytest.fixture
def fresh_kernel(tmp_path: Path) -> Iterator[Kernel]:
    """A kernel of the test's own, without the magics."""
    started = Kernel(tmp_path)
    yield started
    started.close()

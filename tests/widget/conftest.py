"""Kernels with a front end; the built widget is needed, as the wheel brings it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernel.live import ROOT, Kernel
from tests.widget.frontend import FrontEnd

DEFINE = """
import threading
import dagy_nb
from dagy_nb import Flow, FlowNode, Output, DataType, node

@node
def number(value: int = 1) -> int:
    return value

@node
def double(x: int) -> int:
    print("doubling", x)
    return 2 * x

class Waiting(FlowNode):
    y = Output(DataType.INTEGER)
    let_go = threading.Event()

    def execute(self):
        self.let_go.wait(60)
        return 1

def make_flow(name):
    flow = Flow(name)
    flow.add("number", id="n", value=21)
    flow.add("double", id="d")
    flow.connect("n.output", "d.x")
    return flow
"""


def require_built() -> None:
    """Skip where the front end is not built: the test of the wheel demands it."""
    if not (ROOT / "dagy_nb" / "static" / "widget.js").is_file():
        pytest.skip("The editor is not built: `npm ci && npm run build` in labextension/.")


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontEnd]:
    """A front end of one kernel for a module of tests, with nodes defined."""
    require_built()
    kernel = Kernel(tmp_path_factory.mktemp("widget"))
    front = FrontEnd(kernel)
    front.run(DEFINE)
    yield front
    kernel.close()


@pytest.fixture
def static_front(tmp_path: Path) -> Iterator[FrontEnd]:
    """A front end of a kernel that shows static pictures only."""
    kernel = Kernel(tmp_path, DAGY_STATIC="1")
    front = FrontEnd(kernel)
    front.run(DEFINE)
    yield front
    kernel.close()

"""What a runner costs for each node, beside what Python brings for the same hand-over, measured in one run.

    python -m tests.bench.runners [--calls 1000] [--rounds 5] [--megabytes 500]

A trivial node is called through each runner, one after the other, from start to the end that its reporter hears: config,
inputs and outputs checked, previews made, limits known. Beside them stand `asyncio.to_thread` and a
`concurrent.futures.ProcessPoolExecutor` (one worker, spawned) with the bare function of that node. The medians of all
rounds are shown; rounds go through all cases in turn.

Then a table of the given size goes into a process and comes back: seconds, and the most memory that this process and the
worker take beyond the table itself, each told in copies of the table. The executor is measured by the same means.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from dagy_nb.abc import NodeCall, Outcome
from dagy_nb.nodes.function import node
from dagy_nb.runners.inline import InlineRunner
from dagy_nb.runners.process import ProcessRunner
from dagy_nb.runners.thread import ThreadRunner
from tests.bench.overhead import measure

LIMIT = 300.0
MEGABYTE = 1_000_000


def add_one(x: int) -> int:
    return x + 1


def give_back(table: object) -> object:
    return table


@node(register=False)
def after(x: int) -> int:
    return x + 1


@node(register=False)
def same(table: object) -> object:
    return table


@node(register=False)
def tell_process(x: int) -> int:
    return os.getpid()


class End:
    """Hears of the end of one call."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.outcome: Outcome | None = None

    def started(self) -> None:
        """Take the start."""

    def wrote(self, level: str, text: str) -> None:
        """Take a line."""

    def progressed(self, fraction: float, message: str) -> None:
        """Take progress."""

    def stopped(self, how: str) -> None:
        """Take a stop."""

    def ended(self, outcome: Outcome) -> None:
        """Take the end."""
        self.outcome = outcome
        self.over.set()


def call(runner: Any, node_class: Any, name: str, value: Any) -> Any:
    """Run a node to its end and return its output."""
    asked = NodeCall(
        run_id="bench",
        node_id="n",
        attempt=1,
        node_class=node_class,
        config={},
        inputs={name: value},
        parameters={},
        artifacts=Path("nowhere"),
        timeout=LIMIT,
    )
    end = End()
    live = runner.start(asked, end)
    if hasattr(live, "run_here"):
        live.run_here()
    end.over.wait()
    assert end.outcome is not None
    assert end.outcome.error is None, end.outcome.error
    return end.outcome.outputs["output"]


def use_to_thread(count: int) -> None:
    """Call the bare function in a thread, again and again."""

    async def repeat() -> None:
        for _ in range(count):
            await asyncio.to_thread(add_one, 1)

    asyncio.run(repeat())


def make_cases(runners: Mapping[str, Any], pool: ProcessPoolExecutor, count: int) -> dict[str, Any]:
    """Return what is measured, by name."""

    def repeat(runner: Any) -> Callable[[], None]:
        def run() -> None:
            for _ in range(count):
                call(runner, after, "x", 1)

        return run

    return {
        **{name: repeat(runner) for name, runner in runners.items()},
        "asyncio.to_thread": lambda: use_to_thread(count),
        "ProcessPoolExecutor": lambda: [pool.submit(add_one, 1).result() for _ in range(count)],
    }


YARDSTICKS = {"thread": "asyncio.to_thread", "process": "ProcessPoolExecutor"}


def show(medians: Mapping[str, float], count: int) -> None:
    """Print microseconds a node, and the ratios."""
    print(f"{'trivial node, one after the other':<38}{'µs a node':>12}")
    for name, seconds in medians.items():
        ratio = ""
        if name in YARDSTICKS:
            other = YARDSTICKS[name]
            ratio = f"   {seconds / medians[other]:.2f} × {other}"
        print(f"{name:<38}{seconds / count * 1e6:>12.1f}{ratio}")


class Peak:
    """Looks all the time how much memory a process takes beyond what it had, in bytes."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._before = self._process.memory_info().rss
        self._is_over = threading.Event()
        self.most = 0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> int:
        """Stop looking and return the most."""
        self._is_over.set()
        self._thread.join()
        return self.most

    def _look(self) -> None:
        while not self._is_over.wait(0.002):
            taken = self._process.memory_info().rss - self._before
            self.most = max(self.most, taken)


def measure_table(
    send: Callable[[Any], Any], worker: int, megabytes: int
) -> tuple[float, float, float]:
    """Send a table and get it back; return seconds, and the copies in this process and in the worker."""
    import numpy as np
    import pandas as pd

    size = megabytes * MEGABYTE
    table = pd.DataFrame(np.ones((size // 80, 10)))
    here, there = Peak(os.getpid()), Peak(worker)
    began = time.perf_counter()
    back = send(table)
    seconds = time.perf_counter() - began
    assert back.shape == table.shape
    assert back.iloc[-1, -1] == 1.0
    return seconds, here.end() / size, there.end() / size


def show_tables(runner: ProcessRunner, pool: ProcessPoolExecutor, megabytes: int) -> None:
    """Print what a large table costs, by both ways."""
    import pandas as pd

    # Both sides have loaded what they need before anything is timed.
    call(runner, same, "table", pd.DataFrame({"a": [1]}))
    pool.submit(give_back, pd.DataFrame({"a": [1]})).result()
    worker = call(runner, tell_process, "x", 1)
    other = pool.submit(os.getpid).result()
    ways: dict[str, tuple[Callable[[Any], Any], int]] = {
        "process runner": (lambda table: call(runner, same, "table", table), worker),
        "ProcessPoolExecutor": (lambda table: pool.submit(give_back, table).result(), other),
    }
    print(
        f"\n{f'a table of {megabytes} MB, in and out':<38}{'s':>8}{'copies here':>14}{'in the worker':>16}"
    )
    for name, (send, pid) in ways.items():
        seconds, here, there = measure_table(send, pid, megabytes)
        print(f"{name:<38}{seconds:>8.2f}{here:>14.2f}{there:>16.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Cost of the runners for each node.")
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=500)
    given = parser.parse_args()
    runners = {
        "inline": InlineRunner(),
        "thread": ThreadRunner(),
        "process": ProcessRunner(slots=1),
    }
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        show(measure(make_cases(runners, pool, given.calls), given.rounds), given.calls)
        show_tables(runners["process"], pool, given.megabytes)
    for each in runners.values():
        each.close()


if __name__ == "__main__":
    # The nodes are to be those of a module, as those of a cell are, not of `__main__`.
    from tests.bench import runners as module

    module.main()

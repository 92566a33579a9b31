"""What the engine costs for each node, beside dask's schedulers on the same graphs, measured in one run.

    python -m tests.bench.overhead [--nodes 1000] [--rounds 5] [--profile SHAPE]

Every node does next to nothing, so that what is left is the engine: the check of the flow, scheduling, the check of
config, inputs and outputs, previews, an armed limit, two facts a node recorded. `journal` writes them to the journal
on disk, as runs of a user do, `memory` folds them in memory. Dask's figures are its `get` for equal graphs of plain
functions, which records and checks nothing. The median of all rounds is shown, but for the first, which does not
count: it plans the flow, as dask's graph was made before. Rounds go through all cases in turn.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dask
import dask.threaded

from dagy_nb.engine.clock import SystemClock
from dagy_nb.engine.keeping import NOTHING, Keeping
from dagy_nb.engine.loop import RunLoop
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry
from dagy_nb.nodes.function import node
from dagy_nb.session.current import make_session
from dagy_nb.session.handle import RunHandle
from dagy_nb.settings import Settings
from dagy_nb.store.journal_store import JournalStore
from dagy_nb.store.memory import MemoryStore

LIMIT = 300.0


@node(register=False)
def first() -> int:
    return 1


@node(register=False)
def after(x: int) -> int:
    return x + 1


@node(register=False)
def both(x: int, y: int) -> int:
    return (x + y) % 1_000


@node(register=False)
def gather(*values: int) -> int:
    return sum(values)


CLASSES = {"first": first, "after": after, "both": both, "gather": gather}
Graph = dict[str, tuple[str, list[str]]]


def chain(count: int) -> Graph:
    """One after the other."""
    graph: Graph = {"n0": ("first", [])}
    for index in range(1, count):
        graph[f"n{index}"] = ("after", [f"n{index - 1}"])
    return graph


def wide(count: int) -> Graph:
    """One, then all the others beside each other, then one that gathers."""
    middle = [f"n{index}" for index in range(1, count - 1)]
    return {
        "n0": ("first", []),
        **{name: ("after", ["n0"]) for name in middle},
        f"n{count - 1}": ("gather", middle),
    }


def grid(count: int) -> Graph:
    """A square in which each node needs the one above and the one to the left."""
    side = int(count**0.5)
    graph: Graph = {}
    for row in range(side):
        for column in range(side):
            needed = [f"n{r}_{c}" for r, c in ((row - 1, column), (row, column - 1)) if r >= 0 <= c]
            kind = ("first", "after", "both")[len(needed)]
            graph[f"n{row}_{column}"] = (kind, needed)
    return graph


SHAPES: Mapping[str, Callable[[int], Graph]] = {"chain": chain, "wide": wide, "grid": grid}


def make_flow(graph: Graph) -> FlowSpec:
    """Return the flow of a graph."""
    edges = [
        EdgeSpec(
            source=source,
            output="output",
            target=name,
            input="values" if kind == "gather" else "xy"[place],
        )
        for name, (kind, needed) in graph.items()
        for place, source in enumerate(needed)
    ]
    nodes = [NodeEntry(id=name, type=kind) for name, (kind, _) in graph.items()]
    return FlowSpec(name=f"bench{len(nodes)}", nodes=tuple(nodes), edges=tuple(edges))


def make_dask(graph: Graph) -> tuple[dict[str, Any], str]:
    """Return dask's graph of plain functions, and its last key."""
    functions = {name: made.__wrapped__ for name, made in CLASSES.items()}
    return {name: (functions[kind], *needed) for name, (kind, needed) in graph.items()}, list(
        graph
    )[-1]


class Bench:
    """All cases over one session for each kind of store."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(home=folder, node_timeout=LIMIT)
        journal = JournalStore(folder / "journal", SystemClock(), fold_after=None)
        self.sessions = {
            "journal": make_session(settings, store=journal),
            "memory": make_session(settings, store=MemoryStore()),
        }
        for session in self.sessions.values():
            for each in CLASSES.values():
                session.adopt(each)

    def run(
        self, flow: FlowSpec, runner: str, store: str = "journal", keeping: Keeping = NOTHING
    ) -> RunHandle:
        """Run a flow to its end, as `flow.run().wait()` does."""
        handle = self.sessions[store].start(flow, {}, runner=runner, keeping=keeping)
        handle.wait()
        return handle

    def cases(self, graph: Graph) -> dict[str, Callable[[], object]]:
        """Return what is measured for one graph, by name."""
        flow = make_flow(graph)
        plain, key = make_dask(graph)
        return {
            "inline, journal": lambda: self.run(flow, "inline", "journal"),
            "inline, memory": lambda: self.run(flow, "inline", "memory"),
            "thread, journal": lambda: self.run(flow, "thread", "journal"),
            "dask synchronous": lambda: dask.get(plain, key),
            "dask threaded": lambda: dask.threaded.get(plain, key),
        }

    def close(self) -> None:
        """Let go of everything."""
        for session in self.sessions.values():
            session.close()


def measure(cases: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each case, after one round that does not count."""
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name, case in cases.items():
            began = time.perf_counter()
            case()
            if number:
                taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def show(shape: str, count: int, medians: Mapping[str, float]) -> None:
    """Print microseconds a node, and their ratios to dask's."""
    print(f"\n{shape}, {count:,} nodes")
    print(f"{'':<20}{'µs a node':>12}{'× dask threaded':>18}{'× dask synchronous':>20}")
    for name, seconds in medians.items():
        ratios = [seconds / medians[f"dask {each}"] for each in ("threaded", "synchronous")]
        print(f"{name:<20}{seconds / count * 1e6:>12.1f}{ratios[0]:>18.2f}{ratios[1]:>20.2f}")


def show_profile(case: Callable[[], object]) -> None:
    """Print where the time of one case goes; the run's own thread is profiled."""
    profile, drive = cProfile.Profile(), RunLoop._drive
    case()
    RunLoop._drive = lambda self, baton: profile.runcall(drive, self, baton)
    case()
    RunLoop._drive = drive
    pstats.Stats(profile).sort_stats("tottime").print_stats(50)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Cost of the engine for each node.")
    parser.add_argument("--nodes", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", choices=SHAPES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for shape, make in SHAPES.items():
            graph = make(given.nodes)
            cases = bench.cases(graph)
            if given.profile == shape:
                show_profile(cases["inline, journal"])
            elif not given.profile:
                show(shape, len(graph), measure(cases, given.rounds))
        bench.close()


if __name__ == "__main__":
    main()

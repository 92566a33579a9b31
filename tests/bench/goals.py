"""The goals for the engine's speed, each as a ratio measured in one run on one machine (design, D21).

    python -m tests.bench.goals [--nodes 1000] [--rounds 7]

Nodes do next to nothing; runs are recorded in the journal, checked, and their limits armed. All cases of a
table take turns, and the best round of each counts: what else the machine does can only add to a time. On a
machine that does much else, `--cpu` counts the time of the processor instead of that of the clock. Folding is
left out: it waits until nothing runs.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dagy_nb.engine.keeping import Keeping
from dagy_nb.runners.process import ProcessRunner
from tests.bench.overhead import SHAPES, Bench, make_flow

REUSE = Keeping(reuse=True)
FEW, MANY, WARM, REUSED = 100, 10_000, 200, 1_000
COMPARED = ("inline, journal", "thread, journal", "dask threaded")
Case = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Goal:
    """What was measured beside what is wanted."""

    what: str
    measured: float
    wanted: float
    unit: str = "×"
    detail: str = ""

    def __str__(self) -> str:
        mark = "yes" if self.measured <= self.wanted else "no"
        shown = f"{self.measured:.2f} {self.unit}"
        return f"{self.what:<52}{shown:>10}{f'≤ {self.wanted:g}':>10}{mark:>6}   {self.detail}"


class Timer:
    """Which seconds count."""

    read = staticmethod(time.perf_counter)


def take_best(cases: Mapping[str, Case], rounds: int) -> dict[str, float]:
    """Return the shortest seconds of each case; they take turns, and the first round does not count."""
    best = dict.fromkeys(cases, float("inf"))
    for number in range(rounds + 1):
        for name, case in cases.items():
            gc.collect()
            began = Timer.read()
            case()
            if number:
                best[name] = min(best[name], Timer.read() - began)
    return best


def add_one(x: int) -> int:
    return x + 1


async def call_chain(count: int) -> None:
    """One call in a thread after the other."""
    value = 0
    for _ in range(count):
        value = await asyncio.to_thread(add_one, value)


async def call_wide(count: int) -> None:
    """All calls in threads at once."""
    await asyncio.gather(*[asyncio.to_thread(add_one, 1) for _ in range(count)])


def compare_runners(bench: Bench, nodes: int, rounds: int) -> list[Goal]:
    """Inline beside dask's threaded scheduler, thread beside `asyncio.to_thread`."""
    goals = []
    for shape, make in SHAPES.items():
        graph = make(nodes)
        count = len(graph)
        known = bench.cases(graph)
        # Not the store in memory: what it holds would make the collector slow for all that follows.
        cases: dict[str, Case] = {name: known[name] for name in COMPARED}
        if shape != "grid":
            call = call_chain if shape == "chain" else call_wide
            cases["to_thread"] = lambda call=call, count=count: asyncio.run(call(count))  # type: ignore[misc]
        best = take_best(cases, rounds)
        each = {name: seconds / count * 1e6 for name, seconds in best.items()}
        goals.append(
            _compare(
                f"inline / dask threaded, {shape}", each, "inline, journal", "dask threaded", 1.0
            )
        )
        if shape != "grid":
            goals.append(
                _compare(f"thread / to_thread, {shape}", each, "thread, journal", "to_thread", 2.0)
            )
    return goals


def _compare(what: str, each: Mapping[str, float], ours: str, theirs: str, wanted: float) -> Goal:
    detail = f"{each[ours]:.0f} µs, {each[theirs]:.0f} µs a node"
    return Goal(what, each[ours] / each[theirs], wanted, detail=detail)


def compare_sizes(bench: Bench, rounds: int) -> list[Goal]:
    """The cost of a node among many beside that of one among few."""
    goals = []
    for shape, make in SHAPES.items():
        small, large = make_flow(make(FEW)), make_flow(make(MANY))
        best = take_best(
            {
                # As many nodes in either case, so that both see the same machine.
                "few": lambda flow=small: [bench.run(flow, "inline") for _ in range(20)],  # type: ignore[misc]
                "many": lambda flow=large: bench.run(flow, "inline"),  # type: ignore[misc]
            },
            max(2, rounds // 2),
        )
        few, many = best["few"] / 20 / FEW * 1e6, best["many"] / MANY * 1e6
        detail = f"{many:.0f} µs, {few:.0f} µs a node"
        goals.append(Goal(f"{MANY:,} nodes / {FEW} nodes, {shape}", many / few, 1.3, detail=detail))
    return goals


def measure_memory(bench: Bench) -> Goal:
    """What a run of many nodes keeps after its end, with its outputs."""
    flow = make_flow(SHAPES["wide"](MANY))
    bench.run(flow, "inline")
    gc.collect()
    tracemalloc.start()
    run = bench.run(flow, "inline").result
    _ = run.record
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Goal(f"kept after {len(run):,} nodes", kept / 1e6, 50.0, "MB")


def measure_process(bench: Bench, rounds: int) -> Goal:
    """A node in a warm worker process."""
    runners = bench.sessions["journal"].runners
    runners["process"].close()
    runners["process"] = ProcessRunner(slots=1, most_nodes=1_000_000)
    flow = make_flow(SHAPES["chain"](WARM))
    taken = []
    for _ in range(rounds + 1):
        began = time.perf_counter()  # always: the time of this processor leaves the worker's out
        bench.run(flow, "process")
        taken.append(time.perf_counter() - began)
    return Goal("a node in a warm process", min(taken) / WARM * 1e3, 2.0, "ms")


def compare_reuse(bench: Bench, rounds: int) -> Goal:
    """A node whose kept outputs are taken beside one that runs inline."""
    flow = make_flow(SHAPES["chain"](REUSED))
    bench.run(flow, "inline", keeping=REUSE)
    best = take_best(
        {
            "inline": lambda: bench.run(flow, "inline"),
            "reused": lambda: bench.run(flow, "inline", keeping=REUSE),
        },
        rounds,
    )
    each = {name: seconds / REUSED * 1e6 for name, seconds in best.items()}
    return _compare("a reused node / an inline node", each, "reused", "inline", 0.2)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The goals for the engine's speed.")
    parser.add_argument("--nodes", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cpu", action="store_true")
    given = parser.parse_args()
    if given.cpu:
        Timer.read = staticmethod(time.process_time)
    print(f"{'':<52}{'measured':>10}{'wanted':>10}{'held':>6}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for goal in compare_runners(bench, given.nodes, given.rounds):
            print(goal, flush=True)
        print(compare_reuse(bench, given.rounds), flush=True)
        for goal in compare_sizes(bench, given.rounds):
            print(goal, flush=True)
        print(measure_memory(bench), flush=True)
        print(measure_process(bench, given.rounds), flush=True)
        bench.close()


if __name__ == "__main__":
    main()

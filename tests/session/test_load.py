"""Ten thousand nodes, a map of three hundred, two hundred cancels: every node ends once, nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from dagy_nb.engine.clock import SystemClock
from dagy_nb.errors import RunUnfinished
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry
from dagy_nb.model.record import RunRecord
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.nodes.function import node
from dagy_nb.session.current import make_session
from dagy_nb.session.handle import RunHandle
from dagy_nb.session.session import Session
from dagy_nb.settings import Settings
from dagy_nb.store.journal_store import JournalStore
from tests.cluster import close_cluster
from tests.store.facts import wait_until

pytestmark = pytest.mark.timeout(180)

MANY = 10_000
RUNS = 200
WITH_PROCESSES = frozenset(range(0, RUNS, 40))
PATIENCE = 30.0


@node(register=False)
def load_begin(value: int = 1) -> int:
    return value


@node(register=False)
def load_add(*values: int) -> int:
    return (1 + sum(values)) % 1_000


@node(register=False)
def load_spin(*values: int) -> int:
    return sum(number % 7 for number in range(20_000))


@node(register=False)
def load_rest(context, *values: int) -> int:
    context.cancel.wait(0.02)
    return 1


@node(register=False)
async def load_await(*values: int) -> int:
    await asyncio.sleep(0.01)
    return 1


@node(register=False)
def load_talk(*values: int) -> int:
    print("said")
    return 1


@node(register=False)
def load_fail(*values: int) -> int:
    raise LookupError("on purpose")


@node(register=False)
def load_twice(x: int) -> int:
    return 2 * x


@node(register=False)
def load_items(count: int = 300) -> list:
    return list(range(count))


KINDS = (load_add, load_spin, load_rest, load_await, load_talk, load_fail)
CLASSES = (load_begin, load_twice, load_items, *KINDS)


class Footprint:
    """What this process holds besides memory."""

    def __init__(self) -> None:
        gc.collect()
        self.threads = threading.active_count()
        self.files = psutil.Process().num_fds()
        self.processes = len(psutil.Process().children(recursive=True))

    def more_than(self, before: Footprint, *, threads: int = 0) -> dict[str, int]:
        """Return what is held that was not held before, but for so many threads that wait for work."""
        grown = {
            "threads": self.threads - before.threads - threads,
            "files": self.files - before.files,
            "processes": self.processes - before.processes,
        }
        return {name: number for name, number in grown.items() if number > 0}


def assert_nothing_left(before: Footprint, *, threads: int = 0) -> None:
    """Wait until nothing is held that was not held before."""
    with suppress(AssertionError):
        wait_until(lambda: not Footprint().more_than(before, threads=threads))
    assert Footprint().more_than(before, threads=threads) == {}


@pytest.fixture(scope="module", autouse=True)
def nobody_else() -> None:
    """A cluster of other tests opens and closes connections in this process as it likes."""
    close_cluster()


@pytest.fixture
def journal_session(tmp_path: Path) -> Iterator[Session]:
    """A session over a journal which nobody folds meanwhile, and which opens no index of kept outputs."""
    clock = SystemClock()
    store = JournalStore(tmp_path / ".dagy", clock, fold_after=None)
    made = make_session(
        Settings(home=tmp_path / ".dagy", process_slots=2, keep_after=None), store=store
    )
    made.registry.discover()
    for each in CLASSES:
        made.adopt(each)
    yield made
    made.close()


def grid(count: int) -> FlowSpec:
    """Rows of a hundred nodes; each needs its neighbours to the left and above."""
    nodes = [NodeEntry(id="n0", type="load_begin")]
    edges = []
    for place in range(1, count):
        nodes.append(NodeEntry(id=f"n{place}", type="load_add"))
        needed = [place - 1] if place % 100 else []
        needed += [place - 100] if place >= 100 else []
        edges += [EdgeSpec.parse(f"n{each}.output -> n{place}.values") for each in needed]
    return FlowSpec(name="grid", nodes=tuple(nodes), edges=tuple(edges))


def any_flow(chance: random.Random, runners: list[str]) -> FlowSpec:
    """A flow of any shape, with every kind of node, on several runners."""
    nodes = [NodeEntry(id="n0", type="load_begin", runner="inline")]
    edges = []
    for place in range(1, chance.randint(6, 24)):
        kind = chance.choice(KINDS).spec.type
        nodes.append(NodeEntry(id=f"n{place}", type=kind, runner=chance.choice(runners)))
        needed = chance.sample(range(place), min(place, chance.randint(1, 2)))
        edges += [EdgeSpec.parse(f"n{each}.output -> n{place}.values") for each in needed]
    return FlowSpec(name="any", nodes=tuple(nodes), edges=tuple(edges))


def count_ends(session: Session) -> Mapping[tuple[str, str], int]:
    """Return how often each node of each run ended, as it stands in the journal."""
    with session.store.connect() as connection:
        rows = connection.sql(
            "select run_id, node_id, count(*) from events where kind = 'node_ended' group by all"
        ).fetchall()
    return {(run_id, node_id): count for run_id, node_id, count in rows}


def summarise(record: RunRecord) -> Any:
    nodes = {
        name: (each.state, each.reason, each.attempts, each.enforcement)
        for name, each in record.nodes.items()
    }
    return record.state, nodes


def assert_ended(session: Session, handles: list[RunHandle]) -> None:
    """Every node is in a final state, told once, and the store says what the live record says."""
    ends = count_ends(session)
    for handle in handles:
        live = handle.record
        assert summarise(session.store.run(handle.run_id)) == summarise(live)
        assert {each.state.is_final for each in live.nodes.values()} <= {True}
        assert [ends.get((handle.run_id, name)) for name in live.nodes] == [1] * len(live.nodes)


@pytest.mark.parametrize("runner", ["inline", "thread"])
def test_ten_thousand_nodes_end_once_and_leave_nothing(journal_session, runner):
    session, flow = journal_session, grid(MANY)
    session.start(grid(10), {}, runner=runner).wait(PATIENCE)
    before = Footprint()

    handle = session.start(flow, {}, runner=runner)
    run = handle.wait(PATIENCE * 2)

    assert run.state is RunState.COMPLETED
    assert {each.state for each in run.record.nodes.values()} == {NodeState.COMPLETED}
    assert_nothing_left(before, threads=session.settings.thread_slots)
    assert_ended(session, [handle])


@pytest.mark.parametrize("runner", ["inline", "thread"])
def test_a_map_over_three_hundred_keeps_their_order_and_leaves_nothing(journal_session, runner):
    session = journal_session
    options = {"node": "load_twice", "parallel": 300, "node_options": {"runner": runner}}
    flow = FlowSpec(
        name="mapped",
        nodes=(
            NodeEntry(id="items", type="load_items"),
            NodeEntry(id="map", type="Map", config=options),
        ),
        edges=(EdgeSpec.parse("items.output -> map.items"),),
    )
    session.start(flow, {}).wait(PATIENCE)
    before = Footprint()

    handle = session.start(flow, {})
    run = handle.wait(PATIENCE)

    assert run.outputs["map.results"] == [2 * number for number in range(300)]
    assert_nothing_left(before, threads=session.settings.thread_slots)
    (inner,) = session.store.runs(parent=run.id).runs
    assert {each.state for each in session.store.run(inner.run_id).nodes.values()} == {
        NodeState.COMPLETED
    }
    assert_ended(session, [handle])


def test_two_hundred_flows_cancelled_at_any_moment_end_and_leave_nothing(journal_session):
    session, chance = journal_session, random.Random(7)
    handles = [session.start(any_flow(chance, ["inline", "thread", "process"]), {})]
    handles[0].wait(PATIENCE, check=False)
    before = Footprint()

    for number in range(RUNS):
        runners = ["inline", "thread", *(["process"] if number in WITH_PROCESSES else [])]
        handle = session.start(any_flow(chance, runners), {})
        with suppress(RunUnfinished):
            handle.wait(chance.uniform(0, 0.06), check=False)
        handle.cancel()
        assert handle.wait(PATIENCE, check=False).state.is_final
        handles.append(handle)

    states = {handle.state for handle in handles}
    assert {RunState.CANCELLED} < states
    assert_nothing_left(before, threads=session.settings.thread_slots)
    assert_ended(session, handles)


def test_a_closed_session_leaves_nothing(tmp_path):
    def live(name: str) -> None:
        store = JournalStore(tmp_path / name, SystemClock(), fold_after=None)
        session = make_session(Settings(home=tmp_path / name, process_slots=2), store=store)
        session.registry.discover()
        for each in CLASSES:
            session.adopt(each)
        chance = random.Random(1)
        handle = session.start(any_flow(chance, ["inline", "thread", "process"]), {})
        handle.wait(PATIENCE, check=False)
        session.close()

    others = set(psutil.Process().children(recursive=True))
    live("first")
    wait_until(lambda: set(psutil.Process().children(recursive=True)) <= others)
    before = Footprint()
    live("second")

    assert_nothing_left(before)

"""Victims in processes, here and on Dask: at their limit and at a cancel nothing of them is left; siblings live on."""

from __future__ import annotations

import gc
import time

import pytest

from dagy_nb.model.state import NodeState
from dagy_nb.nodes.cell import CellSource, compile_cell
from dagy_nb.nodes.registry import Registry
from dagy_nb.session.current import make_session
from dagy_nb.session.dask import use_dask
from dagy_nb.session.flow import Flow
from dagy_nb.settings import Settings
from dagy_nb.store.memory import MemoryStore
from tests.cluster import cluster_address
from tests.victims.cells import VICTIMS, list_cells
from tests.victims.table import add_cell
from tests.victims.watching import GRACE, Watch, freeze, read_notes, wait_until

pytestmark = pytest.mark.timeout(120)
LIMIT = 2.0
PATIENCE = 40.0
GROUPS = [["busy", "asleep", "parent"], ["regex", "stubborn", "deaf"], ["summing", "flooding"]]


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("home"), process_slots=4)
    made = make_session(settings, store=MemoryStore())
    made.registry = Registry()  # other tests' node types may have the same names
    made.registry.discover()
    for cell in list_cells(list(VICTIMS)):
        compile_cell(CellSource(cell), {}, registry=made.registry)
    yield made
    made.close()


@pytest.fixture(params=["process", "dask"])
def runner(request, session):
    if request.param == "dask":
        use_dask(cluster_address(), session=session)
    return request.param


def begin(session, runner, folder, names, *, limit, sibling):
    """Start victims and a sibling; return the run when every victim has told of its processes."""
    watch = Watch()
    flow = Flow("victims", session=session)
    for name in names:
        flow.add(name, id=name, config={"folder": str(folder)}, runner=runner, timeout=limit or 0)
    flow.add("sibling", id="sibling", config={"seconds": sibling}, runner=runner)
    handle = flow.run()
    watch_all(watch, folder, names)
    return handle, watch


def watch_all(watch, folder, names):
    """Have each victim looked at from the moment on at which it has told of its processes."""
    waiting = list(names)

    def look():
        for name in [each for each in waiting if (folder / each).exists()]:
            watch.add(name, read_notes(folder, name))
            waiting.remove(name)
        return not waiting

    assert wait_until(look, PATIENCE)


def check(runner, run, watch, names, ending, since, state):
    """Check what is left of each victim, and fill the table."""
    assert watch.wait(PATIENCE), watch.end()
    left = watch.end()
    for name in names:
        late = watch.gone_at[name] - since[name]
        ended = run[name]
        add_cell(
            runner,
            name,
            ending,
            f"{max(late, 0):.2f} s, {len(left[name])} left, {ended.state}, {ended.record.enforcement}",
        )
        assert late <= GRACE, f"{name}: {late:.2f} s"
        assert not left[name]
        assert (ended.state, ended.record.enforcement) == (state, "killed")
    assert run["sibling"].state is NodeState.COMPLETED
    assert run.outputs["sibling.output"] == 42


@pytest.mark.parametrize("names", GROUPS, ids=" ".join)
def test_at_its_limit_nothing_of_a_victim_is_left(session, runner, tmp_path, names):
    handle, watch = begin(session, runner, tmp_path, names, limit=LIMIT, sibling=LIMIT + 1)

    run = handle.wait(timeout=PATIENCE, check=False)

    limits = {name: run[name].record.started_at + LIMIT for name in names}
    check(runner, run, watch, names, "timeout", limits, NodeState.TIMED_OUT)


def test_at_its_limit_nothing_of_a_victim_is_left_though_the_kernel_is_frozen(
    session, runner, tmp_path
):
    handle, watch = begin(session, runner, tmp_path, ["busy"], limit=LIMIT, sibling=0.5)
    # The victim may tell of itself before the driver hears that it began.
    assert wait_until(lambda: handle.record.nodes["busy"].started_at, PATIENCE)
    limit = handle.record.nodes["busy"].started_at + LIMIT

    freeze(limit - time.time() + 2)
    woken = time.time()
    run = handle.wait(timeout=PATIENCE, check=False)

    assert watch.wait(PATIENCE), watch.end()
    watch.end()
    print(f"{runner} · busy · frozen: {watch.gone_at['busy'] - limit:.2f} s")
    assert watch.gone_at["busy"] < woken
    assert (run["busy"].state, run["busy"].record.enforcement) == (NodeState.TIMED_OUT, "killed")
    assert run.outputs["sibling.output"] == 42


@pytest.mark.parametrize("names", GROUPS, ids=" ".join)
def test_at_a_cancel_nothing_of_a_victim_is_left(session, runner, tmp_path, names):
    handle, watch = begin(session, runner, tmp_path, names, limit=None, sibling=1.0)

    # What thousands of tests before this one left is collected now, and not between the time and the cancel.
    gc.collect()
    asked = {}
    for name in names:
        asked[name] = time.time()
        handle.cancel(name)
    run = handle.wait(timeout=PATIENCE, check=False)

    check(runner, run, watch, names, "cancel", asked, NodeState.CANCELLED)

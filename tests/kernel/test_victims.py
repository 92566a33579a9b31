"""The kernel dies by a restart or by SIGKILL: no victim in a process, here or on Dask, outlives it; the record says so."""

from __future__ import annotations

import os
import signal
import uuid

import psutil
import pytest

from dagy_nb.engine.clock import SystemClock
from dagy_nb.model.state import NodeState, Reason, RunState
from dagy_nb.store import open_store
from tests.cluster import cluster_address
from tests.kernel.live import Kernel
from tests.victims.cells import list_cells
from tests.victims.table import add_cell
from tests.victims.watching import GRACE, Watch, is_alive, list_marked, read_notes, wait_until

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(180)]

PATIENCE = 40.0
GROUPS = [["busy", "asleep", "parent"], ["regex", "stubborn", "deaf"], ["summing", "flooding"]]

RUN = """
from dagy_nb import Flow
flow = Flow("victims")
for name in {names!r}:
    flow.add(name, id=name, config={{"folder": {folder!r}}}, runner={runner!r})
flow.add("sibling", id="sibling", runner={runner!r})
handle = flow.run()
while not handle.record.nodes["sibling"].state.is_final:
    import time; time.sleep(0.05)
print(handle.run_id, handle.record.nodes["sibling"].state)
"""


@pytest.fixture
def token():
    return uuid.uuid4().hex


@pytest.fixture(params=["process", "dask"])
def runner(request):
    return request.param


@pytest.fixture
def live(tmp_path, token, runner):
    """A kernel whose every descendant carries the token; a cluster lives on without it."""
    cluster = {"DAGY_DASK": cluster_address()} if runner == "dask" else {}
    kernel = Kernel(tmp_path, DAGY_VICTIMS=token, DAGY_PROCESS_SLOTS="4", **cluster)
    yield kernel
    kernel.close()
    assert wait_until(lambda: not list_marked(token), 5), list_marked(token)


def begin(kernel, runner, folder, names):
    """Start victims; return the run's id when each has told of its processes."""
    assert kernel.run("%load_ext dagy_nb").status == "ok"
    for cell in list_cells(names):
        assert kernel.run(cell).status == "ok"
    cell = kernel.run(RUN.format(names=names, runner=runner, folder=str(folder)))
    assert cell.status == "ok", cell.traceback
    run_id, sibling = [line for line in cell.stdout.splitlines() if "|" not in line][-1].split()
    assert sibling == "COMPLETED"
    assert wait_until(lambda: all((folder / name).exists() for name in names), PATIENCE)
    assert wait_until(lambda: are_running(folder, run_id, names), PATIENCE, every=0.1)
    return run_id


def are_running(folder, run_id, names):
    """Whether the kernel has recorded that the victims run."""
    store = open_store(folder / ".dagy", SystemClock())
    try:
        return all(store.run(run_id).nodes[name].state is NodeState.RUNNING for name in names)
    finally:
        store.close()


def kill(kernel):
    os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)


def restart(kernel):
    kernel.manager.restart_kernel()


@pytest.mark.parametrize("names", GROUPS, ids=" ".join)
@pytest.mark.parametrize(("ending", "end"), [("SIGKILL", kill), ("restart", restart)])
def test_nothing_of_a_victim_outlives_the_kernel(live, runner, tmp_path, token, names, ending, end):
    run_id = begin(live, runner, tmp_path, names)
    dying = psutil.Process(live.manager.provisioner.pid)
    watch = Watch({"kernel": [dying], **{name: read_notes(tmp_path, name) for name in names}})
    before = list_marked(token)

    end(live)
    assert watch.wait(PATIENCE), watch.end()
    # Guards, spares and whatever else it had started are gone as well.
    assert wait_until(lambda: not any(map(is_alive, before)), 5)

    left = watch.end()
    store = open_store(tmp_path / ".dagy", SystemClock())
    record = store.run(run_id)
    store.close()
    assert record.state is RunState.FAILED
    assert record.nodes["sibling"].state is NodeState.COMPLETED
    for name in names:
        late = max(0.0, watch.gone_at[name] - watch.gone_at["kernel"])
        ended = record.nodes[name]
        add_cell(
            runner,
            name,
            ending,
            f"{late:.2f} s, {len(left[name])} left, {ended.state}({ended.reason})",
        )
        assert late <= GRACE, f"{name}: {late:.2f} s"
        assert not left[name]
        assert (ended.state, ended.reason) == (NodeState.FAILED, Reason.CRASHED)

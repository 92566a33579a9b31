"""Nodes on a Dask cluster: told live, ended for certain, run once, never hung."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from dagy_nb.errors import RunFailed, RunnerError
from dagy_nb.model.datatype import DataType
from dagy_nb.model.retry import RetryKind, RetrySpec
from dagy_nb.model.state import NodeState, Reason
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.nodes.cell import CellSource, compile_cell
from dagy_nb.runners.dask import connection as connection_module
from dagy_nb.runners.dask.call import DaskCall
from dagy_nb.runners.dask.connection import DaskConnection
from dagy_nb.runners.dask.far import carry_call
from dagy_nb.runners.dask.freight import Freight
from dagy_nb.runners.dask.inputs import LARGE, InputShelf
from dagy_nb.runners.dask.runner import DaskRunner
from dagy_nb.session.dask import use_dask
from dagy_nb.session.flow import Flow
from tests.cluster import THREADS, WORKERS, cluster_address
from tests.flows import chain
from tests.runners import victims as v
from tests.victims.watching import is_alive, wait_until

pytestmark = pytest.mark.timeout(120)
PATIENCE = 40.0


class Teller(FlowNode, register=False):
    """Tells its processes to a file: the worker's that runs it, and Dask's above that."""

    y = Output(DataType.INTEGER)

    class Config(FlowNode.Config):
        folder: str = ""
        seconds: float = 600.0

    def execute(self, context):
        chain = [os.getpid(), *(each.pid for each in psutil.Process().parents())]
        path = Path(self.config.folder) / f"{context.node_id}-{context.attempt}"
        path.with_suffix(".part").write_text(" ".join(map(str, chain)))
        path.with_suffix(".part").rename(path)
        print("waiting")
        time.sleep(self.config.seconds)
        return context.attempt


class Impatient(Teller, register=False):
    """Waits the first time only."""

    def execute(self, context):
        if context.attempt == 1:
            return Teller.execute(self, context)
        return context.attempt


class Total(FlowNode, register=False):
    """Adds up a large value."""

    values = Input(DataType.ANY)
    total = Output(DataType.NUMBER)

    def execute(self, values):
        return float(np.sum(getattr(values, "numbers", values)))


class Counted:
    """A large value that counts how often it is pickled here."""

    pickled = 0

    def __init__(self, numbers):
        self.numbers = numbers

    def __reduce_ex__(self, protocol):
        type(self).pickled += 1
        return (_remake, (self.numbers,))


def _remake(numbers):
    made = Counted.__new__(Counted)
    made.numbers = numbers
    return made


class Source(FlowNode, register=False):
    """Makes a large value."""

    values = Output(DataType.ANY)

    def execute(self):
        return Counted(np.ones(LARGE // 8 + 1))


def find_dask_worker(pids: list[int], address: str) -> int:
    """Return which of these processes is a worker of Dask's."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        workers = set(client.run(os.getpid).values())
    (found,) = workers.intersection(pids)
    return found


@pytest.fixture
def runner():
    made = DaskRunner(DaskConnection(cluster_address()))
    yield made
    made.close()


@pytest.fixture
def flow(session):
    use_dask(cluster_address(), session=session)
    return Flow("clustered", session=session)


def read_pids(path: Path) -> list[int]:
    assert wait_until(path.exists, PATIENCE), f"{path.name} did not begin"
    return [int(pid) for pid in path.read_text().split()]


# --- what is told ------------------------------------------------------------------------------------


def test_lines_and_progress_come_while_the_body_runs(runner, tmp_path):
    ear, live = v.begin(runner, v.call_of(Teller, config={"folder": str(tmp_path)}))

    assert wait_until(lambda: ("STDOUT", "waiting") in ear.lines, PATIENCE)
    assert not ear.over.is_set()
    live.stop()
    assert ear.over.wait(PATIENCE)


def test_everything_is_told_before_the_end_and_in_order(runner):
    class Chatter(FlowNode, register=False):
        def execute(self, context):
            for number in range(2_000):
                print(number)
                if number % 500 == 0:
                    context.progress(number / 2_000, str(number))

    ear = v.run(runner, Chatter)

    told = [int(text) for _, text in ear.lines if text.isdigit()]
    assert told == sorted(told)
    assert len(told) >= 1_000
    assert ear.told[-1] == "ended"
    assert [fraction for fraction, _ in ear.progress] == sorted(f for f, _ in ear.progress)


def test_a_node_of_a_cell_runs_there_with_its_helpers(flow, session):
    cell = (
        "%%flownode\nBASE = 3\ndef helper(x):\n    return BASE * x\n\n"
        "class CellTimes(FlowNode):\n    y = Output(DataType.INTEGER)\n"
        "    def execute(self):\n        import sys\n        return helper(14)\n"
    )
    setup = "%%flownode\nfrom dagy_nb import DataType, FlowNode, Output\n"
    compile_cell(
        CellSource(setup + cell.removeprefix("%%flownode\n")), {}, registry=session.registry
    )
    flow.add("CellTimes", id="times", runner="dask")

    assert flow.run().wait(PATIENCE).outputs == {"times.y": 42}


# --- values ------------------------------------------------------------------------------------------


def test_a_large_value_goes_to_the_cluster_once_however_many_nodes_take_it(flow):
    Counted.pickled = 0
    flow.add(Source, id="source", runner="thread")
    for number in range(4):
        flow.add(Total, id=f"total{number}", runner="dask")
        flow.connect("source.values", f"total{number}.values")

    run = flow.run().wait(PATIENCE)

    assert {run.outputs[f"total{number}.total"] for number in range(4)} == {LARGE // 8 + 1}
    assert Counted.pickled == 1


def test_inputs_are_not_unpacked_in_dasks_own_process(runner):
    """Only the process that runs the body needs the classes of its inputs."""
    value = {"told": _PidOfUnpickling()}

    outcome = v.run(runner, Unpacked, {"value": value}).outcome

    unpacked_in, body = outcome.outputs["pids"]
    assert unpacked_in == body != os.getpid()


class _PidOfUnpickling:
    def __reduce__(self):
        return (os.getpid, ())


class Unpacked(FlowNode, register=False):
    value = Input(DataType.ANY)
    pids = Output(DataType.LIST)

    def execute(self, value):
        return [value["told"], os.getpid()]


def test_small_values_are_packed_and_large_ones_scattered_once():
    shelf, scattered = InputShelf(), []

    def scatter(freight):
        scattered.append(freight.size)
        return f"future {len(scattered)}"

    large, equal = np.zeros(LARGE // 8), np.zeros(LARGE // 8)

    assert isinstance(shelf.put(np.zeros(LARGE // 8 - 1_000), scatter), Freight)
    assert [shelf.put(large, scatter) for _ in range(3)] == ["future 1"] * 3
    assert shelf.put(equal, scatter) == "future 2"
    assert len(scattered) == 2


def test_a_value_that_is_gone_leaves_the_cluster():
    shelf = InputShelf()
    value: Any = np.zeros(LARGE)
    shelf.put(value, lambda freight: object())

    assert len(shelf._known) == 1
    del value
    assert not shelf._known


def test_of_values_without_weak_references_few_are_held():
    shelf = InputShelf()
    values = [b"x" * (LARGE + number) for number in range(20)]
    for value in values:
        shelf.put(value, lambda freight: object())

    assert len(shelf._known) <= 17
    shelf.clear()
    assert not shelf._known


def test_one_scatter_serves_threads_that_ask_at_the_same_time():
    shelf, scattered, value = InputShelf(), [], np.zeros(LARGE)
    gate = threading.Barrier(4)

    def ask():
        gate.wait()
        shelf.put(value, lambda freight: scattered.append(freight) or "future")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(scattered) == 1


@pytest.mark.parametrize("protocol", [4, 5])
def test_freight_survives_every_way_of_pickling(protocol):
    buffers: list[pickle.PickleBuffer] = []
    freight = Freight([b"one", bytearray(b"two"), memoryview(b"three")])
    data = pickle.dumps(
        freight, protocol=protocol, buffer_callback=buffers.append if protocol == 5 else None
    )

    assert [bytes(each) for each in pickle.loads(data, buffers=buffers).buffers] == [
        b"one",
        b"two",
        b"three",
    ]
    assert sys.getsizeof(freight) >= 11


# --- deaths ------------------------------------------------------------------------------------------


def test_a_node_whose_worker_is_killed_is_failed_and_its_process_is_gone(flow, tmp_path):
    flow.add(Teller, id="teller", folder=str(tmp_path), runner="dask")
    handle = flow.run()
    pids = read_pids(tmp_path / "teller-1")
    body = psutil.Process(pids[0])

    os.kill(find_dask_worker(pids, cluster_address()), signal.SIGKILL)
    run = handle.wait(PATIENCE, check=False)

    node = run["teller"]
    assert (node.state, node.reason) == (NodeState.FAILED, Reason.CRASHED)
    assert node.error.code == "runner.worker_died"
    assert wait_until(lambda: not is_alive(body), 2)


def test_a_node_whose_worker_is_killed_is_tried_again_where_it_asks_for_that(flow, tmp_path):
    flow.add(
        Impatient,
        id="again",
        folder=str(tmp_path),
        runner="dask",
        retries=1,
        retry=RetrySpec(on=(RetryKind.CRASHED,)),
    )
    handle = flow.run()
    pids = read_pids(tmp_path / "again-1")

    os.kill(find_dask_worker(pids, cluster_address()), signal.SIGKILL)
    run = handle.wait(PATIENCE, check=False)

    assert run["again"].state is NodeState.COMPLETED, run["again"].error
    assert run.outputs == {"again.y": 2}
    assert run["again"].record.attempts == 2


def test_a_body_never_runs_twice_for_one_attempt(flow, tmp_path):
    """Dask gives the work of a dead worker to another one; ours says no."""
    flow.add(Teller, id="once", folder=str(tmp_path), runner="dask")
    handle = flow.run()
    path = tmp_path / "once-1"
    pids = read_pids(path)
    path.unlink()

    os.kill(find_dask_worker(pids, cluster_address()), signal.SIGKILL)
    handle.wait(PATIENCE, check=False)

    assert not wait_until(path.exists, 2)


def test_a_task_that_begins_a_second_time_is_told_that_it_is_lost(runner):
    """What Dask does on its own when a worker dies between two messages."""
    client = runner.connection.connect().client
    freight, places, values = pack_by_hand(v.call_of(v.Adder, {"a": 1, "b": 2}))

    endings = [
        client.submit(
            carry_call, freight, places, values, "twice", "nowhere", key=f"try {number}", pure=False
        ).result(PATIENCE)
        for number in range(2)
    ]

    assert [each.lost for each in endings] == [False, True]


def pack_by_hand(call):
    return DaskCall(call, v.Ear(), None, InputShelf(), lambda: None)._pack(None)


def test_a_call_that_waits_for_a_place_is_stopped_without_beginning(runner, tmp_path):
    config = {"folder": str(tmp_path)}
    busy = [
        v.begin(runner, v.call_of(Teller, node_id=f"busy{number}", config=config))
        for number in range(WORKERS * THREADS)
    ]
    assert wait_until(lambda: all(ear.begun.is_set() for ear, _ in busy), PATIENCE)
    ear, waiting = v.begin(runner, v.call_of(Teller, node_id="waiting", config=config))

    assert waiting.stop() in {"killing", "cancelled"}
    for _, live in busy:
        live.stop()

    assert all(each.over.wait(PATIENCE) for each, _ in busy)
    assert wait_until(lambda: not runner._live, PATIENCE)
    assert not ear.begun.is_set()
    assert not (tmp_path / "waiting-1").exists()


def test_a_worker_of_ours_that_dies_fails_only_its_node(runner):
    class Suicide(FlowNode, register=False):
        def execute(self):
            os.kill(os.getpid(), signal.SIGKILL)

    outcome = v.run(runner, Suicide).outcome

    assert outcome.crashed
    assert outcome.error.code == "runner.worker_died"
    assert v.run(runner, v.Adder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}


def test_a_body_ends_when_the_notebook_is_gone(tmp_path):
    """A killed notebook leaves nothing running on a cluster that lives on."""
    script = f"""
import sys; sys.path[:] = {sys.path!r}
from dagy_nb.runners.dask.connection import DaskConnection
from dagy_nb.runners.dask.runner import DaskRunner
from tests.runners import victims as v
from tests.runners.test_dask import Teller
import threading
if __name__ == "__main__":
    v.begin(DaskRunner(DaskConnection({cluster_address()!r})), v.call_of(Teller, config={{"folder": {str(tmp_path)!r}}}))
    threading.Event().wait(60)
"""
    notebook = subprocess.Popen([sys.executable, "-c", script])
    try:
        body = psutil.Process(read_pids(tmp_path / "node-1")[0])
    finally:
        notebook.kill()
        notebook.wait()

    assert wait_until(lambda: not is_alive(body), 5)


# --- clusters ----------------------------------------------------------------------------------------


def test_a_scheduler_that_goes_is_a_crash_not_a_hang(session, tmp_path, monkeypatch):
    """Scheduler and worker as programs of their own, as on a real cluster."""
    programs, address = start_programs(tmp_path)
    try:
        use_dask(address, session=session)
        flow = Flow("lost", session=session)
        flow.add(Teller, id="teller", folder=str(tmp_path), runner="dask")
        handle = flow.run()
        body = psutil.Process(read_pids(tmp_path / "teller-1")[0])
        programs[0].kill()
        run = handle.wait(PATIENCE, check=False)

        assert (run["teller"].state, run["teller"].reason) == (NodeState.FAILED, Reason.CRASHED)
        assert run["teller"].error.code == "runner.cluster_lost"
        assert wait_until(lambda: not is_alive(body), 10)
        monkeypatch.setattr(connection_module, "CONNECT_SECONDS", 0.5)
        with pytest.raises(RunnerError) as caught:
            flow.run()
        assert caught.value.code == "runner.cluster_unreachable"
    finally:
        for each in programs:
            each.kill()
            each.wait()


def start_programs(folder: Path) -> tuple[list[subprocess.Popen[bytes]], str]:
    """Start a scheduler and a worker; return them and the scheduler's address."""
    told = folder / "scheduler.json"
    module = [sys.executable, "-m"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    programs = [
        subprocess.Popen(
            [
                *(*module, "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard"),
                *("--scheduler-file", str(told)),
            ],
            **quiet,
        ),
        subprocess.Popen(
            [
                *(*module, "distributed.cli.dask_worker", "--scheduler-file", str(told)),
                *("--no-dashboard", "--no-nanny", "--nthreads", "2"),
            ],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            **quiet,
        ),
    ]
    assert wait_until(lambda: told.exists() and told.stat().st_size > 0, PATIENCE)
    return programs, json.loads(told.read_text())["address"]


def test_an_address_where_nobody_is_is_refused_before_the_run(session, monkeypatch):
    monkeypatch.setattr(connection_module, "CONNECT_SECONDS", 0.5)
    use_dask("tcp://127.0.0.1:9", session=session)

    with pytest.raises(RunnerError) as caught:
        chain(session).run(runner="dask")

    assert caught.value.code == "runner.cluster_unreachable"
    assert "tcp://127.0.0.1:9" in caught.value.reason
    assert not session.store.runs().runs


def test_a_cluster_with_another_version_is_refused_before_the_run(session, monkeypatch):
    monkeypatch.setattr(connection_module, "__version__", "99.0")
    use_dask(cluster_address(), session=session)

    with pytest.raises(RunnerError) as caught:
        chain(session).run(runner="dask")

    assert caught.value.code == "runner.cluster_unfit"
    assert "99.0" in caught.value.reason
    assert "dagy_nb==99.0" in caught.value.suggestion
    assert not session.store.runs().runs


def test_a_client_of_the_users_own_is_used_and_stays_theirs(session):
    from distributed import Client

    with Client(cluster_address(), set_as_default=False) as client:
        heard = []
        client.subscribe_topic("all", heard.append)
        use_dask(client, session=session)

        assert chain(session).run(runner="dask").wait(PATIENCE).outputs["n2.output"] == 4
        session.runners["dask"].close()
        assert client.submit(lambda: 1, pure=False).result() == 1
        assert client._event_handlers["all"] == heard.append


def test_what_is_no_cluster_is_refused(session):
    with pytest.raises(RunnerError) as caught:
        use_dask(42, session=session)

    assert caught.value.code == "runner.dask_target"


def test_a_node_that_cannot_be_pickled_fails_by_name(flow):
    lock = threading.Lock()

    class Locked(FlowNode, register=False):
        value = Input(DataType.ANY)

        def execute(self, value):
            return None

    class Maker(FlowNode, register=False):
        value = Output(DataType.ANY)

        def execute(self):
            return lock

    flow.add(Maker, id="maker", runner="thread")
    flow.add(Locked, id="locked", runner="dask")
    flow.connect("maker.value", "locked.value")

    with pytest.raises(RunFailed):
        flow.run().wait(PATIENCE)
    assert flow.last_run.result["locked"].error.code == "runner.unpicklable_input"


def test_without_dask_everything_else_works(tmp_path):
    """Its import is blocked; flows run, and who asks for it is told how to get it."""
    script = f"""
import sys; sys.path[:] = {sys.path!r}
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("distributed", "dask"):
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Block())
from pathlib import Path
from dagy_nb.errors import DagyError
from dagy_nb.session.current import make_session
from dagy_nb.settings import Settings
from dagy_nb.store.memory import MemoryStore
from tests.flows import chain
session = make_session(Settings(home=Path({str(tmp_path)!r})), store=MemoryStore())
flow = chain(session)
print(flow.run().wait().outputs["n2.output"])
for options in ({{"runner": "dask"}}, {{"backend": "dask"}}):
    try:
        flow.run(**options)
    except DagyError as error:
        print(error.code, "|", error.suggestion)
session.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith("n")]
    assert lines[0] == "4"
    assert lines[1].startswith("runner.needs_extra | pip install")
    assert lines[2].startswith("backend.unavailable | pip install")

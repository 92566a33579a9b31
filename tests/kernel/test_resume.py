"""A kernel is killed in node 4 of 6; another one goes on with the run (Show 4)."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from dagy_nb.store.outputs import OutputFiles
from tests.kernel.live import PATIENCE, Kernel

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(240)]

STEP = """%%flownode
from pathlib import Path
def step{n}(x: int, folder: str = '') -> int:
    with open(Path(folder) / 'ran', 'a') as file:
        file.write('{n} ')
    {body}
    return x + {n}"""
FIRST = STEP.replace("x: int, ", "").replace("return x + {n}", "return {n}")
STUCK = "import time; time.sleep(600)"
NODES = "\n".join(f"  n{n}: {{type: step{n}, config: {{folder: FOLDER}}}}" for n in range(1, 7))
EDGES = "\n".join(f"  - n{n}.output -> n{n + 1}.x" for n in range(1, 6))


def open_notebook(folder: Path, *, body: str) -> Kernel:
    """Start a kernel and run the notebook's cells in it; `body` is what node 4 does."""
    kernel = Kernel(folder)
    assert kernel.run("%load_ext dagy_nb").status == "ok"
    for n in range(1, 7):
        text = (FIRST if n == 1 else STEP).format(n=n, body=body if n == 4 else "pass")
        assert kernel.run(text).status == "ok"
    flow = f"%%flow six\nnodes:\n{NODES}\nedges:\n{EDGES}".replace("FOLDER", f"'{folder}'")
    assert kernel.run(flow).status == "ok"
    return kernel


def wait_for(path: Path, text: str) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if path.exists() and text in path.read_text():
            return
        os.sched_yield()
    raise AssertionError(f"{path} never said {text}")


def wait_until_kept(folder: Path, *nodes: str) -> None:
    """Wait for the moment in which outputs are written, behind the run's back."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        kept = OutputFiles(folder)
        found = set(kept.last("six"))
        kept.close()
        if found >= set(nodes):
            return
    raise AssertionError(f"only {found} are kept")


def test_a_killed_kernels_run_goes_on_in_another_kernel(tmp_path: Path) -> None:
    first = open_notebook(tmp_path, body=STUCK)
    started = first.run("handle = %flow run six --keep --background\nhandle.run_id")
    run_id = started.result.strip("'")
    wait_for(tmp_path / "ran", "4 ")
    wait_until_kept(tmp_path / ".dagy" / "outputs", "n1", "n2", "n3")
    process = first.manager.provisioner.process
    os.kill(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)
    first.close()
    assert (tmp_path / "ran").read_text() == "1 2 3 4 "

    second = open_notebook(tmp_path, body="pass  # mended")
    try:
        cell = second.run(f"run = %flow resume {run_id}\nrun.outputs['n6.output']")
        assert (cell.status, cell.result) == ("ok", "21"), cell
        assert (tmp_path / "ran").read_text() == "1 2 3 4 4 5 6 "
        told = second.run(
            "dict(__import__('dagy_nb').connect().execute('''"
            "SELECT a.node_id, a.node_version = b.node_version FROM node_runs a "
            "JOIN node_runs b USING (node_id) "
            f"WHERE a.run_id = '{run_id}' AND b.run_id != a.run_id''').fetchall())"
        )
        same = {f"n{n}": n != 4 for n in range(1, 7)}
        assert eval(told.result) == same  # lineage shows both versions of the mended node
        states = second.run(
            "{each.node_id: str(each.reason or each.state) for each in run.record.nodes.values()}"
        )
        assert eval(states.result) == {
            **dict.fromkeys(("n1", "n2", "n3"), "up_to_date"),
            **dict.fromkeys(("n4", "n5", "n6"), "COMPLETED"),
        }
        assert second.run("run.record.resumed_from").result == repr(run_id)
    finally:
        second.close()


def test_the_magic_gives_a_resumed_run_other_values(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    flow = "%%flow f\nparameters: {k: 0}\nnodes: {b: {type: bad, config: {k: '${params.k}'}}}"
    try:
        kernel.run("%load_ext dagy_nb")
        kernel.run(
            "%%flownode\ndef bad(k: int = 7, more: int = 0) -> int:\n    return 1 // k + more"
        )
        kernel.run(flow)
        assert kernel.run("%flow run f").ename == "RunFailed"
        run_id = eval(kernel.run("list(__import__('dagy_nb').history().run_id)[0]").result)
        asking = flow.replace("k: 0", "k: 0, more: {type: any}")
        kernel.run(asking.replace("}'}", "}', more: '${params.more}'}"))

        refused = kernel.run(f"%flow resume {run_id} -p k=1")
        assert "[parameter.missing]" in refused.evalue

        told = kernel.run(f"run = %flow resume {run_id} -p k=1 -p more=2\nrun.outputs['b.output']")
        assert told.result == "3"
    finally:
        kernel.close()


def test_the_debugger_stands_in_the_nodes_own_frame(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    try:
        kernel.run("%load_ext dagy_nb")
        kernel.run(
            "%%flownode\ndef bad(k: int = 7) -> int:\n    inner = k + 1\n    return inner / 0"
        )
        kernel.run("%%flow f\nnodes: {b: {type: bad}}")
        failed = kernel.run("%flow run f")
        assert failed.ename == "RunFailed"
        again = kernel.run(
            "import dagy_nb, sys\n"
            "run_id = list(__import__('dagy_nb').history().run_id)[0]\n"
            "dagy_nb.replay(run_id, 'b').run()"
        )
        assert again.ename == "ZeroDivisionError"
        last = kernel.run(
            "frame = sys.last_traceback\n"
            "while frame.tb_next: frame = frame.tb_next\n"
            "frame.tb_frame.f_locals['inner']"
        )
        assert last.result == "8"
    finally:
        kernel.close()

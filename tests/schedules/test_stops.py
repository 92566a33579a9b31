"""Whatever ends a run from outside its cells is named, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from dagy_nb.model.event import CancelRequested, Event, LogWritten
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.schedules.limits import Timeouts
from dagy_nb.schedules.notebook import NotebookRun, run_notebook
from dagy_nb.schedules.reporter import NotebookReporter
from dagy_nb.settings import Settings
from dagy_nb.store.memory import MemoryStore
from tests.schedules.build import (
    BROOD,
    QUICK,
    is_running,
    read_output,
    read_pids,
    read_printed,
    read_statuses,
    run,
    wait_until,
    write_notebook,
)

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
]
HANG = "import time\nwhile True: time.sleep(0.1)"
STUBBORN = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


def check_gone(folder: Path) -> None:
    """The kernel and both of its children are gone."""
    pids = read_pids(read_printed(read_output(folder)))
    assert len(pids) == 3
    wait_until(lambda: not any(map(is_running, pids)))


@pytest.mark.parametrize(
    ("cell", "timeouts", "code"),
    [
        (HANG, Timeouts(cell=0.5), "notebook.cell_timeout"),
        (STUBBORN + HANG, Timeouts(cell=0.5), "notebook.cell_timeout"),
        (HANG, Timeouts(silence=0.5), "notebook.silence_timeout"),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
            Timeouts(frozen=4),
            "notebook.kernel_frozen",
        ),
    ],
    ids=["cell", "stubborn", "silence", "frozen"],
)
def test_a_limit_ends_the_run_and_all_its_processes(
    tmp_path: Path, cell: str, timeouts: Timeouts, code: str
) -> None:
    store = MemoryStore()
    done = run(tmp_path, store, BROOD, cell, "print('never')", timeouts=timeouts)
    record = store.run(done.run_id)
    notebook = read_output(tmp_path)

    assert done.state is record.state is RunState.TIMED_OUT
    assert done.error is not None
    assert done.error.code == code
    assert done.cell is not None
    assert done.cell.index == 1
    assert [each.state for each in record.cells] == [NodeState.COMPLETED, NodeState.TIMED_OUT]
    assert read_statuses(notebook) == ["completed", "failed", "pending"]
    assert code in notebook.cells[1].outputs[-1].evalue
    check_gone(tmp_path)


def test_the_run_s_limit_counts_over_all_cells(tmp_path: Path) -> None:
    cells = ["import time; time.sleep(0.4)"] * 20
    done = run(tmp_path, MemoryStore(), *cells, timeouts=Timeouts(run=3))

    assert done.state is RunState.TIMED_OUT
    assert done.error is not None
    assert done.error.code == "notebook.run_timeout"


def test_a_kernel_that_does_not_answer_in_time_is_told(tmp_path: Path) -> None:
    done = run(tmp_path, MemoryStore(), "1", timeouts=Timeouts(start=0.01))

    assert done.state is RunState.TIMED_OUT
    assert done.error is not None
    assert done.error.code == "notebook.start_timeout"
    assert done.cell is None


def test_silence_is_counted_from_the_last_output(tmp_path: Path) -> None:
    talk = "import time\nfor i in range(6): print(i, flush=True); time.sleep(0.7)"

    assert run(tmp_path, MemoryStore(), talk, timeouts=Timeouts(silence=3)).ok


@pytest.mark.parametrize("cell", ["import os; os.kill(os.getpid(), 9)", "import os; os._exit(3)"])
def test_a_dead_kernel_is_noticed_and_marked_truly(tmp_path: Path, cell: str) -> None:
    """papermill marks every cell of such a notebook as completed."""
    store = MemoryStore()
    done = run(tmp_path, store, "x = 1", cell, "print('never')")

    assert done.state is RunState.FAILED
    assert done.error is not None
    assert done.error.code == "notebook.kernel_died"
    assert ("signal 9" in done.error.message) or ("exit code 3" in done.error.message)
    assert read_statuses(read_output(tmp_path)) == ["completed", "failed", "pending"]


def test_processes_of_a_notebook_that_ended_well_are_ended_too(tmp_path: Path) -> None:
    assert run(tmp_path, MemoryStore(), BROOD).ok
    check_gone(tmp_path)


class Hearing:
    """Waits until a run printed a word."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.heard = threading.Event()
        self.run_id = ""

    def __call__(self, event: Event) -> None:
        if isinstance(event, LogWritten) and self.word in event.text:
            self.run_id = event.run_id
            self.heard.set()


def run_aside(
    folder: Path, store: Any, *cells: str, **options: Any
) -> tuple[threading.Thread, list[NotebookRun]]:
    """Run a notebook in another thread."""
    results: list[NotebookRun] = []
    thread = threading.Thread(target=lambda: results.append(run(folder, store, *cells, **options)))
    thread.start()
    return thread, results


@pytest.mark.parametrize("way", ["store", "reporter"])
def test_a_cancel_from_elsewhere_ends_the_run(tmp_path: Path, way: str) -> None:
    store, hearing = MemoryStore(), Hearing("PIDS")
    reporters: list[NotebookReporter] = []
    thread, results = run_aside(
        tmp_path, store, BROOD, HANG, on_event=hearing, on_start=reporters.append
    )
    assert hearing.heard.wait(40)

    if way == "store":
        store.append(CancelRequested(at=time.time(), run_id=hearing.run_id, by="test"))
    else:
        reporters[0].cancel("the test")
        reporters[0].cancel("somebody later")
    thread.join(20)

    (done,) = results
    assert done.state is RunState.CANCELLED
    assert done.error is not None
    assert done.error.code == "notebook.cancelled"
    assert ("another process" if way == "store" else "by the test") in done.error.message
    check_gone(tmp_path)


SCRIPT = """\
import sys
from pathlib import Path
from dagy_nb.schedules.notebook import run_notebook
from dagy_nb.settings import Settings
folder = Path(sys.argv[1])
try:
    run = run_notebook(folder / "in.ipynb", output=folder / "out.ipynb", settings=Settings(home=folder / ".dagy"))
except KeyboardInterrupt:
    print("interrupted")
else:
    print(run.state)
"""


@pytest.mark.parametrize(
    ("number", "printed"), [(signal.SIGTERM, "CANCELLED"), (signal.SIGINT, "interrupted")]
)
def test_a_signal_cancels_records_and_leaves_nothing(
    tmp_path: Path, number: int, printed: str
) -> None:
    from dagy_nb.engine.clock import SystemClock
    from dagy_nb.store import open_store

    flag = tmp_path / "started"
    write_notebook(tmp_path, BROOD, f"open({str(flag)!r}, 'w').close()\n" + HANG)
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: flag.exists() or process.poll() is not None, 40)
        os.kill(process.pid, number)
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()

    store = open_store(tmp_path / ".dagy", SystemClock())
    try:
        (record,) = store.runs().runs
    finally:
        store.close()
    assert out.strip() == printed
    assert record.state is RunState.CANCELLED
    check_gone(tmp_path)


def test_an_interrupt_of_the_waiting_thread_is_passed_on_once_the_run_has_ended(
    tmp_path: Path,
) -> None:
    """As an interrupted cell of a notebook that runs another notebook."""
    store, hearing = MemoryStore(), Hearing("PIDS")

    def interrupt() -> None:
        assert hearing.heard.wait(40)
        os.kill(os.getpid(), signal.SIGINT)

    other = threading.Thread(target=interrupt)
    other.start()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, store, BROOD, HANG, on_event=hearing)
    other.join()

    assert store.run(hearing.run_id).state is RunState.CANCELLED
    check_gone(tmp_path)


def test_a_run_works_inside_a_running_event_loop(tmp_path: Path) -> None:
    """As in a cell of a notebook."""
    import asyncio

    async def cell() -> NotebookRun:
        return run(tmp_path, MemoryStore(), "print('inside')")

    assert asyncio.run(cell()).ok


def test_runs_side_by_side_do_not_collide(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(4)]
    for folder in folders:
        folder.mkdir()
    asides = [run_aside(folder, MemoryStore(), "print('ok')") for folder in folders]
    for thread, _ in asides:
        thread.join(50)

    assert [results[0].state for _, results in asides] == [RunState.COMPLETED] * 4


def test_a_store_that_fails_does_not_fail_the_notebook(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from dagy_nb.errors import StoreError

    class Broken(MemoryStore):
        def append(self, *events: Event, durable: bool = False) -> None:
            raise StoreError("the disk is full", code="store.full")

    reporters: list[NotebookReporter] = []
    done = run(tmp_path, Broken(), "print('ok')", on_start=reporters.append)

    assert done.ok
    assert reporters[0].trouble is not None
    assert len([each for each in caplog.records if "not recorded" in each.message]) == 1


def test_the_default_limits_are_none_that_work_would_reach_by_accident():
    assert Timeouts() == Timeouts(start=60, cell=None, run=86_400, silence=None, frozen=60)
    assert QUICK.cell is None
    assert run_notebook.__kwdefaults__["timeouts"] == Timeouts()
    assert Settings(home=Path()).parent_run == ""


def test_whatever_breaks_the_waiting_ends_the_run(tmp_path: Path) -> None:
    """As a signal handler of somebody else that raises."""

    class Broken(Exception):
        pass

    def fail(number: int, frame: object) -> None:
        raise Broken

    store, hearing = MemoryStore(), Hearing("PIDS")
    before = signal.signal(signal.SIGUSR1, fail)

    def disturb() -> None:
        assert hearing.heard.wait(40)
        os.kill(os.getpid(), signal.SIGUSR1)

    other = threading.Thread(target=disturb)
    other.start()
    try:
        with pytest.raises(Broken):
            run(tmp_path, store, BROOD, HANG, on_event=hearing)
    finally:
        signal.signal(signal.SIGUSR1, before)
        other.join()

    assert store.run(hearing.run_id).state is RunState.CANCELLED
    check_gone(tmp_path)

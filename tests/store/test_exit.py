"""How a process that has asked its records ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
from dagy_nb import Flow, connect, node


@node
def first() -> int:
    return 1


@node
def fails(number: int) -> int:
    raise ValueError(number)


flow = Flow("exit")
flow.add(first)
flow.run().wait()
flow.session.store.fold(publish=True)
flow.session.store.runs()
flow.add(fails)
flow.connect("first.output", "fails.number")
kept = flow.run().wait(check=False)
open_still = connect()
"""


FORGETFUL = """
import time

from dagy_nb import Flow, node


@node
def slow() -> int:
    time.sleep(60)
    return 1


flow = Flow("exit")
flow.add(slow)
print(flow.run().run_id)
"""


def test_a_process_that_keeps_a_failed_run_and_a_connection_ends_without_a_word(tmp_path: Path):
    ended = run_script(tmp_path, SCRIPT)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_script_that_waits_for_no_run_is_told_that_the_run_ends_with_it(tmp_path: Path):
    ended = run_script(tmp_path, FORGETFUL)

    assert ended.returncode == 0
    assert ended.stderr == (
        f"Run {ended.stdout.strip()} was going on when Python ended, and ends with it. "
        "Wait for a run: handle.wait().\n"
    )


def run_script(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Run a script with a store of its own."""
    script = folder / "script.py"
    script.write_text(text)
    return subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={"DAGY_HOME": str(folder / "home"), "PATH": "/usr/bin:/bin"},
    )

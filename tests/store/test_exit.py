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


def test_a_process_that_keeps_a_failed_run_and_a_connection_ends_without_a_word(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)

    ended = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={"DAGY_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"},
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")

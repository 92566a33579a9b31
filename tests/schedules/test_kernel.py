"""A kernel's process ends for certain, and nothing else does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import SimpleNamespace

from dagy_nb.schedules.kernel import PrivateKernel


def test_a_kernel_in_our_own_process_group_is_killed_alone() -> None:
    """A kernel's provisioner may be somebody else's, and start it beside us."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    kernel = PrivateKernel("python3", env={}, cwd=None)
    kernel.manager.provisioner = SimpleNamespace(  # type: ignore[assignment]
        pgid=os.getpgrp(), pid=child.pid, process=child
    )
    kernel.note_process()

    kernel.kill()

    assert child.wait(10) == -signal.SIGKILL
    assert kernel.is_dead
    kernel.remove_folder()
    assert not kernel.folder.exists()

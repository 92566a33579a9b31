"""A process in, all that descend from it out, with the memory they take; and ties between processes.

Linux tells it by `/proc` and `prctl`. Elsewhere `psutil` is asked, and a descendant that left the tree by
starting a session of its own after its parent died is not found.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections import defaultdict
from pathlib import Path

IS_LINUX = sys.platform == "linux"
_PROC = Path("/proc")
_SET_PARENT_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36
_PAGE = os.sysconf("SC_PAGE_SIZE")


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies."""
    if IS_LINUX:
        _prctl(_SET_CHILD_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """Be killed when `parent` dies, which must be the parent process of this one."""
    if not IS_LINUX:
        return
    _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def offer_to_oom_killer() -> None:
    """Let the system, when memory is gone, rather end this process than the notebook's kernel."""
    if IS_LINUX:
        try:
            (_PROC / "self" / "oom_score_adj").write_text("600")
        except OSError:
            # A sandbox may forbid it; nothing else depends on it.
            return


def list_descendants(root: int) -> list[int]:
    """Return the ids of all processes below `root`, also of those that ended and are only waited for."""
    if not IS_LINUX:
        return _ask_psutil(root)
    children: dict[int, list[int]] = defaultdict(list)
    for name in os.listdir(_PROC):  # noqa: PTH208 - hundreds of names, many times a second
        if name.isdigit():
            parent = _read_parent(int(name))
            if parent:
                children[parent].append(int(name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def measure(pids: list[int]) -> int:
    """Return the memory of processes in bytes; what they share counts in each of them."""
    return sum(_read_pages(pid) for pid in pids)


def measure_exactly(pids: list[int]) -> int:
    """Return the memory of processes in bytes, what they share counted once; it takes milliseconds."""
    return sum(_read_share(pid) for pid in pids)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _read_parent(pid: int) -> int:
    """Return the parent's id; 0 for a process that is gone."""
    try:
        text = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return 0
    # The name in parentheses may hold anything, also parentheses.
    return int(text[text.rindex(b")") + 2 :].split(maxsplit=2)[1])


def _read_pages(pid: int) -> int:
    if not IS_LINUX:
        return _ask_psutil_memory(pid)
    try:
        return int((_PROC / str(pid) / "statm").read_bytes().split()[1]) * _PAGE
    except OSError:
        return 0


def _read_share(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_bytes().splitlines()
    except OSError:
        return _read_pages(pid)
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(b"Pss:")), 0)


def _ask_psutil(root: int) -> list[int]:
    import psutil

    try:
        return [each.pid for each in psutil.Process(root).children(recursive=True)]
    except psutil.Error:
        return []


def _ask_psutil_memory(pid: int) -> int:
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0

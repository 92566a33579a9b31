"""A worker after a node in, why it must not serve another one out."""

from __future__ import annotations

import gc
import os
import threading

from dagy_nb.runners.worker.descent import measure

MOST_GROWTH = 256 * 1024 * 1024
"""Bytes by which a worker may be larger than it was before its first node."""


class Wear:
    """What nodes left behind in this process.

    Args:
        most_nodes: How many nodes it may serve.
    """

    def __init__(self, most_nodes: int) -> None:
        self._left = most_nodes
        self._memory = measure([os.getpid()])
        self._threads = threading.active_count()

    def judge(self) -> str:
        """Return why this worker must not be used again; empty where it may."""
        self._left -= 1
        if _has_children():
            return "processes"
        if threading.active_count() > self._threads:
            return "threads"
        if self._left <= 0:
            return "nodes"
        return ""

    @property
    def has_grown(self) -> bool:
        """Whether much more memory is kept than before the first node; to be asked between calls."""
        if not self._is_large():
            return False
        gc.collect()
        return self._is_large()

    def _is_large(self) -> bool:
        return measure([os.getpid()]) - self._memory > MOST_GROWTH


def _has_children() -> bool:
    """Whether a child lives or was not waited for; on Linux orphans of children are among them."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True

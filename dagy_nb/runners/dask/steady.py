"""A Dask worker in, the same worker without an ear for interrupts out: what our own clusters load first.

An interrupt of a cell goes to the kernel's whole process group, and so to the workers of a cluster on this
machine. They would end with a long traceback each; yet a cancel reaches what they run by another way.
"""

from __future__ import annotations

import signal
import threading


def dask_setup(_worker: object) -> None:
    """Ignore interrupts; Dask calls this in each worker when it starts."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

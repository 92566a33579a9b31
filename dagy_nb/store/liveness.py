"""A segment in, whether the process that writes it is still alive out: no heartbeats, no clocks.

A process holds `flock` on its own segment from before the segment can be seen until it ends, however it
ends. Of the two kinds of lock that Unix has, this is the one that fits:

* `fcntl` locks are lost as soon as the process closes *any* descriptor of the file, so reading one's
  own journal, or opening it in JupyterLab's file browser, would declare the process dead.
* `flock` is not lost that way, but a forked child shares it. Descriptors are not inherited by programs
  that are started (`O_CLOEXEC`), and a fork made by Python closes them in the child
  (`dagy_nb.store.journal`). A fork that Python does not see could hold the lock for longer than its
  parent lives; therefore the parent is also looked up by its process id and the moment it started, where
  both live on one host, in one boot and in one process namespace.

So a process is dead if its lock is free, or if it can be looked up and is gone.
"""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_PROCESSES = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which process this is, as far as another one can tell.

    Attributes:
        pid: Process id.
        started: When it started, in the system's own unit; empty where that is not known.
        host: Name of the machine.
        boot: Identity of this boot and process namespace; empty where that is not known.
    """

    pid: int
    started: str = ""
    host: str = ""
    boot: str = ""


def describe_self() -> Origin:
    """Return the origin of this process."""
    pid = os.getpid()
    return Origin(pid=pid, started=read_start(pid), host=platform.node(), boot=_read_boot())


def is_gone(origin: Origin) -> bool:
    """Whether a process can be looked up from here and is not there any more."""
    here = origin.host == platform.node() and origin.boot == _read_boot()
    return bool(here and origin.started) and read_start(origin.pid) != origin.started


def read_start(pid: int) -> str:
    """Return when a process started; empty where there is none, or only what is left of it."""
    if not _PROCESSES.is_dir():
        return _ask_psutil(pid)
    with suppress(OSError, IndexError):
        # the name in parentheses may hold anything, so count from behind it
        after_name = (
            (_PROCESSES / str(pid) / "stat")
            .read_text(encoding="utf-8", errors="replace")
            .rpartition(")")[2]
        )
        values = after_name.split()
        return "" if values[0] in {"Z", "X"} else values[19]
    return ""


def hold(descriptor: int) -> bool:
    """Take the lock of one's own segment; returns whether this file system has such locks."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether some process holds the lock of a segment; True where it cannot be told."""
    if sys.platform == "win32":
        return True
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return path.exists()
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _ask_psutil(pid: int) -> str:
    import psutil

    try:
        process = psutil.Process(pid)
        gone = process.status() == psutil.STATUS_ZOMBIE
        return "" if gone else f"{process.create_time():.2f}"
    except psutil.Error:
        return ""


@lru_cache(maxsize=1)
def _read_boot() -> str:
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    return ""

"""Bodies that leave something changed in their process, and what the next body sees of it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import io
import locale
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

from dagy_nb.nodes.function import node

_LOGGER = "a node's own"


def _lower(limit):
    _, hard = resource.getrlimit(limit)
    resource.setrlimit(limit, (64, hard))


def _lower_for_good(limit):
    resource.setrlimit(limit, (64, 64))


def _tell_limit(limit):
    return list(resource.getrlimit(limit))


def _tell_logger(name):
    logger = logging.getLogger(name)
    handlers = [type(each).__name__ for each in logger.handlers]
    return [logger.level, logger.propagate, logger.disabled, handlers, len(logger.filters)]


def _spoil_logger(name):
    logger = logging.getLogger(name)
    logger.setLevel(logging.ERROR)
    logger.addHandler(logging.StreamHandler())
    logger.addFilter(lambda record: False)
    logger.propagate = False


def _set_zone():
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()


def _tell_umask():
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _close_stdout():
    sys.stdout.close()


def _put_file_in_place_of_stdout():
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _start_child():
    return subprocess.run([sys.executable, "-c", "raise SystemExit(7)"], check=False).returncode


C = ctypes.CDLL(None)
IS_ROOT = os.getuid() == 0
WAYS = {
    "umask": (lambda: os.umask(0o777), _tell_umask, True),
    "a soft limit": (
        lambda: _lower(resource.RLIMIT_NOFILE),
        lambda: _tell_limit(resource.RLIMIT_NOFILE),
        True,
    ),
    "a hard limit": (
        lambda: _lower_for_good(resource.RLIMIT_NPROC),
        lambda: _tell_limit(resource.RLIMIT_NPROC),
        None,
    ),
    "children that nobody waits for": (
        lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
        _start_child,
        True,
    ),
    "children that nobody waits for, said by C": (
        lambda: C.signal(signal.SIGCHLD, ctypes.c_void_p(1)),
        _start_child,
        False,
    ),
    "a handler": (
        lambda: signal.signal(signal.SIGTERM, lambda *_: None),
        lambda: str(signal.getsignal(signal.SIGTERM)),
        True,
    ),
    "an alarm": (lambda: signal.alarm(100), lambda: signal.getitimer(signal.ITIMER_REAL), True),
    "a blocked signal": (
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]),
        lambda: [int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
        True,
    ),
    "a folder": (lambda: os.chdir("/"), os.getcwd, True),
    "an environment": (lambda: os.environ.update(LEFT="x"), lambda: os.environ.get("LEFT"), True),
    "a time zone": (_set_zone, lambda: [*time.tzname, time.localtime(0).tm_hour], True),
    "a locale": (
        lambda: locale.setlocale(
            locale.LC_ALL, "C.UTF-8" if locale.setlocale(locale.LC_ALL) != "C.UTF-8" else "C"
        ),
        lambda: locale.setlocale(locale.LC_ALL),
        True,
    ),
    "another stdout": (
        lambda: setattr(sys, "stdout", io.StringIO()),
        lambda: type(sys.stdout.inner).__name__,
        True,
    ),
    "a closed stdout": (_close_stdout, lambda: sys.stdout.closed, False),
    "a wrapped stdout": (
        lambda: setattr(sys, "stdout", io.TextIOWrapper(sys.stdout.buffer)),
        lambda: sys.stdout.closed,
        False,
    ),
    "another descriptor 1": (
        _put_file_in_place_of_stdout,
        lambda: os.fstat(1).st_rdev,
        False,
    ),
    "another excepthook": (
        lambda: setattr(sys, "excepthook", print),
        lambda: sys.excepthook.__name__,
        True,
    ),
    "a path": (lambda: sys.path.insert(0, "/left"), lambda: "/left" in sys.path, True),
    "a filter of warnings": (
        lambda: warnings.simplefilter("error"),
        lambda: str(warnings.filters[0]),
        True,
    ),
    "a way to show warnings": (
        lambda: setattr(warnings, "formatwarning", print),
        lambda: warnings.formatwarning.__name__,
        True,
    ),
    "a logger": (lambda: _spoil_logger(_LOGGER), lambda: _tell_logger(_LOGGER), True),
    "a logger of a known module": (
        lambda: _spoil_logger("asyncio"),
        lambda: _tell_logger("asyncio"),
        True,
    ),
    "a handler of the root": (
        lambda: logging.basicConfig(level=logging.DEBUG, force=True),
        lambda: _tell_logger(None),
        True,
    ),
    "silence": (
        lambda: logging.disable(logging.CRITICAL),
        lambda: logging.root.manager.disable,
        True,
    ),
    "a thread": (
        lambda: threading.Thread(target=time.sleep, args=(600,)).start(),
        threading.active_count,
        False,
    ),
    "a process": (
        lambda: subprocess.Popen(["sleep", "600"]),
        lambda: Path(f"/proc/self/task/{os.getpid()}/children").read_text(),
        False,
    ),
    "a group": (
        lambda: os.setegid(IS_ROOT * 65534 or os.getegid()),
        os.getegid,
        not IS_ROOT,
    ),
    "a priority": (lambda: os.nice(3), lambda: os.nice(0), False),
    "no collector": (gc.disable, gc.isenabled, True),
    "a depth": (lambda: sys.setrecursionlimit(400), sys.getrecursionlimit, True),
    "a trace": (lambda: sys.settrace(lambda *_: None), lambda: str(sys.gettrace()), True),
    "a time to wait": (lambda: socket.setdefaulttimeout(0.001), socket.getdefaulttimeout, True),
    "one processor": (
        lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
        lambda: sorted(os.sched_getaffinity(0)),
        True,
    ),
}
"""What is left: how to leave it, how to tell whether it is there, whether the worker goes on after it (None:
where the system lets it)."""


@node(register=False)
def leave(what: str = "") -> list:
    """Returns the process and what there was to see before."""
    spoil, tell, _ = WAYS[what]
    before = tell()
    with contextlib.suppress(ChildProcessError):
        spoil()
    return [os.getpid(), before]


@node(register=False)
def look(what: str = "") -> list:
    return [os.getpid(), WAYS[what][1]()]


@node(register=False)
def load_chatty() -> list:
    """Loads a module which sets up its own logger, as many do."""
    import chatty

    return [os.getpid(), chatty.__name__, _tell_logger("chatty")]


@node(register=False)
def spoil_chatty() -> int:
    _spoil_logger("chatty")
    return os.getpid()


@node(register=False)
def print_through_a_wrapper() -> None:
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer)
    print("wrapped")

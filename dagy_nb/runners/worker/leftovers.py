"""A worker before its first node in, the same after each later one out: what a body changed of it is undone.

It is about what belongs to the process itself and changes what other nodes do: signals, limits, streams,
warnings, loggers. A node's folder, path and environment are set before it in any case
(`dagy_nb.runners.worker.surroundings`). What a node does inside of modules stays, as it does in a kernel:
their state, functions that it replaced, seeds.
"""

from __future__ import annotations

import gc
import locale
import os
import resource
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from dagy_nb.runners.worker.loggers import Loggers


class Trait(NamedTuple):
    """One thing that a body may leave changed.

    Attributes:
        name: What it is, in a word.
        read: Returns how it is.
        write: Makes it as it was; None where nobody can.
    """

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object] | None = None


class Leftovers:
    """Knows how this process was when this was made."""

    def __init__(self) -> None:
        self._before = [(trait, trait.read()) for trait in _list_traits()]

    def undo(self) -> str:
        """Make everything as it was; return what cannot be, or nothing."""
        for trait, before in self._before:
            if not _restore(trait, before):
                return trait.name
        return ""


def _list_traits() -> list[Trait]:
    """Return all traits; those that show whether the ones before could be made good come last."""
    loggers = Loggers()
    traits = [
        Trait("timers", _read_timers, _stop_timers),
        Trait("handlers", _read_handlers, _write_handlers),
        Trait("blocked signals", _read_blocked, _write_blocked),
        Trait("ignored signals", _read_ignored),
        Trait("umask", _read_umask, os.umask),
        Trait("limits", _read_limits, _write_limits),
        Trait("owner", lambda: (os.getuid(), os.geteuid(), os.getgid(), os.getegid())),
        Trait("priority", lambda: os.getpriority(os.PRIO_PROCESS, 0)),
        Trait(
            "locale",
            partial(locale.setlocale, locale.LC_ALL),
            partial(locale.setlocale, locale.LC_ALL),
        ),
        Trait("time to wait", socket.getdefaulttimeout, socket.setdefaulttimeout),
        Trait("collector", _read_collector, _write_collector),
        Trait("interpreter", _read_interpreter, _write_interpreter),
        Trait("hooks", _read_hooks, _write_hooks),
        Trait("loggers", loggers.list_changed, lambda _: loggers.restore(loggers.list_changed())),
        Trait("streams", lambda: [each.closed for each in (sys.stdin, sys.stdout, sys.stderr)]),
        Trait("descriptors", _read_descriptors),
    ]
    if sys.platform == "linux":
        traits.append(
            Trait(
                "processors",
                lambda: os.sched_getaffinity(0),
                lambda before: os.sched_setaffinity(0, before),
            )
        )
    return traits


def _restore(trait: Trait, before: Any) -> bool:
    try:
        if trait.read() != before and trait.write is not None:
            trait.write(before)
        return bool(trait.read() == before)
    except Exception:  # noqa: BLE001 - a body may have left anything in its place
        return False


# --- signals ----------------------------------------------------------------------------------------------

_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
_STATUS = Path("/proc/self/status")
_SIGNALS = sorted(signal.valid_signals())
# The one of `signal` makes enums of all it returns: 0.3 ms for all signals, and this is after each node.
_get_handler = getattr(sys.modules.get("_signal"), "getsignal", signal.getsignal)


def _read_timers() -> bool:
    """Return whether one runs: it would send this process a signal that nobody waits for."""
    return any(signal.getitimer(each)[0] for each in _TIMERS)


def _stop_timers(_: bool) -> None:
    for each in _TIMERS:
        signal.setitimer(each, 0)


def _read_handlers() -> list[Any]:
    return [_get_handler(each) for each in _SIGNALS]


def _write_handlers(before: Sequence[Any]) -> None:
    for each, handler in zip(_SIGNALS, before, strict=True):
        if _get_handler(each) != handler:
            signal.signal(each, handler)


def _read_blocked() -> set[int]:
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def _write_blocked(before: set[int]) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _read_ignored() -> bytes:
    """Return which signals are ignored, also where C made it so: processes that a node starts inherit it."""
    try:
        text = _STATUS.read_bytes()
    except OSError:
        return b""
    return text.partition(b"SigIgn:")[2].partition(b"\n")[0]


# --- what the system grants -------------------------------------------------------------------------------

_LIMITS = sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")})


def _read_umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _read_limits() -> list[tuple[int, int]]:
    return [resource.getrlimit(each) for each in _LIMITS]


def _write_limits(before: Sequence[tuple[int, int]]) -> None:
    for each, limits in zip(_LIMITS, before, strict=True):
        if resource.getrlimit(each) != limits:
            resource.setrlimit(each, limits)


def _read_descriptors() -> list[tuple[int, int]]:
    found = [os.fstat(each) for each in (0, 1, 2)]
    return [(each.st_dev, each.st_ino) for each in found]


# --- the interpreter --------------------------------------------------------------------------------------

_HOOKS: tuple[tuple[Any, str], ...] = (
    *((sys, name) for name in ("stdin", "stdout", "stderr")),
    *((sys, name) for name in ("excepthook", "unraisablehook", "displayhook")),
    (threading, "excepthook"),
    (warnings, "showwarning"),
    (warnings, "formatwarning"),
)


def _read_hooks() -> list[Any]:
    return [getattr(place, name) for place, name in _HOOKS]


def _write_hooks(before: Sequence[Any]) -> None:
    for (place, name), value in zip(_HOOKS, before, strict=True):
        setattr(place, name, value)


def _read_collector() -> tuple[bool, tuple[int, int, int]]:
    return gc.isenabled(), gc.get_threshold()


def _write_collector(before: tuple[bool, tuple[int, int, int]]) -> None:
    is_enabled, thresholds = before
    (gc.enable if is_enabled else gc.disable)()
    gc.set_threshold(*thresholds)


def _read_interpreter() -> tuple[Any, ...]:
    return sys.getrecursionlimit(), sys.getswitchinterval(), sys.gettrace(), sys.getprofile()


def _write_interpreter(before: tuple[Any, ...]) -> None:
    depth, interval, trace, profile = before
    sys.setrecursionlimit(depth)
    sys.setswitchinterval(interval)
    sys.settrace(trace)
    sys.setprofile(profile)

"""Nodes whose values and errors do harm while they travel between processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from dagy_nb.nodes.function import node


class Words(str):
    """A text of a class of its own; defined where no other process finds it, it could not travel."""

    __slots__ = ()


Words.__module__ = "__main__"


class WordyError(Exception):
    """Says its message in a text of its own class."""

    def __str__(self) -> str:
        return Words("told in own words")


class Leaver:
    """Asks the process that unpickles it to end."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (sys.exit, (3,))


class LeavingError(Exception):
    """Asks the process that unpickles it to end."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (sys.exit, (3,))


@node(register=False)
def raise_wordy_error() -> int:
    raise WordyError


@node(register=False)
def raise_leaving_error() -> int:
    raise LeavingError("left")


@node(register=False)
def return_leaver() -> object:
    return Leaver()


@node(register=False)
def import_and_wait(marks: str) -> int:
    import edited_meanwhile

    folder = Path(marks)
    (folder / "imported").touch()
    while not (folder / "edited").exists():
        time.sleep(0.005)
    return edited_meanwhile.VALUE


@node(register=False)
def fork_then_fill(megabytes: int = 500) -> int:
    child = os.fork()
    if not child:
        raise RuntimeError("a fork that comes back")
    os.waitpid(child, 0)
    kept = bytearray(b"x") * (megabytes * 1_000_000)
    time.sleep(2)
    return len(kept)


@node(register=False)
def print_while_a_timer_prints(seconds: float = 1.0) -> int:
    ticks = []

    def tick(*_: object) -> None:
        print("tick")
        ticks.append(1)

    signal.signal(signal.SIGALRM, tick)
    signal.setitimer(signal.ITIMER_REAL, 0.004, 0.004)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        print("line")
    signal.setitimer(signal.ITIMER_REAL, 0)
    return len(ticks)


@node(register=False)
def leave_an_alarm(seconds: float = 0.5) -> int:
    signal.setitimer(signal.ITIMER_REAL, seconds)
    return os.getpid()


@node(register=False)
def outlast_the_alarm(seconds: float = 1.0) -> int:
    time.sleep(seconds)
    return os.getpid()


class _Tick(Exception):
    """Raised by a handler, wherever the body is just then."""


@node(register=False)
def print_while_a_timer_raises(seconds: float = 3.0) -> int:
    """Prints and tells progress; a handler of signals breaks into that all the time, as a limit of its own would."""

    def tick(*_: object) -> None:
        raise _Tick

    signal.signal(signal.SIGALRM, tick)
    ends, ticks = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0005)
            while True:
                print("line")
        except _Tick:
            ticks += 1
    return ticks


class Refuser:
    """Ends the process that pickles it."""

    def __reduce__(self) -> tuple[Any, ...]:
        sys.exit(4)


class RefusingError(Exception):
    """Ends the process that pickles it."""

    def __reduce__(self) -> tuple[Any, ...]:
        raise KeyboardInterrupt


@node(register=False)
def return_refuser() -> object:
    return Refuser()


@node(register=False)
def raise_refusing_error() -> int:
    raise RefusingError("refused")


@node(register=False)
def wait_a_moment() -> int:
    """Lives on for as long as its guard needs to hear of its limit."""
    time.sleep(0.5)
    return 1

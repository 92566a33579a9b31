"""What a guard told of its worker in, how it died and the error of the node that it ran out, in words."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass

from dagy_nb.abc import NodeCall, Outcome
from dagy_nb.model.event import ErrorFact

_HINTS: dict[int, str] = {
    signal.SIGKILL: "Something ended it from outside: often the system, when memory ran out. Give the "
    "node less data, or set `memory_mb` to learn how much it takes.",
    signal.SIGSEGV: "Compiled code of a library broke: look which one the node calls.",
    signal.SIGBUS: "Compiled code of a library broke, or a file that it maps became shorter.",
    signal.SIGABRT: "Compiled code of a library gave up: its last words are in the node's log.",
    signal.SIGTERM: "Something asked it to end from outside.",
}


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker ended.

    Attributes:
        status: What `os.wait` gave for it, or None where nobody could see.
        peak_mb: The most memory it took, or 0.
        memory_mb: The memory of its tree when that was too much, or 0.
        is_late: Its guard ended it after its limit.
    """

    status: int | None = None
    peak_mb: float = 0.0
    memory_mb: float = 0.0
    is_late: bool = False


def read_death(news: str) -> Death:
    """Return how a worker ended, from its guard's lines: `exit STATUS PEAK`, `memory BYTES`, `late`."""
    told = dict(line.partition(" ")[::2] for line in news.splitlines())
    status, _, peak = told.get("exit", "").partition(" ")
    # The system counts in kilobytes, on macOS in bytes.
    scale = 1024 if sys.platform == "linux" else 1024 * 1024
    return Death(
        status=int(status) if status else None,
        peak_mb=int(peak) / scale if peak else 0.0,
        memory_mb=int(told.get("memory", 0)) / 1024 / 1024,
        is_late="late" in told,
    )


def describe_death(death: Death, call: NodeCall) -> Outcome:
    """Return the outcome of a call whose worker died."""
    if death.memory_mb:
        error = _describe_memory(death, call)
    elif death.is_late:
        error = _describe_lateness(call)
    else:
        error = _describe_end(death, call)
    return Outcome(error=error, crashed=True)


def _describe_memory(death: Death, call: NodeCall) -> ErrorFact:
    limit = call.memory_mb or 0
    return ErrorFact(
        type="WorkerDied",
        code="runner.out_of_memory",
        message=f"{call.node_id} took {death.memory_mb:,.0f} MB of memory; its limit is {limit:,g} MB. Its "
        "process was ended.",
        node_id=call.node_id,
        attempt=call.attempt,
        suggestion="Raise `memory_mb` (it counts the whole process, with Python and its libraries), or give "
        "the node less data at a time.",
    )


def _describe_lateness(call: NodeCall) -> ErrorFact:
    return ErrorFact(
        type="WorkerDied",
        code="runner.worker_died",
        message=f"{call.node_id} ran past its limit of {call.timeout:g} s. Its guard ended its "
        "process, since nobody else did.",
        node_id=call.node_id,
        attempt=call.attempt,
        suggestion="Something kept this process from looking at its clock: a call into C that holds the GIL?",
    )


def _describe_end(death: Death, call: NodeCall) -> ErrorFact:
    how, hint = _read_status(death.status)
    peak = f" It had taken {death.peak_mb:,.0f} MB of memory at most." if death.peak_mb else ""
    return ErrorFact(
        type="WorkerDied",
        code="runner.worker_died",
        message=f"The worker process of {call.node_id} {how}.{peak}",
        node_id=call.node_id,
        attempt=call.attempt,
        suggestion=hint,
    )


def _read_status(status: int | None) -> tuple[str, str]:
    if status is None:
        return "died", "Its guard died too: something ends processes from outside."
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal.Signals(number).name if number in set(signal.Signals) else f"{number}"
        return f"was killed by the signal {name}", _HINTS.get(number, "")
    code = os.waitstatus_to_exitcode(status)
    return (
        f"ended with the exit code {code}",
        "A node must not end its process: return, or raise an exception that says what is wrong.",
    )

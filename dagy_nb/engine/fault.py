"""An exception or an overrun limit in, the error as data out: words, code, the user's own frames."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from traceback import StackSummary, TracebackException
from typing import TYPE_CHECKING

from dagy_nb.errors import DagyError, NodeTimeout
from dagy_nb.model.event import ErrorFact
from dagy_nb.model.legible import make_legible

if TYPE_CHECKING:
    from dagy_nb.engine.plan import Plan, Step

MAX_MESSAGE = 2_000
MAX_TRACEBACK = 8_000
MAX_FRAMES = 60
MAX_KINDS = 8

_ENDS_PROCESS = {
    "SystemExit": "A node must not end the process: return, or raise an exception that says what "
    "is wrong, instead of calling `sys.exit()`.",
    "KeyboardInterrupt": "The node raised an interrupt itself; raise an exception of your own instead.",
    "GeneratorExit": "Raise an exception of your own instead.",
}


def describe_exception(
    error: BaseException, *, node_id: str = "", attempt: int = 0, own_file: str = ""
) -> ErrorFact:
    """Return an exception as data.

    Args:
        error: The exception.
        node_id: Where it came up.
        attempt: In which attempt, from 1.
        own_file: The file of the node's module: its frames are shown wherever it lies.
    """
    code, message, suggestion = _read_words(error)
    return ErrorFact(
        type=type(error).__name__,
        code=code,
        message=_cut(message),
        traceback=format_traceback(error, own_file=own_file),
        node_id=node_id,
        attempt=attempt,
        suggestion=suggestion,
        kinds=_name_kinds(type(error)),
    )


def trim_traceback(error: BaseException, *, own_file: str = "") -> None:
    """Let an exception's traceback begin with the user's own code: the frames that called it go."""
    trace = error.__traceback__
    while trace is not None and not _is_own_file(trace.tb_frame.f_code.co_filename, own_file):
        trace = trace.tb_next
    BaseException.with_traceback(error, trace)  # a frozen dataclass lets nobody set it


def tell_frames(error: BaseException, fact: ErrorFact | None) -> None:
    """Let an exception that came from another process tell its frames there in words.

    Frames cannot travel. What a pickle makes of them has no code, so that IPython marks other lines in it.

    Args:
        error: The exception.
        fact: What was told of it there.
    """
    cause: BaseException | None = error
    while cause is not None and cause.__traceback__ is not None:
        BaseException.with_traceback(cause, None)
        cause = cause.__cause__ or cause.__context__
    note = f"In the worker process:\n{fact.traceback}" if fact and fact.traceback else ""
    if note and note not in getattr(error, "__notes__", ()):
        with suppress(Exception):  # a frozen dataclass takes none
            error.add_note(note)


def describe_overrun(step: Step, attempt: int, plan: Plan, *, by_run: bool) -> ErrorFact:
    """Return that a node ran past its own limit, or past the run's."""
    limit = plan.timeout if by_run else step.timeout
    whose = "the run's" if by_run else "its"
    return ErrorFact(
        type="NodeTimeout",
        code="node.timed_out",
        message=f"{step.node_id} ran past {whose} limit of {limit:g} s.",
        node_id=step.node_id,
        attempt=attempt,
        suggestion="Raise the timeout (0 means none) or let the node do less.",
        kinds=_name_kinds(NodeTimeout),
    )


def describe_lost_wait(step: Step, attempt: int, plan: Plan) -> ErrorFact:
    """Return that the run's limit came while a node waited for its next attempt."""
    return ErrorFact(
        type="NodeTimeout",
        code="node.timed_out",
        message=f"{step.node_id} waited for its next attempt when the run's limit of "
        f"{plan.timeout:g} s came.",
        node_id=step.node_id,
        attempt=attempt,
        suggestion="Raise the run's timeout, or let the node wait less before it is tried again.",
        kinds=_name_kinds(NodeTimeout),
    )


def describe_run_overrun(plan: Plan) -> ErrorFact:
    """Return that a run ran past its limit."""
    return ErrorFact(
        type="NodeTimeout",
        code="run.timed_out",
        message=f"The run of {plan.flow} ran past its limit of {plan.timeout:g} s.",
        suggestion="Raise the run's timeout or let the flow do less.",
    )


def format_traceback(error: BaseException, *, own_file: str = "") -> str:
    """Return the traceback of an exception and its causes with the user's own frames only.

    Frames of dagy_nb, of the standard library and of installed packages are left out; what they raised
    still stands in the last line. Values of variables are never shown.
    """
    try:
        told = TracebackException(
            type(error), error, error.__traceback__, limit=-MAX_FRAMES, compact=True
        )
        for each in _walk(told):
            _keep_own_frames(each, own_file)
        return _cut_middle(make_legible("".join(told.format()).rstrip()))
    except Exception as failure:  # noqa: BLE001 - an exception may be so broken that it cannot be told
        return f"{type(error).__name__} (its traceback cannot be shown: {type(failure).__name__})"


def _walk(told: TracebackException) -> Iterator[TracebackException]:
    waiting = [told]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += [one for one in (each.__cause__, each.__context__) if one is not None]
        waiting += each.exceptions or []


def _keep_own_frames(told: TracebackException, own_file: str) -> None:
    kept = [frame for frame in told.stack if _is_own_file(frame.filename, own_file)]
    told.stack = StackSummary.from_list(kept)


def _is_own_file(name: str, own_file: str) -> bool:
    return name == own_file or not name.startswith(_foreign_places())


@cache
def _foreign_places() -> tuple[str, ...]:
    own = str(Path(__file__).resolve().parent.parent)
    paths = sysconfig.get_paths()
    libraries = (paths[each] for each in ("stdlib", "platstdlib", "purelib", "platlib"))
    return (own, *libraries, "<frozen ")


def _read_words(error: BaseException) -> tuple[str, str, str]:
    if isinstance(error, DagyError):
        return error.code, error.reason, error.suggestion
    name = type(error).__name__
    return f"raised.{name}", _read_message(error), _ENDS_PROCESS.get(name, "")


def _read_message(error: BaseException) -> str:
    try:
        # A plain text: a class of the user's own could not go everywhere that these words go.
        return str.__str__(str(error))
    except Exception as failure:  # noqa: BLE001 - a user's `__str__` may do anything
        return f"(its message cannot be shown: {type(failure).__name__})"


_EVERY = frozenset({object, BaseException, Exception})


def _name_kinds(kind: type[BaseException]) -> tuple[str, ...]:
    return tuple(each.__name__ for each in kind.__mro__[1:] if each not in _EVERY)[:MAX_KINDS]


def _cut(text: str) -> str:
    text = make_legible(text[: MAX_MESSAGE + 1])
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


def _cut_middle(text: str) -> str:
    if len(text) <= MAX_TRACEBACK:
        return text
    head, tail = MAX_TRACEBACK // 4, MAX_TRACEBACK - MAX_TRACEBACK // 4
    return f"{text[:head]}\n  …\n{text[-tail:]}"

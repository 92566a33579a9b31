"""What a notebook run may take, and why one was ended."""

from __future__ import annotations

from dataclasses import dataclass

from dagy_nb.errors import NotebookError
from dagy_nb.model.event import ErrorFact
from dagy_nb.model.state import NodeState, RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Limits of a notebook run in seconds; None means no limit, asked for.

    Attributes:
        start: From the kernel's launch to its first answer.
        cell: One cell; no limit by default, the run has one.
        run: The whole run, from the kernel's launch.
        silence: Between two outputs of a running cell; no limit by default, since work may be silent.
        frozen: Without any sign of life of the kernel's process (stopped, swapped out).
    """

    start: float | None = 60.0
    cell: float | None = None
    run: float | None = 86_400.0
    silence: float | None = None
    frozen: float | None = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why a run was ended from outside its cells."""

    state: RunState
    code: str
    message: str
    suggestion: str = ""

    @property
    def cell_state(self) -> NodeState:
        """The state of the cell that was running."""
        return NodeState(self.state.value)

    @property
    def fact(self) -> ErrorFact:
        """The stop as data."""
        return ErrorFact(
            type="NotebookError",
            code=self.code,
            message=self.message,
            suggestion=self.suggestion,
        )

    def as_error(self) -> NotebookError:
        """The stop as an exception."""
        return NotebookError(self.message, code=self.code, suggestion=self.suggestion)


_LIMITS = {
    "start": ("The kernel gave no answer within {0:g} s.", "notebook.start_timeout"),
    "cell": ("A cell ran for more than {0:g} s.", "notebook.cell_timeout"),
    "run": ("The notebook ran for more than {0:g} s.", "notebook.run_timeout"),
    "silence": ("A cell put out nothing for {0:g} s.", "notebook.silence_timeout"),
    "frozen": ("The kernel gave no sign of life for {0:g} s.", "notebook.kernel_frozen"),
}


def stop_by_limit(name: str, seconds: float) -> Stop:
    """Return the stop for a limit of `Timeouts` that was passed."""
    words, code = _LIMITS[name]
    return Stop(
        state=RunState.TIMED_OUT,
        code=code,
        message=words.format(seconds),
        suggestion="The kernel was killed. Look at the output notebook, or raise the limit.",
    )


def stop_by_cancel(by: str, *, late: bool = False) -> Stop:
    """Return the stop for a cancel, or for the limit of what the run carries out."""
    if late:
        return Stop(
            state=RunState.TIMED_OUT,
            code="notebook.run_timeout",
            message=f"The notebook run was ended at the limit of {by}.",
        )
    who = f" by {by}" if by else ""
    return Stop(
        state=RunState.CANCELLED,
        code="notebook.cancelled",
        message=f"The notebook run was cancelled{who}.",
    )


def stop_by_death(code: int | None) -> Stop:
    """Return the stop for a kernel that is no more."""
    how = ""
    if code is not None:
        how = f" (signal {-code})" if code < 0 else f" (exit code {code})"
    return Stop(
        state=RunState.FAILED,
        code="notebook.kernel_died",
        message=f"The kernel died{how}.",
        suggestion="It may have run out of memory, or a cell ended its process.",
    )

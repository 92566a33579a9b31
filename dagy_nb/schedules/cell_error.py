"""A failed cell in, the error as data out: its own words, its own code, only the user's lines."""

from __future__ import annotations

import re
from typing import Any

from dagy_nb.errors import DagyError
from dagy_nb.model.event import ErrorFact
from dagy_nb.model.state import RunState

MAX_MESSAGE = 4_000
MAX_TRACEBACK = 20_000
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CODE = re.compile(r"\[([a-z]+(?:_[a-z]+)*(?:\.[a-z0-9_]+)+)\]\s*\Z")
_QUIET = frozenset({"", "0", "None"})
_ENDS = {"run.cancelled": RunState.CANCELLED, "run.timed_out": RunState.TIMED_OUT}


def describe_cell_error(cell: Any, error: Any) -> ErrorFact:
    """Return what a cell raised as data.

    Args:
        cell: The cell, with its outputs.
        error: nbclient's `CellExecutionError`.
    """
    outputs = [each for each in cell.get("outputs", ()) if each.get("output_type") == "error"]
    frames = list(outputs[-1].get("traceback", ())) if outputs else []
    message, code = _part_code(error.ename, _strip(str(error.evalue)))
    return ErrorFact(
        type=error.ename,
        code=code,
        message=message[:MAX_MESSAGE],
        traceback=_keep_user_lines(frames)[:MAX_TRACEBACK],
    )


def judge_cell_error(fact: ErrorFact) -> RunState:
    """Return how a notebook ended that a cell's error ended: as the flow run that ended it did.

    So who cancels a flow run, or sets its limit, finds the same word on the notebook run around it.
    """
    return _ENDS.get(fact.code, RunState.FAILED)


def is_quiet_exit(error: Any) -> bool:
    """Whether a cell ended its notebook with `sys.exit(0)`, which papermill takes for success."""
    return error.ename == "SystemExit" and str(error.evalue) in _QUIET


def _part_code(name: str, told: str) -> tuple[str, str]:
    """Return the words and the code of one of our own errors; others have `raised.<Class>`."""
    found = _CODE.search(told)
    if found is not None and name in _name_errors(DagyError):
        return told[: found.start()].rstrip(), found[1]
    return told, f"raised.{name}"


def _name_errors(root: type[DagyError]) -> set[str]:
    return {root.__name__}.union(*(_name_errors(each) for each in root.__subclasses__()))


def _keep_user_lines(frames: list[str]) -> str:
    """Return the traceback without the frames of libraries."""
    clean = [_strip(frame) for frame in frames]
    kept = [
        frame
        for index, frame in enumerate(clean)
        if index in {0, 1, len(clean) - 1} or frame.lstrip().startswith(("Cell ", "Input "))
    ]
    return "\n".join(kept)


def _strip(text: str) -> str:
    return _COLOURS.sub("", text)

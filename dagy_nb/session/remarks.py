"""What a check found in, what is told of it to whoever runs the flow out."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from dagy_nb.errors import CheckWarning
from dagy_nb.model.diagnostic import Severity

if TYPE_CHECKING:
    from types import TracebackType

    from dagy_nb.model.diagnostic import Diagnostic
    from dagy_nb.model.flow import FlowSpec

MOST_TOLD = 5
_PACKAGE = str(Path(__file__).parent.parent)


def tell_warnings(flow: FlowSpec, found: Iterable[Diagnostic], *, all_by: str) -> str:
    """Return what to know of a run of a flow, a line for each of the first things; empty for nothing.

    Args:
        flow: The flow.
        found: What its check found. Of nodes that are disabled nothing is told: they do not run.
        all_by: What shows all of it.
    """
    disabled = {node.id for node in flow.nodes if node.disabled}
    lines = [
        str(each)
        for each in found
        if each.severity is Severity.WARNING and each.place.node not in disabled
    ]
    more = len(lines) - MOST_TOLD
    rest = [f"… and {more} more: {all_by}"] if more > 0 else []
    return "\n".join((*lines[:MOST_TOLD], *rest))


def warn_of(flow: FlowSpec, found: Collection[Diagnostic]) -> None:
    """Warn whoever runs a flow by code of what its check warns of.

    Args:
        flow: The flow.
        found: What its check found; with errors nothing is told, since the run is refused for those.

    Raises:
        CheckWarning: Where the user takes warnings for errors.
    """
    told = tell_warnings(flow, found, all_by="flow.check()")
    if told and not any(each.severity is Severity.ERROR for each in found):
        words = f"Flow {flow.name!r} can run, but:\n{told}"
        warnings.warn(words, CheckWarning, stacklevel=count_own_frames())


def count_own_frames() -> int:
    """Return the `stacklevel` with which the caller warns at the first line outside this package."""
    count, frame = 0, sys._getframe(1)  # noqa: SLF001 - the stack is the only witness
    while frame.f_code.co_filename.startswith(_PACKAGE) and frame.f_back is not None:
        count, frame = count + 1, frame.f_back
    return count + 1


def leave_out_own_frames(traceback: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame outside this package; whole where there is none."""
    found = traceback
    while found is not None and found.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        found = found.tb_next
    return found or traceback

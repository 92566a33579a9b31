"""A traceback in, the same without frames of this package out: what users see is their own code."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

_OWN = str(Path(__file__).resolve().parent.parent)
_MACHINERY = ("<frozen importlib", "<frozen runpy")


def is_own_file(filename: str) -> bool:
    """Whether a code's file belongs to this package or to Python's import machinery."""
    return filename.startswith((_OWN, *_MACHINERY))


def trim_traceback(tb: TracebackType | None) -> TracebackType | None:
    """Return the traceback without frames of this package."""
    frames = []
    while tb is not None:
        if not is_own_file(tb.tb_frame.f_code.co_filename):
            frames.append(tb)
        tb = tb.tb_next
    kept: TracebackType | None = None
    for each in reversed(frames):
        kept = TracebackType(kept, each.tb_frame, each.tb_lasti, each.tb_lineno or -1)
    return kept


def trim_to(tb: TracebackType | None, filename: str) -> TracebackType | None:
    """Return the traceback from the first frame of `filename` on, without frames of this package."""
    while tb is not None and tb.tb_frame.f_code.co_filename != filename:
        tb = tb.tb_next
    return trim_traceback(tb)

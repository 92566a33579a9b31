"""What a worker writes besides its frames in, the same on file descriptors 1 and 2 in time out."""

from __future__ import annotations

import ctypes
import sys

_LINE_BUFFERED = 1


def open_streams() -> None:
    """Let each line that Python or C writes leave at once."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    try:
        here = ctypes.c_void_p.in_dll(_C, "stdout")
        _C.setvbuf(here, None, _LINE_BUFFERED, 0)
    except (ValueError, AttributeError):
        # Another C library; its text comes when the node ends.
        return


def flush_streams() -> None:
    """Let everything leave that still waits in a buffer of Python's or of C's."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()  # type: ignore[union-attr]
        except (AttributeError, OSError, ValueError):
            # A node closed it, or put something else in its place.
            continue
    _C.fflush(None)


_C = ctypes.CDLL(None)

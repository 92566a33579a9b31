"""What a body prints, logs and tells in, bounded lines and progress for its reporter out."""

from __future__ import annotations

from _thread import RLock
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from typing import Protocol

from dagy_nb.model.legible import make_legible

MAX_LINE = 4_000
BURST = 2_000
LINES_PER_SECOND = 200.0
RESUMED = 100
"""How many lines of a flood come through at a time, so that not each brings a note of what was left out."""
LAST = 20
"""How many of the last lines come through at the end, whatever was left out before them."""
PROGRESS_SECONDS = 0.05


class Listener(Protocol):
    """Who hears the lines and the progress (a `dagy_nb.abc.CallReporter`)."""

    def wrote(self, level: str, text: str) -> None:
        """Take one line."""

    def progressed(self, fraction: float, message: str) -> None:
        """Take progress from 0 to 1."""


class NodeOutput:
    """The output of one attempt, from any number of threads.

    A line longer than `MAX_LINE` characters is cut. Of a flood, `BURST` lines come through and then
    `LINES_PER_SECOND`, `RESUMED` at a time, and the `LAST` ones; notes say how many were left out. What is
    written after the attempt's end is dropped.
    """

    __slots__ = (
        "_filled_at",
        "_fraction",
        "_is_closed",
        "_last",
        "_left_out",
        "_listener",
        "_lock",
        "_monotonic",
        "_parts",
        "_tokens",
        "_told_at",
    )

    def __init__(self, listener: Listener, monotonic: Callable[[], float]) -> None:
        self._listener = listener
        self._monotonic = monotonic
        self._lock = RLock()
        self._parts: dict[str, str] = {}
        self._tokens: float = BURST
        self._filled_at = -1.0
        self._left_out = 0
        self._last: deque[tuple[str, str]] | None = None  # of those left out
        self._fraction = -1.0
        self._told_at = -1.0
        self._is_closed = False

    def write(self, level: str, text: str) -> None:
        """Take a piece of a stream; complete lines go on, the rest waits for its end."""
        with self._lock:
            *lines, rest = (self._parts.get(level, "") + text).split("\n")
            self._parts[level] = _keep_last(rest)[: MAX_LINE + 1]
            for line in lines:
                self._pass(level, _keep_shown(line))

    def wrote(self, level: str, text: str) -> None:
        """Take one complete line or log record."""
        with self._lock:
            self._pass(level, text)

    def skip(self, count: int) -> None:
        """Count lines of a flood that nobody looked at."""
        with self._lock:
            self._left_out += count

    def progressed(self, fraction: float, message: str) -> None:
        """Take progress; it never falls, and comes through at most every `PROGRESS_SECONDS`."""
        with self._lock:
            now = self._monotonic()
            is_soon = now - self._told_at < PROGRESS_SECONDS and fraction < 1.0
            if self._is_closed or fraction < self._fraction or (is_soon and self._told_at >= 0):
                return
            self._fraction, self._told_at = fraction, now
            self._listener.progressed(fraction, make_legible(message[:MAX_LINE]))

    def close(self) -> None:
        """Pass on what waits for its line's end; drop everything from now on."""
        if not self._parts and not self._left_out:
            self._is_closed = True
            return
        with self._lock:
            for level, rest in self._parts.items():
                if rest:
                    self._pass(level, _keep_shown(rest))
            last = self._last or ()
            self._left_out -= len(last)
            self._tell_left_out()
            for level, text in last:
                self._listener.wrote(level, text)
            self._is_closed = True

    def _pass(self, level: str, text: str) -> None:
        if self._is_closed:
            return
        if not self._take_token():
            self._left_out += 1
            self._last = deque(maxlen=LAST) if self._last is None else self._last
            self._last.append((level, _cut(text)))
            return
        self._tell_left_out()
        self._listener.wrote(level, _cut(text))

    def _take_token(self) -> bool:
        now = self._monotonic()
        if self._filled_at >= 0:
            refill = (now - self._filled_at) * LINES_PER_SECOND
            self._tokens = min(float(BURST), self._tokens + refill)
        self._filled_at = now
        if self._tokens < (RESUMED if self._left_out else 1):
            return False
        self._tokens -= 1
        return True

    def _tell_left_out(self) -> None:
        if self._left_out:
            count, self._left_out, self._last = self._left_out, 0, None
            self._listener.wrote("WARNING", f"… {count:,} lines left out: too many at once.")


_OUTPUT: ContextVar[NodeOutput | None] = ContextVar("dagy_nb_node_output", default=None)


def current_output() -> NodeOutput | None:
    """Return the output of the node whose body runs in this context, or None outside of nodes."""
    return _OUTPUT.get()


enter_output: Callable[[NodeOutput], object] = _OUTPUT.set
"""Let everything written in this context go to an output, for as long as the context lives."""


def _keep_shown(text: str) -> str:
    # A progress bar returns to the line's start and writes over it: only its last form is shown.
    return text.rstrip("\r").rpartition("\r")[2] if "\r" in text else text


def _keep_last(text: str) -> str:
    # The return itself is kept: what comes next writes over the line, or ends it.
    return _keep_shown(text) + "\r" if text.endswith("\r") else _keep_shown(text)


def _cut(text: str) -> str:
    if len(text) <= MAX_LINE:
        return make_legible(text)
    return f"{make_legible(text[:MAX_LINE])}… ({len(text) - MAX_LINE:,} more characters)"

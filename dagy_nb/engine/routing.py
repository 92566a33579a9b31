"""`print`, `logging` and `warnings` of every node in, that node's own log out.

While runs are live (or a body that was abandoned still goes on), `sys.stdout` and `sys.stderr` are stand-ins
that look at a context variable: inside a node they pass text to the node's output, anywhere else they pass
everything to the stream they stand for. `logging.Logger.callHandlers` and `warnings.showwarning` are routed
the same way. When nothing is live, all four are as they were before.

A handler on the root logger would be simpler, but it makes `logging.basicConfig()` in the user's next cell do
nothing. Inside a node, handlers that write to the console are left out, since that is another cell's output;
all others (files, services) get the record too.

A thread that a node starts has a context of its own: what it prints goes to the node's log if it runs in a
copy of the node's (`contextvars.copy_context().run`, `asyncio.to_thread`).
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from dagy_nb.engine.output import current_output

_STREAMS = {"stdout": "STDOUT", "stderr": "STDERR"}


class RoutedStream:
    """Stands for a stream: nodes' text goes to the nodes, all else to the stream."""

    def __init__(self, inner: Any, level: str) -> None:
        object.__setattr__(self, "inner", inner)
        object.__setattr__(self, "level", level)

    def write(self, text: str) -> int:
        """Write to the node's output, or to the stream."""
        output = current_output()
        if output is None:
            return self.inner.write(text)  # type: ignore[no-any-return]
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        output.write(self.level, text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write each of `lines`."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the stream."""
        self.inner.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # IPython puts a `write` of its own around the one it finds: on the stream, that would be a loop.
        if name == "write":
            object.__setattr__(self, name, value)
        else:
            setattr(self.inner, name, value)

    def __iter__(self) -> Iterator[str]:
        return iter(self.inner)

    def __repr__(self) -> str:
        return repr(self.inner)


class _Router:
    """Puts the stand-ins in place while somebody holds them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holds = 0
        self._show_before: Callable[..., Any] = warnings.showwarning
        self._call_before: Callable[..., Any] = logging.Logger.callHandlers

    def hold(self) -> None:
        """Put the stand-ins in place; also again, where somebody has replaced a stream meanwhile."""
        with self._lock:
            self._holds += 1
            if self._holds == 1:
                self._route_logging()
            # Each body holds: 1 µs is saved where nobody has replaced anything since the last one.
            if type(sys.stdout) is not RoutedStream or type(sys.stderr) is not RoutedStream:
                self._route_streams()
            if warnings.showwarning is not _SHOW:
                self._route_warnings()

    def release(self) -> None:
        """Let go; the last one puts everything back."""
        with self._lock:
            self._holds -= 1
            if self._holds == 0:
                self._restore()

    def show_warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        """Stand in for `warnings.showwarning`."""
        output = current_output()
        if output is None or file is not None:
            self._show_before(message, category, filename, lineno, file, line)
        else:
            output.wrote("WARNING", f"{category.__name__}: {message} (line {lineno})")

    def call_handlers(self, logger: logging.Logger, record: logging.LogRecord) -> None:
        """Stand in for `logging.Logger.callHandlers`."""
        output = current_output()
        # A logger outside the tree, as `context.logger` is, brings its own handler.
        if output is None or (logger.parent is None and logger is not logging.root):
            self._call_before(logger, record)
            return
        output.wrote(record.levelname, _FORMAT.format(record))
        for handler in _find_handlers(logger):
            if record.levelno >= handler.level and not _is_console(handler):
                handler.handle(record)

    def _route_streams(self) -> None:
        for name, level in _STREAMS.items():
            stream = getattr(sys, name)
            if stream is not None and not isinstance(stream, RoutedStream):
                setattr(sys, name, RoutedStream(stream, level))

    def _route_warnings(self) -> None:
        self._show_before = warnings.showwarning
        warnings.showwarning = _SHOW

    def _route_logging(self) -> None:
        self._call_before = logging.Logger.callHandlers
        logging.Logger.callHandlers = _CALL  # type: ignore[method-assign, assignment]

    def _restore(self) -> None:
        for name in _STREAMS:
            stream = getattr(sys, name)
            if isinstance(stream, RoutedStream):
                setattr(sys, name, stream.inner)
        if warnings.showwarning is _SHOW:
            warnings.showwarning = self._show_before
        if logging.Logger.callHandlers is _CALL:
            logging.Logger.callHandlers = self._call_before  # type: ignore[method-assign]


def _call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
    ROUTER.call_handlers(logger, record)


ROUTER = _Router()
_SHOW = ROUTER.show_warning
_CALL = _call_handlers
_FORMAT = logging.Formatter("%(message)s")


def _find_handlers(logger: logging.Logger) -> Iterator[logging.Handler]:
    here: logging.Logger | None = logger
    while here is not None:
        yield from here.handlers
        here = here.parent if here.propagate else None


def _is_console(handler: logging.Handler) -> bool:
    if not isinstance(handler, logging.StreamHandler) or isinstance(handler, logging.FileHandler):
        return False
    return _find_inner(handler.stream) in {
        _find_inner(each) for each in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    }


def _find_inner(stream: Any) -> int:
    return id(stream.inner if isinstance(stream, RoutedStream) else stream)

"""What one attempt of a node may ask for: inputs, config, log, progress, cancel, a folder."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from dagy_nb.errors import DagyError, NodeCancelled
from dagy_nb.nodes.secrets import drop_secrets

CONTEXT_VERSION = 1


class Reporter(Protocol):
    """Who hears what a node writes and how far it is."""

    def wrote(self, level: str, text: str) -> None:
        """Take one line of log."""

    def progressed(self, fraction: float, message: str) -> None:
        """Take progress from 0 to 1."""


class SilentReporter:
    """Hears nothing: for contexts made by hand."""

    def wrote(self, level: str, text: str) -> None:
        """Drop the line."""

    def progressed(self, fraction: float, message: str) -> None:
        """Drop the progress."""


_MAKING = threading.Lock()
"""Held while one of several that wait makes the event for all of them."""


class CancelToken:
    """Whether somebody wants a node to end; a node that works long looks at it now and then."""

    __slots__ = ("_event", "_is_requested")

    def __init__(self) -> None:
        self._is_requested = False
        # Made by the first that waits: an event costs 2 µs, and hardly any node waits for it.
        self._event: threading.Event | None = None

    @property
    def requested(self) -> bool:
        """Whether the node should end."""
        return self._is_requested

    def request(self) -> None:
        """Ask the node to end; asking twice changes nothing."""
        self._is_requested = True
        # Who waits first puts the event there, then looks whether it was asked: one sees the other.
        if self._event is not None:
            self._event.set()

    def raise_if_requested(self) -> None:
        """End the node's body if somebody asked for it.

        Raises:
            NodeCancelled: Not an `Exception`, so `except Exception` lets it pass.
        """
        if self._is_requested:
            raise NodeCancelled

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep up to `seconds`, but wake at once when asked to end; return whether asked."""
        with _MAKING:
            event = self._event = self._event or threading.Event()
        return self._is_requested or event.wait(seconds)


_SILENT = SilentReporter()


@dataclass(frozen=True, kw_only=True, eq=False)
class ExecutionContext:
    """What `execute` and the hooks get as `context`.

    Attributes:
        run_id: The run.
        node_id: The node in its flow.
        attempt: From 1.
        inputs: Input connector → value.
        config: The node's config, an instance of its `Config`.
        parameters: The run's parameters.
        cancel: Whether somebody wants this node to end.

    Example:
        >>> context = ExecutionContext(node_id="late", parameters={"month": 2})
        >>> context.parameters["month"]
        2
    """

    run_id: str = ""
    node_id: str = ""
    attempt: int = 1
    inputs: Mapping[str, Any] = field(default_factory=dict)
    config: Any = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    cancel: CancelToken = field(default_factory=CancelToken)
    reporter: Reporter = field(default=_SILENT, repr=False)
    folder: Path | None = field(default=None, repr=False)
    ends_at: float | None = field(default=None, repr=False)
    monotonic: Callable[[], float] = field(default=time.monotonic, repr=False)

    def __repr__(self) -> str:
        return f"ExecutionContext({self.node_id}, run {self.run_id}, attempt {self.attempt})"

    @property
    def logger(self) -> logging.Logger:
        """A logger whose lines go to this node's log, and nowhere else."""
        logger: logging.Logger | None = self.__dict__.get("_logger")
        if logger is None:
            logger = _make_logger(self.node_id, self.reporter)
            self.__dict__["_logger"] = logger
        return logger

    @property
    def artifacts(self) -> Path:
        """The run's artifact folder, made on first use.

        Raises:
            DagyError: `node.context_folder` where this context was made without one.
        """
        if self.folder is None:
            raise DagyError(
                f"The context of {self.node_id!r} has no artifact folder.",
                code="node.context_folder",
                suggestion="Give `folder=` when you make a context by hand.",
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder

    @property
    def deadline(self) -> float | None:
        """Seconds until this attempt's limit, never below 0; None without a limit."""
        if self.ends_at is None:
            return None
        return max(0.0, self.ends_at - self.monotonic())

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell how far the work is.

        Args:
            fraction: From 0 to 1; what lies outside is moved to the nearest end.
            message: A few words.

        Raises:
            ValueError: The fraction is no number.
        """
        if math.isnan(fraction):
            raise ValueError("progress needs a fraction from 0 to 1, not nan")
        self.reporter.progressed(min(1.0, max(0.0, float(fraction))), message)

    def log_warning(self, text: str) -> None:
        """Write a warning to this node's log."""
        self.reporter.wrote("WARNING", text)

    def to_dict(self) -> dict[str, Any]:
        """Return what describes this attempt; secrets are left out, values stay as they are."""
        config = self.config
        plain = config.model_dump() if isinstance(config, BaseModel) else config
        return {
            "schema_version": CONTEXT_VERSION,
            "run_id": self.run_id,
            "node_id": self.node_id,
            "attempt": self.attempt,
            "inputs": drop_secrets(self.inputs),
            "config": drop_secrets(plain),
            "parameters": drop_secrets(self.parameters),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], **live: Any) -> ExecutionContext:
        """Rebuild a context from `to_dict`.

        Args:
            data: What `to_dict` gave.
            live: What a dict cannot hold: `reporter`, `cancel`, `folder`, `ends_at`, or a `config`
                with its secrets looked up again.

        Raises:
            DagyError: `node.context_version` for a newer form.
        """
        if data.get("schema_version") != CONTEXT_VERSION:
            raise DagyError(
                f"A context of version {data.get('schema_version')!r} cannot be read here.",
                code="node.context_version",
                suggestion="Upgrade dagy_nb.",
            )
        known = ("run_id", "node_id", "attempt", "inputs", "config", "parameters")
        return cls(**{**{name: data[name] for name in known if name in data}, **live})


class _NodeLog(logging.Handler):
    """Passes log records on to a reporter, line by line."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        """Format the record and pass it on."""
        self._reporter.wrote(record.levelname, self.format(record))


def _make_logger(name: str, reporter: Reporter) -> logging.Logger:
    """Return a logger outside the tree of loggers: no other handler sees its records."""
    logger = logging.Logger(name or "node")  # noqa: LOG001  # outside the tree, on purpose
    logger.addHandler(_NodeLog(reporter))
    return logger

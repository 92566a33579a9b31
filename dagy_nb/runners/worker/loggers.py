"""Loggers as they were before the first node in, the same after each later one out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Iterator
from typing import Any

State = tuple[int, bool, bool, tuple[logging.Handler, ...], tuple[Any, ...]]
"""Level, whether it passes records on, whether it is disabled, handlers, filters."""
_FRESH: State = (logging.NOTSET, True, False, (), ())


class Loggers:
    """Knows how loggers were when this was made.

    What a module set up when it was loaded stays: it is not loaded again. The root's level is that of the
    notebook (`dagy_nb.runners.worker.surroundings`).
    """

    def __init__(self) -> None:
        self._modules: frozenset[str] = frozenset()
        self._before = {name: _read(logger) for name, logger in _list()}

    def list_changed(self) -> list[str]:
        """Return the names of those that are not as they were."""
        self._adopt_new()
        return [name for name, logger in _list() if _read(logger) != self._find(name)]

    def restore(self, names: Collection[str]) -> None:
        """Make some as they were."""
        for name in names:
            _write(logging.getLogger(name), self._find(name))

    def _find(self, name: str) -> State:
        return self._before.get(name, _FRESH)

    def _adopt_new(self) -> None:
        """Take those as they are now whose module was loaded since the last time."""
        if len(sys.modules) == len(self._modules):
            return
        modules = frozenset(sys.modules)
        new, self._modules = modules - self._modules, modules
        for name, logger in _list():
            if _is_of(name, new):
                self._before[name] = _read(logger)


def _list() -> Iterator[tuple[str, logging.Logger]]:
    yield "", logging.root
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger):
            yield name, logger


def _is_of(name: str, modules: Collection[str]) -> bool:
    """Whether a logger is called like a module, or like something in it."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return bool(name)


def _read(logger: logging.Logger) -> State:
    # For the root: the level up to which everything is silenced.
    level = logger.manager.disable if logger is logging.root else logger.level
    return (
        level,
        logger.propagate,
        logger.disabled,
        tuple(logger.handlers),
        tuple(logger.filters),
    )


def _write(logger: logging.Logger, state: State) -> None:
    level, logger.propagate, logger.disabled, handlers, filters = state
    if logger is logging.root:
        logging.disable(level)
    else:
        logger.setLevel(level)
    for left in set(logger.handlers) - set(handlers):
        left.close()
    logger.handlers[:] = handlers
    logger.filters[:] = filters

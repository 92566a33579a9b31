"""What the notebook's process has around a node in; the same around the node in a worker out."""

from __future__ import annotations

import logging
import os
import sys
import time
from dataclasses import dataclass

PRELOADED = ("numpy", "pandas", "pyarrow", "polars", "scipy", "sklearn", "matplotlib")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a node may rely on wherever it runs.

    Attributes:
        folder: The working directory; empty where it is gone.
        path: `sys.path`.
        environment: The environment variables.
        log_level: The level of the root logger.
    """

    folder: str
    path: tuple[str, ...]
    environment: dict[str, str]
    log_level: int


def take_surroundings() -> Surroundings:
    """Return this process's surroundings as they are now."""
    return Surroundings(
        folder=_find_folder(),
        path=tuple(map(str, sys.path)),
        environment=dict(os.environ),
        log_level=logging.root.level,
    )


def enter_surroundings(given: Surroundings) -> None:
    """Make this process's surroundings what is given, whatever an earlier node made of them."""
    if given.folder:
        os.chdir(given.folder)
    if tuple(sys.path) != given.path:
        sys.path[:] = given.path
    if dict(os.environ) != given.environment:
        os.environ.clear()
        os.environ.update(given.environment)
        time.tzset()
    logging.root.setLevel(given.log_level)


def list_preloaded() -> list[str]:
    """Return the slow modules which this process uses: a worker that is made now will need them too."""
    return [name for name in PRELOADED if name in sys.modules]


def _find_folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - a text, for another process
    except FileNotFoundError:
        return ""

"""Nothing in, papermill loaded without its slowest part out.

`jsonschema` builds the grammars of `rfc3987_syntax` when it is imported: a second, for a check of IRIs that
notebooks do not use. Its place is taken by a function which loads the real one when it is first asked.
"""

from __future__ import annotations

import importlib
import sys
import threading
from types import ModuleType
from typing import Any

_SLOW = "rfc3987_syntax"
_lock = threading.Lock()


def import_papermill() -> ModuleType:
    """Return the module `papermill`, with our engine registered in it."""
    with _lock:
        if "papermill" not in sys.modules:
            _import_lightly()
        papermill = importlib.import_module("papermill")
        _register(importlib.import_module("papermill.engines").papermill_engines)
    return papermill


def import_nbformat() -> Any:
    """Return the module `nbformat`."""
    with _lock:
        if "nbformat" not in sys.modules:
            _import_lightly("nbformat")
        return importlib.import_module("nbformat")


def _import_lightly(name: str = "papermill") -> None:
    if _SLOW in sys.modules or "jsonschema" in sys.modules:
        importlib.import_module(name)
        return
    stand_in = ModuleType(_SLOW)
    stand_in.is_valid_syntax = _ask_the_real_one  # type: ignore[attr-defined]
    sys.modules[_SLOW] = stand_in
    try:
        importlib.import_module(name)
    finally:
        if sys.modules.get(_SLOW) is stand_in:
            del sys.modules[_SLOW]


def _ask_the_real_one(term: str, value: str) -> Any:
    return importlib.import_module(_SLOW).is_valid_syntax(term, value)


def _register(engines: Any) -> None:
    """Register our engine where dagy_nb runs from a checkout, without entry points."""
    from dagy_nb.schedules.engine import DagyEngine

    engines.register("dagy", DagyEngine)

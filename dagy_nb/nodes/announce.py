"""A new node class in, the one who listens told: the thread between base classes and the registry.

The base class cannot know the registry (the registry knows it), so a class that is defined is
announced here. While a cell is being executed its classes are collected instead, so that a cell that
fails leaves nothing behind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from dagy_nb.model.spec import Origin


@dataclass(slots=True, kw_only=True)
class Collection:
    """The node classes that one execution of a cell defines.

    Attributes:
        module: The cell's module; classes of other modules, which it may import, are not collected.
            Empty collects all.
        origin: Where the cell stands, or None for what the class itself says.
        source: The cell's text for display.
        fingerprint: Of the cell's code with all it captured.
        options: Class attributes that the cell's first line sets.
        classes: What was defined, in order.
    """

    module: str = ""
    origin: Origin | None = None
    source: str = ""
    fingerprint: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    classes: list[type] = field(default_factory=list)


_collection: ContextVar[Collection | None] = ContextVar("dagy_nb_collection", default=None)
_lock = threading.Lock()
_unheard: list[type] = []
_listener: Callable[[type], None] | None = None


def current_collection() -> Collection | None:
    """Return the collection of the cell that is being executed here, or None."""
    return _collection.get()


@contextmanager
def collect(collection: Collection) -> Iterator[Collection]:
    """Collect what is announced in this block instead of passing it on."""
    token = _collection.set(collection)
    try:
        yield collection
    finally:
        _collection.reset(token)


def announce(node_class: type) -> None:
    """Tell of a new node class; without a listener it is kept until there is one."""
    collection = _collection.get()
    if collection is not None and collection.module in {"", node_class.__module__}:
        collection.classes.append(node_class)
        return
    with _lock:
        listener = _listener
        if listener is None:
            _unheard.append(node_class)
    if listener is not None:
        listener(node_class)


def listen(listener: Callable[[type], None]) -> None:
    """Hear of every new node class from now on, and of those that nobody has heard of yet."""
    global _listener  # noqa: PLW0603  # one listener for one process
    with _lock:
        _listener = listener
        waiting = list(_unheard)
        _unheard.clear()
    for each in waiting:
        listener(each)

"""A Dask worker and the name of a task in, whether anybody still waits for it out."""

from __future__ import annotations

from typing import Any

_ENDING = frozenset({"closing", "closed", "failed", "stopping"})


def is_unwanted(worker: Any, name: str) -> bool:
    """Say whether nobody waits for a task any more: its notebook or the scheduler is gone, or let go of it.

    Dask cannot end a thread, it only notes this; so who runs in one has to look.
    """
    if worker.status.name in _ENDING:
        return True
    found = worker.state.tasks.get(name)
    return found is None or found.state == "cancelled"

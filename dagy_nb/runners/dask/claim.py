"""A piece of work on a cluster in, the one worker that may begin it out.

Dask gives the work of a dead worker to another one, and it may do so late: when the notebook has told of the
loss, let go of the work and perhaps sent the next attempt. A body must not run twice for one attempt. So the
notebook offers each piece of work by an event on the scheduler, the first worker takes the event down, and
whatever ends the work takes it down too: where nothing is offered, nothing begins.
"""

from __future__ import annotations

from typing import Any


def offer(name: str, client: Any) -> None:
    """Let one worker begin the work of this name; called before it is submitted.

    Raises:
        OSError: The scheduler is gone.
    """
    _find(name, client).set()


async def withdraw(name: str, client: Any) -> None:
    """Let nobody begin the work any more, and leave nothing of the offer; awaited in the client's thread."""
    await _find(name, client).clear()


def claim(name: str, client: Any) -> bool:
    """Say whether this worker may begin the work, and no other from now on."""
    offered = _find(name, client)
    if not offered.is_set():
        return False
    offered.clear()
    return True


def _find(name: str, client: Any) -> Any:
    from distributed import Event

    return Event(f"{name}-offered", client=client)

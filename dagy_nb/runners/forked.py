"""What owns threads or processes in, the same without any in a fork of this process, which has none, out."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Owner(Protocol):
    """Owns threads or processes of this process."""

    def begin_anew(self) -> None:
        """Forget all of them without touching a lock of the parent's; what they did is the parent's."""


def renew_in_forks(owner: Owner) -> None:
    """Let `owner` begin anew in every fork of this process, for as long as it lives."""
    _owners.add(owner)


def _begin_anew() -> None:
    for owner in list(_owners):
        owner.begin_anew()


_owners: weakref.WeakSet[Owner] = weakref.WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)

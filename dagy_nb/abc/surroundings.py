"""What a run has around it: the time, secrets, and who else hears of facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from dagy_nb.model.event import Event


@runtime_checkable
class Clock(Protocol):
    """Where times come from; tests turn it by hand."""

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""


@runtime_checkable
class SecretSource(Protocol):
    """Where secrets come from, by name, in the process that runs (D20)."""

    def get(self, name: str) -> str | None:
        """Return the secret's value, or None where this source does not know it."""


@runtime_checkable
class Notifier(Protocol):
    """Who hears of facts outside the store."""

    def notify(self, event: Event) -> None:
        """Pass on a fact; may fail without harm to the run."""

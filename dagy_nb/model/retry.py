"""How a failed attempt is tried again, and when a node starts: frozen answers as data."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, FiniteFloat

from dagy_nb.model.frozen import FrozenModel

Seconds = Annotated[FiniteFloat, Field(ge=0, le=86_400 * 7)]


class RetryKind(StrEnum):
    """What a further attempt may follow on."""

    RAISED = "raised"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"


class RetrySpec(FrozenModel):
    """How further attempts are made; how many there are stands in `retries`.

    Attributes:
        delay: Seconds before the next attempt; several are taken in order, the last one again and again.
        backoff: Each further wait is the one before times this; only with one `delay`.
        max_delay: No wait is longer than this, in seconds.
        jitter: Each wait is made longer or shorter by up to this share of it, by chance.
        on: After what: an exception (`raised`), its own limit (`timed_out`), a dead worker (`crashed`).
        errors: Names of exception classes or error codes; others are not tried again. Empty means all.

    Example:
        >>> RetrySpec(delay=(1, 5, 30), on=("raised", "timed_out")).delay
        (1.0, 5.0, 30.0)
    """

    delay: Seconds | Annotated[tuple[Seconds, ...], Field(min_length=1, max_length=100)] = 0.0
    backoff: FiniteFloat = Field(default=1.0, ge=1, le=100)
    max_delay: Seconds = 3_600.0
    jitter: FiniteFloat = Field(default=0.0, ge=0, le=1)
    on: tuple[RetryKind, ...] = (RetryKind.RAISED,)
    errors: tuple[str, ...] = ()


class Trigger(StrEnum):
    """When a node starts, once every node before it has ended.

    Attributes:
        ALL_SUCCESS: Every required input has a value and nothing that failed leads into it.
        ALL_DONE: Always; inputs without a value are None.
        ANY_SUCCESS: At least one input has a value, whatever became of the others.
        NONE_FAILED: Nothing that failed or was cancelled leads into it; branches not taken are no matter.
    """

    ALL_SUCCESS = "all_success"
    ALL_DONE = "all_done"
    ANY_SUCCESS = "any_success"
    NONE_FAILED = "none_failed"

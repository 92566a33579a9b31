"""How a failed attempt is tried again, and when a node starts: frozen answers as data."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, FiniteFloat, field_validator, model_validator

from dagy_nb.model.frozen import FrozenModel

MAX_WAIT = 86_400.0 * 7
MAX_DELAYS = 100
MAX_ERRORS = 50
MAX_NAME = 200
Seconds = Annotated[FiniteFloat, Field(ge=0, le=MAX_WAIT)]
ErrorName = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]


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
        errors: Which exceptions, where `on` names `raised`: names of their classes or of bases of these, or
            error codes. Others are not tried again; empty means all.

    Example:
        >>> RetrySpec(delay=(1, 5, 30), on=("raised", "timed_out")).delay
        (1.0, 5.0, 30.0)
    """

    delay: Seconds | Annotated[tuple[Seconds, ...], Field(min_length=1, max_length=MAX_DELAYS)] = (
        0.0
    )
    backoff: FiniteFloat = Field(default=1.0, ge=1, le=100)
    max_delay: Seconds = 3_600.0
    jitter: FiniteFloat = Field(default=0.0, ge=0, le=1)
    on: Annotated[tuple[RetryKind, ...], Field(min_length=1)] = (RetryKind.RAISED,)
    errors: Annotated[tuple[ErrorName, ...], Field(max_length=MAX_ERRORS)] = ()

    @field_validator("on")
    @classmethod
    def _order_kinds(cls, value: tuple[RetryKind, ...]) -> tuple[RetryKind, ...]:
        return tuple(kind for kind in RetryKind if kind in value)

    @model_validator(mode="after")
    def _refuse_two_ways(self) -> RetrySpec:
        if isinstance(self.delay, tuple) and self.backoff != 1:
            msg = "`backoff` goes with one `delay`, not with a list of them"
            raise ValueError(msg)
        return self


class Trigger(StrEnum):
    """When a node starts, once every node before it has ended.

    Attributes:
        ALL_SUCCESS: Every required input has a value and nothing that failed leads into it.
        ALL_DONE: Always; inputs without a value are None. Like `finally`, it takes no failure away: the run
            fails all the same.
        ANY_SUCCESS: At least one edge brings a value; what failed beside it does no harm.
        NONE_FAILED: Nothing that failed or was cancelled leads into it; where a branch was not taken, the
            input is None.
    """

    ALL_SUCCESS = "all_success"
    ALL_DONE = "all_done"
    ANY_SUCCESS = "any_success"
    NONE_FAILED = "none_failed"

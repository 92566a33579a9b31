"""What is asked of retries and one failed attempt in, whether it may be repeated and after how long out.

The class's own callables are called here, in the run's thread: they must answer at once. Whatever they raise
or return, the run goes on; what was wrong with them is told in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagy_nb.model.retry import MAX_WAIT, RetryKind, RetrySpec
from dagy_nb.model.state import Reason
from dagy_nb.nodes.retry import AT_ONCE

if TYPE_CHECKING:
    from dagy_nb.model.event import ErrorFact
    from dagy_nb.model.flow import NodeEntry
    from dagy_nb.nodes.base import FlowNode

_SPEC = RetrySpec()
_KINDS = {Reason.RAISED: RetryKind.RAISED, Reason.CRASHED: RetryKind.CRASHED}


class RetryRefused(Exception):
    """No further attempt follows, and the node's log says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """How a step's further attempts are made.

    Attributes:
        spec: What can be said as data.
        delay: The class's own way to choose the wait before the attempt after this one, in seconds.
        when: The class's own judgement whether this error of this attempt is worth another.
    """

    spec: RetrySpec = _SPEC
    delay: Callable[[int], Any] | None = None
    when: Callable[[ErrorFact, int], Any] | None = None

    def covers(self, reason: Reason | None, error: ErrorFact) -> bool:
        """Say whether an attempt that failed so may be followed by another, by data alone.

        Args:
            reason: Why it failed; None where it ran past its limit.
            error: What went wrong.
        """
        kind = RetryKind.TIMED_OUT if reason is None else _KINDS.get(reason)
        if kind not in self.spec.on:
            return False
        wanted = self.spec.errors
        if kind is not RetryKind.RAISED or not wanted:
            return True
        return (
            error.type in wanted or error.code in wanted or not set(wanted).isdisjoint(error.kinds)
        )

    def agrees(self, error: ErrorFact, attempt: int) -> bool:
        """Ask the class whether this error is worth another attempt.

        Raises:
            RetryRefused: The class's `when` raised.
        """
        if self.when is None:
            return True
        try:
            return bool(self.when(error, attempt))
        except BaseException as failure:
            raise RetryRefused(f"`when` failed: {_tell(failure)}") from failure

    def choose_wait(self, attempt: int, chance: Callable[[], float]) -> float:
        """Return the seconds to wait after this attempt, counted from 1.

        Args:
            attempt: The attempt that failed.
            chance: Gives a number from 0 to 1; asked only where there is jitter.

        Raises:
            RetryRefused: The class's `delay` raised, or returned no number of seconds.
        """
        spec = self.spec
        wait = self._find_delay(attempt)
        if wait and spec.jitter:
            wait *= 1 + spec.jitter * (2 * chance() - 1)
        return min(wait, spec.max_delay)

    def _find_delay(self, attempt: int) -> float:
        if self.delay is not None:
            return _call_delay(self.delay, attempt)
        delay = self.spec.delay
        if isinstance(delay, tuple):
            return delay[min(attempt, len(delay)) - 1]
        return delay * self.spec.backoff ** (attempt - 1)


NO_PLAN = RetryPlan()
"""At once, after what was raised."""


def plan_retry(node: NodeEntry, node_class: type[FlowNode]) -> RetryPlan:
    """Return how a node's attempts are made: what the flow says of it in place of what its class says.

    The class's `when` holds in any case, since its author knows which errors can pass.
    """
    own = node_class.traits.retry
    if own is AT_ONCE and node.retry is None:
        return NO_PLAN
    if node.retry is not None:
        return RetryPlan(spec=node.retry, when=own.when)
    return RetryPlan(spec=own.spec, delay=own.delay if callable(own.delay) else None, when=own.when)


def _call_delay(delay: Callable[[int], Any], attempt: int) -> float:
    try:
        given = delay(attempt)
        seconds = math.nan if isinstance(given, bool) else float(given)
    except BaseException as failure:
        raise RetryRefused(f"`delay` failed: {_tell(failure)}") from failure
    if not 0 <= seconds <= MAX_WAIT:
        raise RetryRefused(f"`delay` returned {str(given)[:100]}, which is no number of seconds")
    return seconds


def _tell(failure: BaseException) -> str:
    try:
        return f"{type(failure).__name__}: {failure}"[:500]
    except Exception:  # noqa: BLE001 - a user's `__str__` may do anything
        return type(failure).__name__

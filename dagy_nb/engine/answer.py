"""What is to become of a step in, what the machine is told of it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagy_nb.abc import Outcome
from dagy_nb.engine.signals import ReasonFound, Signal, StepReused
from dagy_nb.model.quick import make_quick

if TYPE_CHECKING:
    from dagy_nb.engine.judging import Verdict
    from dagy_nb.engine.plan import Step

_make_outcome = make_quick(Outcome)


def make_answer(
    at: float,
    step: Step,
    attempt: int,
    verdict: Verdict,
    values: Mapping[str, Any] | None,
    *,
    key: str,
) -> tuple[Signal, Outcome | None]:
    """Return the signal for the machine, with the values that take the body's place.

    Args:
        at: Seconds since the epoch, UTC.
        step: The step.
        attempt: The attempt that was handed out.
        verdict: What is to become of it.
        values: Output connector → value, where it does not run.
        key: What its outputs will be kept under, where it runs; empty where they will not.
    """
    kept = verdict.kept
    if values is None or kept is None:
        found = ReasonFound(
            at=at,
            node_id=step.node_id,
            attempt=attempt,
            why=verdict.why,
            why_detail=verdict.detail,
            key=key,
        )
        return found, None
    reused = StepReused(
        at=at,
        node_id=step.node_id,
        attempt=attempt,
        key=kept.key,
        live=frozenset(values),
        previews=kept.previews,
        reused_from=kept.run_id,
    )
    return reused, _make_outcome(outputs=values, previews=kept.previews)

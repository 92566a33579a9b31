"""What is to become of a step in, what the machine is told of it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagy_nb.engine.signals import ReasonFound, StepReused, StepsReused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagy_nb.engine.judging import Verdict
    from dagy_nb.engine.plan import Step
    from dagy_nb.engine.reusing import Taken


def tell_reason(at: float, step: Step, attempt: int, verdict: Verdict, *, key: str) -> ReasonFound:
    """Return the signal for a step that runs.

    Args:
        at: Seconds since the epoch, UTC.
        step: The step.
        attempt: The attempt that was handed out.
        verdict: Why it runs.
        key: What its outputs will be kept under; empty where they will not.
    """
    return ReasonFound(
        at=at,
        node_id=step.node_id,
        attempt=attempt,
        why=verdict.why,
        why_detail=verdict.detail,
        key=key,
    )


def tell_reused(at: float, taken: Iterable[Taken]) -> StepsReused:
    """Return the signal for steps that do not run, since others' outputs take the place of theirs."""
    steps = tuple(
        StepReused(
            at=at,
            node_id=step.node_id,
            attempt=attempt,
            key=kept.key,
            live=frozenset(values),
            previews=kept.previews,
            reused_from=kept.run_id,
        )
        for step, attempt, kept, values in taken
    )
    return StepsReused(at=at, steps=steps)

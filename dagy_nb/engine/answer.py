"""What is to become of a step in, what the machine is told of it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagy_nb.engine.ending import end_well
from dagy_nb.engine.signals import ReasonFound, Reused

if TYPE_CHECKING:
    from dagy_nb.engine.judging import Verdict
    from dagy_nb.engine.plan import Step
    from dagy_nb.model.kept import KeptOutputs


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


def tell_reused(node_id: str, kept: KeptOutputs) -> Reused:
    """Return what is told of a step that does not run.

    Args:
        node_id: The step.
        kept: What takes the place of its body.
    """
    return Reused(
        node_id=node_id,
        key=kept.key,
        reused_from=kept.run_id,
        ending=end_well(node_id, frozenset(kept.outputs)),
        previews=kept.previews,
    )

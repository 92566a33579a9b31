"""A plan in, its run in this very process out: the backend that needs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dagy_nb.abc import Capabilities, RunControl, Runner, Submission
from dagy_nb.engine.driver import start_run

if TYPE_CHECKING:
    from dagy_nb.engine.plan import Plan


class KernelBackend:
    """Runs flows in this process, on its runners; nothing outlives it."""

    name = "kernel"
    capabilities = Capabilities(parallel=True, hard_limits=True, cell_types=True, reuse=True)
    missing = ""

    def submit(self, submission: Submission) -> RunControl:
        """Start the run and return at once.

        Raises:
            RunnerError: `runner.*` where a runner that the run needs cannot be used.
        """
        prepare_runners(submission.plan, submission.runners)
        return start_run(
            submission.plan,
            runners=submission.runners,
            record=submission.record,
            clock=submission.clock,
            flow_hash=submission.flow_hash,
            parent_run_id=submission.parent_run_id,
            backend=submission.backend,
            backend_reason=submission.backend_reason,
            subscribers=submission.subscribers,
            **submission.engine,
        )

    def close(self) -> None:
        """Hold nothing, so let go of nothing."""


def prepare_runners(plan: Plan, runners: Mapping[str, Runner]) -> None:
    """Let the runners that a plan needs say now what is wrong with them, before anything is recorded.

    Raises:
        RunnerError: `runner.*`.
    """
    for name in sorted(plan.steps.runners):
        prepare = getattr(runners.get(name), "prepare", None)
        if prepare is not None:
            prepare()

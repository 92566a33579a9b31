"""A plan in, its run in this very process out: the backend that needs nothing."""

from __future__ import annotations

from dagy_nb.abc import Capabilities, RunControl, Submission
from dagy_nb.engine.driver import start_run


class KernelBackend:
    """Runs flows in this process, on its runners; nothing outlives it."""

    name = "kernel"
    capabilities = Capabilities(parallel=True, hard_limits=True, cell_types=True, reuse=True)
    missing = ""

    def submit(self, submission: Submission) -> RunControl:
        """Start the run and return at once."""
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

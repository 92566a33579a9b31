"""States, the tables of allowed changes, and reasons."""

from __future__ import annotations

from enum import StrEnum

from dagy_nb.errors import TransitionError


class NodeState(StrEnum):
    """Where a node run is; the last five are final and never left."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"

    @property
    def is_final(self) -> bool:
        """Whether no further state follows."""
        return not NODE_TRANSITIONS[self]


FAILED_STATES = frozenset({NodeState.FAILED, NodeState.TIMED_OUT})
"""A node ended in an error."""
BROKEN_STATES = FAILED_STATES | {NodeState.CANCELLED}
"""A node began, or was to, and did not come to its end."""


class RunState(StrEnum):
    """Where a run is; the last four are final."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether no further state follows."""
        return not RUN_TRANSITIONS[self]


class RunKind(StrEnum):
    """What ran: a flow, or a whole notebook."""

    FLOW = "flow"
    NOTEBOOK = "notebook"


class Reason(StrEnum):
    """Why a node run failed or was skipped."""

    RAISED = "raised"
    CONTRACT = "contract"
    CRASHED = "crashed"
    UPSTREAM_FAILED = "upstream_failed"
    BRANCH_NOT_TAKEN = "branch_not_taken"
    DISABLED = "disabled"
    UP_TO_DATE = "up_to_date"


class Why(StrEnum):
    """Why a node run was not reused (D12)."""

    NEVER_RAN = "never_ran"
    CODE = "code"
    CONFIG = "config"
    UPSTREAM = "upstream"
    INPUT = "input"
    FORCED = "forced"
    NOT_REUSABLE = "not_reusable"


_N = NodeState
NODE_TRANSITIONS: dict[NodeState, frozenset[NodeState]] = {
    _N.PENDING: frozenset({_N.QUEUED, _N.RUNNING, _N.SKIPPED, _N.CANCELLED}),
    _N.QUEUED: frozenset({_N.RUNNING, _N.SKIPPED, _N.CANCELLED}),
    _N.RUNNING: frozenset({_N.COMPLETED, _N.FAILED, _N.TIMED_OUT, _N.CANCELLED, _N.RETRYING}),
    _N.RETRYING: frozenset({_N.RUNNING, _N.FAILED, _N.TIMED_OUT, _N.CANCELLED}),
    _N.COMPLETED: frozenset(),
    _N.FAILED: frozenset(),
    _N.TIMED_OUT: frozenset(),
    _N.CANCELLED: frozenset(),
    _N.SKIPPED: frozenset(),
}

_R = RunState
RUN_TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    _R.QUEUED: frozenset({_R.RUNNING, _R.FAILED, _R.CANCELLED}),
    _R.RUNNING: frozenset({_R.COMPLETED, _R.FAILED, _R.TIMED_OUT, _R.CANCELLED}),
    _R.COMPLETED: frozenset(),
    _R.FAILED: frozenset(),
    _R.TIMED_OUT: frozenset(),
    _R.CANCELLED: frozenset(),
}


def check_node_transition(before: NodeState, after: NodeState) -> NodeState:
    """Return `after` if the table allows it.

    Raises:
        TransitionError: `state.transition`.
    """
    if after not in NODE_TRANSITIONS[before]:
        msg = f"A node run does not go from {before} to {after}."
        raise TransitionError(msg)
    return after


def check_run_transition(before: RunState, after: RunState) -> RunState:
    """Return `after` if the table allows it.

    Raises:
        TransitionError: `state.transition`.
    """
    if after not in RUN_TRANSITIONS[before]:
        msg = f"A run does not go from {before} to {after}."
        raise TransitionError(msg)
    return after

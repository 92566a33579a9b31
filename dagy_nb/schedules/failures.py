"""Where a notebook run failed: its cell, and the nodes of the flow runs inside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagy_nb.model.state import FAILED_STATES, NodeState, RunState

if TYPE_CHECKING:
    from dagy_nb.abc import Store
    from dagy_nb.model.event import ErrorFact
    from dagy_nb.model.record import RunRecord

_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCell:
    """The cell in which a run ended.

    Attributes:
        index: Its place among all cells of the executed notebook, from 0, the injected one included.
        cell_id: Its id, the same in the source.
        execution_count: The number in `In [3]`, or None.
        source: Its text.
    """

    index: int
    cell_id: str
    execution_count: int | None
    source: str

    def __str__(self) -> str:
        count = f"In [{self.execution_count}]" if self.execution_count else f"number {self.index}"
        lines = self.source.strip().splitlines()
        return f"cell {count} ({lines[0][:60]})" if lines else f"cell {count}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedNode:
    """A node at which a flow run inside a notebook run failed."""

    run_id: str
    flow: str
    node_id: str
    state: NodeState
    error: ErrorFact | None = None


def find_flow_runs(store: Store, run_id: str) -> tuple[RunRecord, ...]:
    """Return the runs directly inside a run with their nodes, oldest first."""
    found: list[RunRecord] = []
    cursor: str | None = None
    while True:
        page = store.runs(parent=run_id, limit=_PAGE, cursor=cursor)
        found += [store.run(run.run_id) for run in page.runs]
        cursor = page.next_cursor
        if cursor is None:
            return tuple(reversed(found))


def list_failed_nodes(runs: tuple[RunRecord, ...]) -> tuple[FailedNode, ...]:
    """Return the nodes that failed or timed out in runs that did not complete."""
    return tuple(
        FailedNode(
            run_id=run.run_id,
            flow=run.flow,
            node_id=node.node_id,
            state=node.state,
            error=node.error,
        )
        for run in runs
        if run.state is not RunState.COMPLETED
        for node in run.nodes.values()
        if node.state in FAILED_STATES
    )

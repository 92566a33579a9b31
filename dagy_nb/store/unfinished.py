"""What a fold knows of a run so far, as mutable values; frozen records out.

The frozen record of a node is made once and kept until its next fact, so a snapshot of a run with
thousands of nodes costs little more than what has changed since the last one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from dagy_nb.model.frozen import FrozenMap
from dagy_nb.model.record import CellRunRecord, NodeRunRecord, RunRecord
from dagy_nb.model.state import NodeState, Reason, RunKind, RunState, Why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagy_nb.model.event import ErrorFact

UNPLANNED = 1_000_000_000
"""The place of a node that no plan named: after all others."""


@dataclass(slots=True, kw_only=True)
class UnfinishedNode:
    """One node run so far; `place` is its index in the plan."""

    run_id: str
    node_id: str
    node_type: str = ""
    node_version: str = ""
    state: NodeState = NodeState.PENDING
    reason: Reason | None = None
    why: Why | None = None
    attempts: int = 0
    runner: str = ""
    timeout: float | None = None
    enforcement: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    fraction: float = 0.0
    message: str = ""
    error: ErrorFact | None = None
    previews: FrozenMap = field(default_factory=FrozenMap)
    cause: tuple[str, ...] = ()
    why_detail: str = ""
    reused_from: str = ""
    key: str = ""
    place: int = UNPLANNED

    @property
    def rank(self) -> int:
        """How far an open node is: 0 pending, 1 queued, then two steps for each attempt."""
        if self.state is NodeState.PENDING:
            return 0
        if self.state is NodeState.QUEUED:
            return 1
        return 2 * self.attempts + (self.state is NodeState.RETRYING)


@dataclass(slots=True, kw_only=True)
class UnfinishedCell:
    """One cell of a notebook run so far."""

    run_id: str
    index: int
    cell_id: str = ""
    state: NodeState = NodeState.RUNNING
    started_at: float | None = None
    ended_at: float | None = None
    error: ErrorFact | None = None


@dataclass(slots=True, kw_only=True)
class UnfinishedRun:
    """One run so far.

    Attributes:
        writer: Which process it belongs to.
        touched_nodes: Ids of the nodes that facts of this folding were about.
        touched_cells: The same for cells.
    """

    run_id: str
    kind: RunKind = RunKind.FLOW
    flow: str = ""
    flow_hash: str = ""
    flow_version: int = 0
    state: RunState = RunState.QUEUED
    backend: str = ""
    parent_run_id: str = ""
    notebook: str = ""
    artifacts: str = ""
    parameters: FrozenMap = field(default_factory=FrozenMap)
    queued_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    error: ErrorFact | None = None
    cancel_requested: bool = False
    backend_reason: str = ""
    parent_node_id: str = ""
    resumed_from: str = ""
    writer: str = ""
    nodes: dict[str, UnfinishedNode] = field(default_factory=dict)
    cells: dict[int, UnfinishedCell] = field(default_factory=dict)
    touched_nodes: set[str] = field(default_factory=set)
    touched_cells: set[int] = field(default_factory=set)
    _frozen: dict[str, NodeRunRecord] = field(default_factory=dict)
    _in_order: bool = True

    @property
    def is_rumour(self) -> bool:
        """Whether nothing is known but that somebody asked to cancel it: then it is no run yet."""
        return self.queued_at is self.started_at is self.ended_at is None and not (
            self.nodes or self.cells
        )

    @classmethod
    def of(cls, record: RunRecord, writer: str, places: Sequence[int]) -> UnfinishedRun:
        """Return the mutable twin of a record; `places` are those of its nodes in the plan."""
        run = cls(**_read_fields(record, _RUN_FIELDS), writer=writer)
        for place, node in zip(places, record.nodes.values(), strict=True):
            run.nodes[node.node_id] = UnfinishedNode(
                **_read_fields(node, _NODE_FIELDS), place=place
            )
            run._frozen[node.node_id] = node
        for cell in record.cells:
            run.cells[cell.index] = UnfinishedCell(**_read_fields(cell, _CELL_FIELDS))
        return run

    def touch_node(self, node_id: str) -> UnfinishedNode:
        """Return the node that a fact is about, made where it is new."""
        self.touched_nodes.add(node_id)
        self._frozen.pop(node_id, None)
        node = self.nodes.get(node_id)
        if node is None:
            node = self.nodes[node_id] = UnfinishedNode(run_id=self.run_id, node_id=node_id)
            self._in_order = False
        return node

    def touch_cell(self, index: int) -> UnfinishedCell:
        """Return the cell that a fact is about, made where it is new."""
        self.touched_cells.add(index)
        cell = self.cells.get(index)
        if cell is None:
            cell = self.cells[index] = UnfinishedCell(run_id=self.run_id, index=index)
        return cell

    def sort_later(self) -> None:
        """Put the nodes in order of their places before the next record."""
        self._in_order = False

    def freeze_node(self, node_id: str) -> NodeRunRecord:
        """Return the record of one node."""
        made = self._frozen.get(node_id)
        if made is None:
            made = NodeRunRecord(**_read_fields(self.nodes[node_id], _NODE_FIELDS))
            self._frozen[node_id] = made
        return made

    def freeze_cell(self, index: int) -> CellRunRecord:
        """Return the record of one cell."""
        return CellRunRecord(**_read_fields(self.cells[index], _CELL_FIELDS))

    def freeze(self, *, with_nodes: bool = True) -> RunRecord:
        """Return the record of the run, nodes in the order of the plan."""
        own = _read_fields(self, _RUN_FIELDS)
        if not with_nodes:
            return RunRecord(**own)
        self._sort_nodes()
        nodes = FrozenMap({node_id: self.freeze_node(node_id) for node_id in self.nodes})
        cells = tuple(self.freeze_cell(index) for index in sorted(self.cells))
        return RunRecord(**own, nodes=nodes, cells=cells)

    def _sort_nodes(self) -> None:
        if not self._in_order:
            ordered = sorted(self.nodes.values(), key=attrgetter("place", "node_id"))
            self.nodes = {node.node_id: node for node in ordered}
            self._in_order = True


def _read_fields(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


_NODE_FIELDS = tuple(each.name for each in fields(NodeRunRecord))
_CELL_FIELDS = tuple(each.name for each in fields(CellRunRecord))
_RUN_FIELDS = tuple(each.name for each in fields(RunRecord) if each.name not in {"nodes", "cells"})

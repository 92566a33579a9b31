"""Facts in, run records out: pure, and the same whatever the order in which facts arrive.

Facts of one run may come from several processes, and a journal may be folded in any number of steps.
So every rule here gives one answer for every order: a start is the earliest one, attempts are the
highest, and of several final facts the earliest counts (at one and the same microsecond: the first to
arrive). A final state is never left, and a fact that comes twice changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagy_nb.errors import UnknownName
from dagy_nb.model.event import (
    AttemptFailed,
    AttemptStarted,
    CancelRequested,
    CellEnded,
    CellStarted,
    NodeEnded,
    NodeProgressed,
    NodeQueued,
    NodesReused,
    RunEnded,
    RunQueued,
    RunStarted,
)
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.store.unfinished import UnfinishedRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dagy_nb.model.event import ErrorFact, Event
    from dagy_nb.model.record import RunRecord
    from dagy_nb.store.unfinished import UnfinishedCell, UnfinishedNode

FINAL_NODE_STATES = frozenset(state for state in NodeState if state.is_final)
_NOTHING = FrozenMap()
FINAL_RUN_STATES = frozenset(state for state in RunState if state.is_final)


class RunFold:
    """Folds facts into run records.

    Example:
        >>> fold = RunFold()
        >>> fold.apply(RunQueued(at=1.0, run_id="r", flow="delays"))
        >>> fold.record("r").state
        <RunState.QUEUED: 'QUEUED'>

    Attributes:
        touched: Ids of the runs that facts were about.
    """

    def __init__(self) -> None:
        self._runs: dict[str, UnfinishedRun] = {}
        self.touched: set[str] = set()

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._runs

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def known_runs(self) -> list[UnfinishedRun]:
        """Return the runs of which more is known than that somebody asked to cancel them."""
        return [run for run in self._runs.values() if not run.is_rumour]

    def apply(self, event: Event, *, writer: str = "") -> None:
        """Take in one fact; facts that say nothing about a run are let through.

        Args:
            event: The fact.
            writer: Which process wrote it; a run belongs to the process that started it.
        """
        rule = _RULES.get(type(event))
        if rule is None or not event.run_id:
            return
        run = self._runs.get(event.run_id)
        if run is None:
            run = self._runs[event.run_id] = UnfinishedRun(run_id=event.run_id)
        if writer:
            _claim(run, event, writer)
        self.touched.add(event.run_id)
        rule(run, event)

    def adopt(
        self, record: RunRecord, *, writer: str = "", places: Sequence[int] | None = None
    ) -> None:
        """Take over a run that was folded before, to go on with it.

        Args:
            record: What was folded.
            writer: Which process the run belongs to.
            places: The place of each node in the plan, in the order of the record.
        """
        self._runs[record.run_id] = UnfinishedRun.of(
            record, writer, range(len(record.nodes)) if places is None else places
        )

    def record(self, run_id: str) -> RunRecord:
        """Return what is known of a run, as a frozen snapshot.

        Raises:
            UnknownName: `unknown.run`.
        """
        return self.run(run_id).freeze()

    def run(self, run_id: str) -> UnfinishedRun:
        """Return a run so far, for those who write its changes down.

        Raises:
            UnknownName: `unknown.run`.
        """
        run = self._runs.get(run_id)
        if run is None:
            raise UnknownName(f"No run {run_id!r} was recorded.", code="unknown.run")
        return run


def round_time(at: float) -> float:
    """Return a time in whole microseconds: what a database keeps of it."""
    return round(at, 6)


def _claim(run: UnfinishedRun, event: Event, writer: str) -> None:
    """Say whose run it is: who started it, else who queued it, else who told of it first."""
    if isinstance(event, RunStarted):
        if _is_first(run.started_at, event.at):
            run.writer = writer
    elif isinstance(event, RunQueued):
        if run.started_at is None:
            run.writer = writer
    elif not isinstance(event, CancelRequested):
        run.writer = run.writer or writer


def _queue_run(run: UnfinishedRun, event: RunQueued) -> None:
    at = round_time(event.at)
    if run.queued_at is not None and run.queued_at <= at:
        return
    run.queued_at = at
    run.kind = event.run_kind
    run.flow, run.flow_hash = event.flow, event.flow_hash
    run.backend, run.parent_run_id = event.backend, event.parent_run_id
    run.notebook, run.artifacts = event.notebook, event.artifacts
    run.backend_reason, run.parent_node_id = event.backend_reason, event.parent_node_id
    run.resumed_from = event.resumed_from
    run.parameters = FrozenMap(event.parameters)
    for place, planned in enumerate(event.nodes):
        node = run.touch_node(planned.node_id)
        node.place = place
        node.node_type, node.node_version = planned.node_type, planned.node_version
        node.timeout = planned.timeout
        node.runner = node.runner or planned.runner
    run.sort_later()


def _start_run(run: UnfinishedRun, event: RunStarted) -> None:
    if not _is_first(run.started_at, event.at):
        return
    run.started_at = round_time(event.at)
    if run.state is RunState.QUEUED:
        run.state = RunState.RUNNING


def _end_run(run: UnfinishedRun, event: RunEnded) -> None:
    if event.state not in FINAL_RUN_STATES or not _is_first(run.ended_at, event.at):
        return
    run.ended_at = round_time(event.at)
    run.state, run.error = event.state, event.error


def _request_cancel(run: UnfinishedRun, event: CancelRequested) -> None:
    if not event.node_id:
        run.cancel_requested = True


def _queue_node(run: UnfinishedRun, event: NodeQueued) -> None:
    _advance(run.touch_node(event.node_id), NodeState.QUEUED, 0, None)


def _start_attempt(run: UnfinishedRun, event: AttemptStarted) -> None:
    node = run.touch_node(event.node_id)
    if _is_first(node.started_at, event.at):
        node.started_at = round_time(event.at)
    if event.runner and event.attempt >= node.attempts:
        node.runner = event.runner
    _advance(node, NodeState.RUNNING, event.attempt, None)


def _fail_attempt(run: UnfinishedRun, event: AttemptFailed) -> None:
    _advance(run.touch_node(event.node_id), NodeState.RETRYING, event.attempt, event.error)


def _advance(node: UnfinishedNode, state: NodeState, attempt: int, error: ErrorFact | None) -> None:
    """Move an open node on where this is further than it is; a final one only counts attempts."""
    before = node.rank
    is_open = node.state not in FINAL_NODE_STATES
    node.attempts = max(node.attempts, attempt)
    after = {NodeState.QUEUED: 1, NodeState.RUNNING: 2 * attempt}.get(state, 2 * attempt + 1)
    if is_open and after > before:
        node.state, node.error = state, error


def _end_node(run: UnfinishedRun, event: NodeEnded) -> None:
    node = run.touch_node(event.node_id)
    node.attempts = max(node.attempts, event.attempts)
    at = round_time(event.at)
    if event.state not in FINAL_NODE_STATES or not (node.ended_at is None or at < node.ended_at):
        return
    node.ended_at = at
    node.state, node.reason, node.why = event.state, event.reason, event.why
    node.error, node.enforcement, node.cause = event.error, event.enforcement, event.cause
    node.previews = FrozenMap.of(event.previews) if event.previews else _NOTHING
    node.why_detail, node.reused_from, node.key = event.why_detail, event.reused_from, event.key


def _reuse_nodes(run: UnfinishedRun, event: NodesReused) -> None:
    for each in event.split():
        _end_node(run, each)


def _progress_node(run: UnfinishedRun, event: NodeProgressed) -> None:
    node = run.touch_node(event.node_id)
    if event.fraction >= node.fraction:
        node.fraction = event.fraction
        node.message = event.message or node.message


def _start_cell(run: UnfinishedRun, event: CellStarted) -> None:
    cell = run.touch_cell(event.index)
    cell.cell_id = event.cell_id or cell.cell_id
    if _is_first(cell.started_at, event.at):
        cell.started_at = round_time(event.at)


def _end_cell(run: UnfinishedRun, event: CellEnded) -> None:
    cell: UnfinishedCell = run.touch_cell(event.index)
    if event.state not in FINAL_NODE_STATES or not _is_first(cell.ended_at, event.at):
        return
    cell.ended_at = round_time(event.at)
    cell.state, cell.error = event.state, event.error


def _is_first(known: float | None, at: float) -> bool:
    return known is None or round_time(at) < known


_RULES: dict[type[Event], Callable[[UnfinishedRun, Any], None]] = {
    RunQueued: _queue_run,
    RunStarted: _start_run,
    RunEnded: _end_run,
    CancelRequested: _request_cancel,
    NodeQueued: _queue_node,
    AttemptStarted: _start_attempt,
    AttemptFailed: _fail_attempt,
    NodeEnded: _end_node,
    NodesReused: _reuse_nodes,
    NodeProgressed: _progress_node,
    CellStarted: _start_cell,
    CellEnded: _end_cell,
}

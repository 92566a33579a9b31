"""A live run and its record in, what the user looks at out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dagy_nb.engine.values import RunOutputs
from dagy_nb.errors import RunFailed, UnknownName
from dagy_nb.model.event import ErrorFact
from dagy_nb.model.look import suggest_look
from dagy_nb.model.record import NodeRunRecord, RunRecord
from dagy_nb.model.state import FAILED_STATES, NodeState, Reason, RunState
from dagy_nb.protocol.tables import list_nodes, tell_row

MAX_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NodeResult:
    """How one node of a run ended.

    Attributes:
        record: What was recorded of it.
        outputs: Output connector → value, where the node completed.
    """

    record: NodeRunRecord
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> NodeState:
        """Its final state."""
        return self.record.state

    @property
    def reason(self) -> Reason | None:
        """Why it failed or was skipped."""
        return self.record.reason

    @property
    def error(self) -> ErrorFact | None:
        """What went wrong, or None."""
        return self.record.error

    @property
    def duration(self) -> float | None:
        """Seconds from its first attempt's start to its end."""
        return self.record.duration

    @property
    def value(self) -> Any:
        """The value of its sole output.

        Raises:
            UnknownName: `unknown.output` where it has none or several.
        """
        if len(self.outputs) != 1:
            raise UnknownName(
                f"{self.record.node_id} has {len(self.outputs)} outputs, not one.",
                code="unknown.output",
                suggestion=f"Use .outputs[name]; names: {', '.join(self.outputs) or 'none'}.",
            )
        return self.outputs[next(iter(self.outputs))]

    def __repr__(self) -> str:
        return f"<NodeResult {tell_row(self.record)}>"


class RunResult(Mapping[str, NodeResult]):
    """How a run ended: a mapping of node id → `NodeResult`.

    Args:
        read: Reads what was recorded of it; called when somebody first looks.
        outputs: `node.connector` → value, of all completed nodes.

    Attributes:
        outputs: The same.

    Example:
        >>> run = flow.run(month=2).wait()  # doctest: +SKIP
        >>> run["late"].state, run.outputs["late.output"].shape  # doctest: +SKIP
        (<NodeState.COMPLETED: 'COMPLETED'>, (4631, 19))
    """

    def __init__(self, read: Callable[[], RunRecord], outputs: Mapping[str, Any]) -> None:
        self._read = read
        self.outputs = outputs if isinstance(outputs, RunOutputs) else _part_outputs(outputs)

    @cached_property
    def record(self) -> RunRecord:
        """What was recorded of it."""
        return self._read()

    @property
    def id(self) -> str:
        """The run's id."""
        return self.record.run_id

    @property
    def state(self) -> RunState:
        """Its final state."""
        return self.record.state

    @property
    def error(self) -> ErrorFact | None:
        """Why the whole run failed, or None."""
        return self.record.error

    @property
    def duration(self) -> float | None:
        """Seconds from start to end."""
        return self.record.duration

    def __getitem__(self, node_id: str) -> NodeResult:
        record = self.record.nodes.get(node_id)
        if record is None:
            raise UnknownName(
                f"Run {self.id} has no node {node_id!r}.",
                code="unknown.node",
                suggestion=f"Its nodes are: {', '.join(self.record.nodes)}.",
            )
        return NodeResult(record=record, outputs=self.outputs.of(node_id))

    def __contains__(self, node_id: object) -> bool:
        return node_id in self.record.nodes

    def __iter__(self) -> Iterator[str]:
        return iter(self.record.nodes)

    def __len__(self) -> int:
        return len(self.record.nodes)

    def get(self, node_id: str, default: Any = None) -> Any:
        """Return a node's result, or `default` where the run has no such node."""
        return self[node_id] if self.record.nodes.get(node_id) else default

    def __eq__(self, other: object) -> bool:
        # By id: outputs may be tables, which do not compare to one truth.
        return self.id == other.id if isinstance(other, RunResult) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return repr(list_nodes(self.record))

    def _repr_html_(self) -> str:
        return list_nodes(self.record)._repr_html_()


def _part_outputs(outputs: Mapping[str, Any]) -> RunOutputs:
    by_node: dict[str, dict[str, Any]] = {}
    for name, value in outputs.items():
        node_id, _, output = name.partition(".")
        by_node.setdefault(node_id, {})[output] = value
    return RunOutputs(by_node)


def make_failure(result: RunResult, exceptions: Mapping[str, BaseException]) -> RunFailed:
    """Return the error that tells which nodes ended a run, with the first one's exception as cause."""
    failed = [node for node in result.record.nodes.values() if node.state in FAILED_STATES]
    code = f"run.{result.state.lower()}"
    error = RunFailed(
        f"Run {result.id} of flow {result.record.flow!r} ended {result.state}"
        f"{_name(failed, result.error)}",
        run_id=result.id,
        run=result,
        code=code,
        suggestion=suggest_look(result.id),
    )
    error.__cause__ = next(
        (exceptions[node.node_id] for node in failed if node.node_id in exceptions), None
    )
    return error


def _name(failed: list[NodeRunRecord], error: ErrorFact | None) -> str:
    if not failed:
        # No node is to blame: what carried the run is gone, or its limit passed between two nodes.
        return f": {error.told.rstrip('.')}." if error else "."
    told = [f"{node.node_id} {_tell(node)}" for node in failed[:MAX_NAMED]]
    more = f", and {len(failed) - MAX_NAMED} more" if len(failed) > MAX_NAMED else ""
    return ": " + "; ".join(told) + more + "."


def _tell(node: NodeRunRecord) -> str:
    text = f"{node.state}({node.reason})" if node.reason else str(node.state)
    return f"{text}: {node.error.told.rstrip('.')}" if node.error else text

"""What happened: immutable facts, past tense, as they are journaled.

Facts carry names, states, times and bounded previews, never the user's data. `encode` and `decode`
turn them into plain JSON values and back; `decode` reads every older shape for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dagy_nb.errors import StoreError
from dagy_nb.model.plain import from_plain, to_plain
from dagy_nb.model.state import NodeState, Reason, RunKind, RunState, Why

JOURNAL_VERSION = 1
RUN_CRASHED = "run.crashed"
"""The code of what whoever finds it says of a run whose process is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorFact:
    """An error as data: what an ERROR connector carries and what records keep.

    Attributes:
        type: The exception's class name.
        code: Our stable code, or `raised.<Class>` for the user's own exceptions.
        message: Its text, bounded.
        traceback: Lines of the user's cells only, bounded; never locals.
        node_id: Where, or empty.
        attempt: Which attempt, from 1; 0 where it is no node's.
        suggestion: What to do next; may be empty.
        kinds: Names of the exception's further base classes below `Exception`, the nearest first, bounded.
    """

    type: str
    code: str
    message: str
    traceback: str = ""
    node_id: str = ""
    attempt: int = 0
    suggestion: str = ""
    kinds: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """The message; where that is but a value, as of a `KeyError`, with the class's name before it."""
        is_bare = self.code.startswith("raised.") and " " not in self.message.strip()
        return f"{self.type}: {self.message}".rstrip(": ") if is_bare else self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A bounded look at one output value; nothing else of the data is recorded.

    Attributes:
        type: The value's Python class name.
        summary: One line: `336,776 rows × 19 columns`, a number, a shortened text.
        columns: Names and types of a table's columns, bounded.
        shape: Rows and columns of a table, dimensions of an array, length of a list.
        rows: First rows of a table or items of a list as short texts, bounded.
        hidden: The connector is secret, so nothing but the type stands here.
    """

    type: str
    summary: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    shape: tuple[int, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNode:
    """One node of a run at its start."""

    node_id: str
    node_type: str
    node_version: str
    runner: str
    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The base of all facts.

    Attributes:
        at: Seconds since the epoch, UTC.
        run_id: The run it belongs to; empty for facts of no run.
    """

    kind: ClassVar[str] = ""
    at: float
    run_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQueued(Event):
    """A run was accepted; its nodes are PENDING.

    Attributes:
        parent_run_id: The notebook run, or the flow run, inside which this one goes on.
        parent_node_id: The Map or sub-flow node of that flow run; empty inside a notebook run.
        backend_reason: Why it goes to this backend.
        resumed_from: The run that this one goes on with; empty for a fresh one.
    """

    kind: ClassVar[str] = "run_queued"
    run_kind: RunKind = RunKind.FLOW
    flow: str = ""
    flow_hash: str = ""
    backend: str = "kernel"
    parent_run_id: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    nodes: tuple[PlannedNode, ...] = ()
    notebook: str = ""
    artifacts: str = ""
    backend_reason: str = ""
    parent_node_id: str = ""
    resumed_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A run left the queue."""

    kind: ClassVar[str] = "run_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """A run reached a final state; exactly one such fact counts per run."""

    kind: ClassVar[str] = "run_ended"
    state: RunState
    error: ErrorFact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeQueued(Event):
    """A node's inputs are there; it waits for a place in its runner."""

    kind: ClassVar[str] = "node_queued"
    node_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarted(Event):
    """A runner acknowledged the start of an attempt; the node is RUNNING and its clock runs."""

    kind: ClassVar[str] = "attempt_started"
    node_id: str
    attempt: int
    runner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed(Event):
    """An attempt failed and another follows; the node is RETRYING.

    Attributes:
        retry_at: When the next attempt is due, in seconds since the epoch, UTC.
        state: FAILED, or TIMED_OUT where it ran past its limit.
        reason: Why it failed: `raised` or `crashed`.
        enforcement: How the limit was carried out.
    """

    kind: ClassVar[str] = "attempt_failed"
    node_id: str
    attempt: int
    error: ErrorFact
    retry_at: float = 0.0
    state: NodeState = NodeState.FAILED
    reason: Reason | None = None
    enforcement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEnded(Event):
    """A node run reached a final state; exactly one such fact, or one `NodesReused`, counts per node run.

    Attributes:
        enforcement: How a limit or a cancel was carried out: `cancelled`, `abandoned`, `killed`
            or empty.
        previews: Output connector → preview.
        cause: For SKIPPED(upstream_failed): ids of the nodes at the root of it.
        why_detail: Where reuse was asked for: what `why` means here, in a few words.
        reused_from: For SKIPPED(up_to_date): the run whose outputs are used.
        key: What its outputs are kept under; empty where they are not.
    """

    kind: ClassVar[str] = "node_ended"
    node_id: str
    state: NodeState
    reason: Reason | None = None
    why: Why | None = None
    attempts: int = 0
    error: ErrorFact | None = None
    enforcement: str = ""
    previews: Mapping[str, Preview] = field(default_factory=dict)
    cause: tuple[str, ...] = ()
    why_detail: str = ""
    reused_from: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReusedNode:
    """A node whose kept outputs took the place of its body.

    Attributes:
        reused_from: The run whose outputs these are.
        key: What they are kept under.
        previews: Output connector → preview.
    """

    node_id: str
    reused_from: str = ""
    key: str = ""
    previews: Mapping[str, Preview] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesReused(Event):
    """Nodes ended as SKIPPED(up_to_date): what a `NodeEnded` each would tell, at a quarter of the cost.

    Records and the table `events` show it as those.
    """

    kind: ClassVar[str] = "nodes_reused"
    nodes: tuple[ReusedNode, ...] = ()

    def split(self) -> tuple[NodeEnded, ...]:
        """Return one fact for each node.

        Example:
            >>> nodes = (ReusedNode(node_id="a"), ReusedNode(node_id="b"))
            >>> [each.node_id for each in NodesReused(at=1.0, run_id="r", nodes=nodes).split()]
            ['a', 'b']
        """
        return tuple(
            NodeEnded(
                at=self.at,
                run_id=self.run_id,
                node_id=each.node_id,
                state=NodeState.SKIPPED,
                reason=Reason.UP_TO_DATE,
                previews=each.previews,
                reused_from=each.reused_from,
                key=each.key,
            )
            for each in self.nodes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeProgressed(Event):
    """A node told how far it is: `fraction` from 0 to 1, never falling."""

    kind: ClassVar[str] = "node_progressed"
    node_id: str
    fraction: float
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWritten(Event):
    """A line of a node's output, log or warning; `level` is a logging level name, or STDOUT, STDERR."""

    kind: ClassVar[str] = "log_written"
    node_id: str = ""
    attempt: int = 0
    level: str = "STDOUT"
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested(Event):
    """Somebody asked to cancel a run, or one node of it."""

    kind: ClassVar[str] = "cancel_requested"
    node_id: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellStarted(Event):
    """A notebook run began a cell, counted from 0 over all cells."""

    kind: ClassVar[str] = "cell_started"
    index: int
    cell_id: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEnded(Event):
    """A notebook run ended a cell."""

    kind: ClassVar[str] = "cell_ended"
    index: int
    state: NodeState
    error: ErrorFact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeVersionSeen(Event):
    """A version of a node type took part in a run or was defined; `spec` is the `NodeSpec` as JSON."""

    kind: ClassVar[str] = "node_version_seen"
    node_type: str
    version: str
    spec: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowVersionSeen(Event):
    """A flow of this content ran or was published; its number is given when it is folded.

    Attributes:
        flow: The flow's name.
        content_hash: Of the spec.
        spec: The `FlowSpec` as JSON.
        node_versions: Node type → version.
        published: Whether a person published it (then it is also an audit entry).
        version: The number a compare-and-set publish decided; 0 lets the fold number it.
        previous: The published version that this one follows; 0 for none.
    """

    kind: ClassVar[str] = "flow_version_seen"
    flow: str
    content_hash: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    node_versions: Mapping[str, str] = field(default_factory=dict)
    published: bool = False
    version: int = 0
    previous: int = 0
    author: str = ""
    reason: str = ""


EVENT_TYPES: dict[str, type[Event]] = {
    each.kind: each
    for each in (
        RunQueued,
        RunStarted,
        RunEnded,
        NodeQueued,
        AttemptStarted,
        AttemptFailed,
        NodeEnded,
        NodesReused,
        NodeProgressed,
        LogWritten,
        CancelRequested,
        CellStarted,
        CellEnded,
        NodeVersionSeen,
        FlowVersionSeen,
    )
}


def spread(event: Event) -> tuple[Event, ...]:
    """Return a fact that tells of several nodes as one fact for each; any other alone."""
    return event.split() if isinstance(event, NodesReused) else (event,)


def encode(event: Event) -> dict[str, Any]:
    """Turn a fact into plain JSON values with its `kind`; fields at their default are left out."""
    return {"kind": event.kind, **to_plain(event)}


def decode(data: Mapping[str, Any]) -> Event:
    """Turn `encode`'s result back into the fact; fields it does not know are dropped.

    Raises:
        StoreError: `store.unknown_event` for a kind this version does not know.
        TypeError: A field without default is missing, or a value has the wrong shape.
        ValueError: A value is none of its enumeration's.
    """
    cls = EVENT_TYPES.get(str(data.get("kind")))
    if cls is None:
        msg = f"The journal holds a fact of the unknown kind {data.get('kind')!r}."
        raise StoreError(
            msg, code="store.unknown_event", suggestion="Upgrade dagy_nb to read this store."
        )
    return from_plain(cls, data)

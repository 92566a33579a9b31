"""Facts in, records of runs and versions of flows out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from dagy_nb.model.event import Event
    from dagy_nb.model.flow import FlowSpec, FlowVersion
    from dagy_nb.model.record import LogRecord, RunRecord


@dataclass(frozen=True, slots=True)
class Page:
    """A page of runs, newest first, with the cursor of the next page (None at the end)."""

    runs: Sequence[RunRecord]
    next_cursor: str | None = None


@runtime_checkable
class Store(Protocol):
    """Where facts go, and what can be asked of them."""

    def append(self, *events: Event, durable: bool = False) -> None:
        """Write facts; when it returns they survive the death of any process.

        Args:
            events: In order; a `NodesReused` tells of several nodes, see `dagy_nb.model.event.spread`.
            durable: Survive a power loss too.

        Raises:
            StoreError: `store.unwritable`, `store.full`.
        """

    def run(self, run_id: str) -> RunRecord:
        """Return one run with its node runs, fresh to the last fact.

        Raises:
            UnknownName: `unknown.run`; a unique prefix of an id of at least 4 characters is enough.
        """

    def runs(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        flow: str | None = None,
        state: str | None = None,
        kind: str | None = None,
        parent: str | None = None,
        nested: bool = False,
    ) -> Page:
        """Return runs without their nodes, newest first.

        Args:
            limit: How many at the most.
            cursor: `next_cursor` of the page before.
            flow: Only runs of this flow.
            state: Only runs in this state.
            kind: Only `flow` or `notebook` runs.
            parent: Only runs directly inside this run (its whole id).
            nested: Without `parent`: also runs inside a node (Map, sub-flow) of another run, which
                otherwise show under their parent only.
        """

    def logs(
        self, run_id: str, node_id: str | None = None, *, last: int | None = None
    ) -> list[LogRecord]:
        """Return the log lines of a run in the order they were written.

        Args:
            run_id: The run.
            node_id: Only lines of this node.
            last: Only so many of the last lines of each node; all by default.
        """

    def publish_flow(
        self,
        spec: FlowSpec,
        *,
        node_versions: Mapping[str, str],
        expected: int | None = None,
        author: str = "",
        reason: str = "",
    ) -> FlowVersion:
        """Make an immutable version, by compare-and-set.

        Args:
            spec: The flow.
            node_versions: Node type → version.
            expected: The newest version the caller knows; None does not compare.
            author: Who.
            reason: Why.

        Raises:
            ConflictError: Another version came first.
        """

    def flow_version(self, flow: str, version: int | None = None) -> FlowVersion:
        """Return one version of a flow, the newest by default.

        Raises:
            UnknownName: `unknown.flow`, `unknown.flow_version`.
        """

    def flow_versions(self, flow: str | None = None) -> list[FlowVersion]:
        """Return the versions of one flow, newest first, or the newest version of every flow."""

    def cancel_requested(self, run_id: str) -> Sequence[str] | None:
        """Return what other processes asked to cancel: node ids, empty for the whole run, or None."""

    def connect(self) -> Any:
        """Return a new `duckdb` connection over all records, live tail included."""

    def close(self) -> None:
        """Write what is left and let go of everything."""

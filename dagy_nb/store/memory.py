"""Facts in, records out, all in this process's memory: for tests and for runs nobody wants to keep."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from dagy_nb.model.event import CancelRequested, Event, LogWritten, encode, spread
from dagy_nb.model.record import LogRecord
from dagy_nb.store.fold import RunFold, round_time
from dagy_nb.store.paging import RunChoice, keep_last, make_page, merge_requests, pick_run
from dagy_nb.store.projection import Projection
from dagy_nb.store.scan import Fact
from dagy_nb.store.tail import Batch
from dagy_nb.store.versions import (
    VersionFold,
    decide_publish,
    find_version,
    list_versions,
    number_content,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from dagy_nb.abc import Clock, Page
    from dagy_nb.model.flow import FlowSpec, FlowVersion
    from dagy_nb.model.record import RunRecord


class MemoryStore:
    """A store that ends with its process; any thread may use it.

    Args:
        clock: Where the times of publishing come from; the system's by default.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._events: list[Event] = []
        self._runs = RunFold()
        self._versions = VersionFold()

    def append(self, *events: Event, durable: bool = False) -> None:
        """Take in facts, in order."""
        with self._lock:
            for event in chain.from_iterable(map(spread, events)):
                self._events.append(event)
                self._runs.apply(event)
                self._versions.apply(event)
            self._events.extend(number_content(self._versions))

    def run(self, run_id: str) -> RunRecord:
        """Return one run with its node runs; see `dagy_nb.abc.Store.run`."""
        with self._lock:
            known = {run.run_id: bool(run.parent_node_id) for run in self._runs.known_runs()}
            found = {each: nested for each, nested in known.items() if each.startswith(run_id)}
            listed = [run for run in self._runs.known_runs() if not run.parent_node_id]
            picked = pick_run(run_id, found, {run.run_id: run.flow for run in listed[-50:]})
            return self._number(self._runs.record(picked))

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
        """Return runs without their nodes, newest first; see `dagy_nb.abc.Store.runs`."""
        with self._lock:
            runs = [self._number(run.freeze(with_nodes=False)) for run in self._runs.known_runs()]
        choice = RunChoice(flow=flow, state=state, kind=kind, parent=parent, nested=nested)
        return make_page(filter(choice.fits, runs), limit=limit, cursor=cursor)

    def logs(
        self, run_id: str, node_id: str | None = None, *, last: int | None = None
    ) -> list[LogRecord]:
        """Return the log lines of a run in the order they were written."""
        with self._lock:
            lines = [
                LogRecord(
                    run_id=event.run_id,
                    node_id=event.node_id,
                    attempt=event.attempt,
                    at=round_time(event.at),
                    level=event.level,
                    text=event.text,
                )
                for event in self._events
                if isinstance(event, LogWritten)
                and event.run_id == run_id
                and node_id in {None, event.node_id}
            ]
        lines.sort(key=lambda line: line.at)
        return keep_last(lines, last, lambda line: line.node_id)

    def publish_flow(
        self,
        spec: FlowSpec,
        *,
        node_versions: Mapping[str, str],
        expected: int | None = None,
        author: str = "",
        reason: str = "",
    ) -> FlowVersion:
        """Make an immutable version; see `dagy_nb.abc.Store.publish_flow`."""
        with self._lock:
            fact = decide_publish(
                self._versions,
                spec,
                at=self._now(),
                node_versions=node_versions,
                expected=expected,
                author=author,
                reason=reason,
            )
            self.append(fact, durable=True)
            return find_version(self._versions, spec.name, fact.version)

    def flow_version(self, flow: str, version: int | None = None) -> FlowVersion:
        """Return one version of a flow, its head by default."""
        with self._lock:
            return find_version(self._versions, flow, version)

    def flow_versions(self, flow: str | None = None) -> list[FlowVersion]:
        """Return the versions of one flow, newest first, or the head of every flow."""
        with self._lock:
            return list_versions(self._versions, flow)

    def cancel_requested(self, run_id: str) -> Sequence[str] | None:
        """Return the nodes that somebody asked to cancel, none for the whole run, or None."""
        with self._lock:
            asked = [
                event.node_id
                for event in self._events
                if isinstance(event, CancelRequested) and event.run_id == run_id
            ]
        return merge_requests(asked)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Return a new DuckDB connection with a copy of all records; see `JournalStore.connect`."""
        from dagy_nb.store.view import connect_rows

        with self._lock:
            projection = Projection()
            facts = [
                Fact(event, encode(event), "memory", position, "memory")
                for position, event in enumerate(self._events)
            ]
            projection.apply(Batch(facts, [], {}))
        return connect_rows(projection)

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def _number(self, run: RunRecord) -> RunRecord:
        content = self._versions.content(run.flow, run.flow_hash)
        return replace(run, flow_version=content.version) if content else run

    def _now(self) -> float:
        if self._clock is not None:
            return self._clock.now()
        return time.time()

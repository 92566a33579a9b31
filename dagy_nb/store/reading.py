"""A question in, records out: the snapshot's answer with the tail's put over it."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dagy_nb.model.event import CancelRequested
from dagy_nb.store import queries
from dagy_nb.store.paging import (
    RunChoice,
    keep_last,
    limit_page,
    make_page,
    pick_run,
    read_cursor,
)
from dagy_nb.store.queries import fetch_rows
from dagy_nb.store.records import read_content, read_log, read_run
from dagy_nb.store.versions import VersionFold, foresee_numbers, number_content

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagy_nb.abc import Page
    from dagy_nb.model.record import LogRecord, RunRecord
    from dagy_nb.store.archive import Archive
    from dagy_nb.store.live import Live

Row = dict[str, Any]


class Reading:
    """Answers over records that were refreshed, while their lock is held.

    Args:
        live: The records.
    """

    def __init__(self, live: Live) -> None:
        self._tail = live.tail
        self._archive: Archive | None = live.archive

    def run(self, asked: str) -> RunRecord:
        """Return one run with its nodes and cells, by its id or the beginning of it.

        Raises:
            UnknownName: `unknown.run`.
        """
        newer = self._tail.runs.known_runs()
        found = {run.run_id: bool(run.parent_node_id) for run in newer}
        found = {run_id: nested for run_id, nested in found.items() if run_id.startswith(asked)}
        for row in self._ask(queries.RUN_IDS_BY_PREFIX, [asked]):
            found.setdefault(row["run_id"], row["is_nested"])
        known = {run.run_id: run.flow for run in newer if not run.parent_node_id}
        if asked not in found and len(found) != 1:
            known |= {row["run_id"]: row["flow"] for row in self._ask(queries.NEWEST_RUN_IDS)}
        run_id = pick_run(asked, found, known)
        archived = (
            None if run_id in self._tail.runs else self._archive and self._archive.run(run_id)
        )
        return archived or self._number(self._tail.runs.record(run_id))

    def runs(
        self,
        *,
        limit: int,
        cursor: str | None,
        choice: RunChoice,
    ) -> Page:
        """Return a page of runs without their nodes, newest first."""
        newer = [
            self._number(run.freeze(with_nodes=False))
            for run in self._tail.runs.known_runs()
            if choice.fits(run)
        ]
        after = read_cursor(cursor) if cursor else None
        asked = {
            **asdict(choice),
            "micros": after.micros if after else None,
            "after_id": after.run_id if after else None,
            "limit": limit_page(limit) + 1 + len(self._tail.runs),
        }
        rows = self._ask(queries.RUNS_PAGE, asked)
        older = [read_run(row) for row in rows if row["run_id"] not in self._tail.runs]
        return make_page([*newer, *older], limit=limit, cursor=cursor)

    def logs(self, run_id: str, node_id: str | None, last: int | None) -> list[LogRecord]:
        """Return the lines a run wrote, or one node of it, in their order; the last ones of each node."""
        older = (
            self._ask(queries.LOGS_BY_RUN, [run_id])
            if last is None
            else self._ask(queries.LAST_LOGS_BY_RUN, [run_id, last])
        )
        rows = [*older, *self._tail.logs(run_id, last)]
        rows.sort(key=lambda row: (row["happened_at"], row["segment"], row["position"]))
        lines = [read_log(row) for row in keep_last(rows, last, lambda row: row["node_id"])]
        return [line for line in lines if node_id in {None, line.node_id}]

    def versions(self) -> VersionFold:
        """Return all versions of flows with their specs, those no fold numbered yet numbered alike."""
        made = VersionFold()
        made.adopt(read_content(row) for row in self._ask(queries.FLOW_CONTENTS))
        for key in self._tail.versions.touched_contents:
            content = self._tail.versions.content(*key)
            older = made.content(*key)
            if content is not None:
                spec = content.spec or (older.spec if older else {})
                made.adopt([replace(content, spec=spec)])
        for _ in number_content(made):
            pass
        return made

    def cancel_requests(self, run_id: str) -> list[str]:
        """Return the nodes that were asked to be cancelled; an empty name stands for the run."""
        older = [row["node_id"] or "" for row in self._ask(queries.CANCEL_REQUESTS, [run_id])]
        newer = [
            fact.event.node_id
            for fact in self._tail.facts(run_id)
            if isinstance(fact.event, CancelRequested)
        ]
        return [*older, *newer]

    def _ask(self, sql: str, values: Any = ()) -> list[Row]:
        if self._archive is None:
            return []
        return fetch_rows(self._archive.connection, sql, values)

    def _number(self, run: RunRecord) -> RunRecord:
        known = self._tail.number(run.flow, run.flow_hash)
        number = known or self._foreseen.get((run.flow, run.flow_hash), 0)
        return replace(run, flow_version=number)

    @cached_property
    def _foreseen(self) -> Mapping[tuple[str, str], int]:
        return foresee_numbers(self._tail.versions)

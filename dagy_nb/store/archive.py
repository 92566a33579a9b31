"""An open database in, what was folded into it out: the seeds of a projection, and records."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from dagy_nb.model.event import CancelRequested
from dagy_nb.store import queries
from dagy_nb.store.queries import fetch_rows
from dagy_nb.store.records import (
    from_micros,
    read_content,
    read_run,
    read_segment_state,
)
from dagy_nb.store.versions import NodeContent

if TYPE_CHECKING:
    from collections.abc import Collection

    import duckdb

    from dagy_nb.model.record import RunRecord
    from dagy_nb.store.fold import RunFold
    from dagy_nb.store.projection import Projection
    from dagy_nb.store.scan import SegmentState
    from dagy_nb.store.versions import FlowContent, VersionFold

Row = dict[str, Any]


class Archive:
    """What a database holds, read through one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def states(self) -> dict[str, SegmentState]:
        """Return how far each segment was folded; those in `packs` are left out."""
        rows = fetch_rows(self.connection, queries.SEGMENTS)
        return {row["name"]: read_segment_state(row) for row in rows}

    def packs(self) -> list[str]:
        """Return the packs whose segments were all folded."""
        return [pack for (pack,) in self.connection.execute(queries.PACKS).fetchall()]

    def open_runs(self) -> dict[str, str]:
        """Return the runs that have not ended, with the process each belongs to."""
        rows = self.connection.execute(queries.OPEN_RUNS).fetchall()
        return {run_id: writer or "" for run_id, writer in rows}

    def contents(self, *, with_specs: bool = False) -> list[FlowContent]:
        """Return all contents of flows."""
        sql = queries.FLOW_CONTENTS if with_specs else queries.FLOW_CONTENTS_WITHOUT_SPECS
        return [read_content(row) for row in fetch_rows(self.connection, sql)]

    def run(self, run_id: str) -> RunRecord | None:
        """Return a run with its nodes and cells."""
        rows = fetch_rows(self.connection, queries.RUNS_BY_ID, [[run_id]])
        if not rows:
            return None
        nodes = fetch_rows(self.connection, queries.NODES_BY_RUN, [[run_id]])
        cells = fetch_rows(self.connection, queries.CELLS_BY_RUN, [[run_id]])
        return read_run(rows[0], nodes, cells)

    def seed_versions(self, versions: VersionFold) -> None:
        """Hand over all versions, without their specs."""
        rows = self.connection.execute(queries.NODE_CONTENTS).fetchall()
        versions.adopt(
            self.contents(),
            [
                NodeContent(
                    node_type=node_type, version=version, spec={}, seen_at=from_micros(at) or 0.0
                )
                for node_type, version, at in rows
            ],
        )

    def seed_runs(self, runs: RunFold, run_ids: Collection[str]) -> None:
        """Hand over these runs, as far as they were folded."""
        if not run_ids:
            return
        asked = [list(run_ids)]
        nodes = _group(fetch_rows(self.connection, queries.NODES_BY_RUN, asked))
        cells = _group(fetch_rows(self.connection, queries.CELLS_BY_RUN, asked))
        for row in fetch_rows(self.connection, queries.RUNS_BY_ID, asked):
            own = nodes.get(row["run_id"], [])
            record = read_run(row, own, cells.get(row["run_id"], []))
            places = [node["place"] for node in own]
            runs.adopt(record, writer=row["writer"] or "", places=places)
        for (run_id,) in self.connection.execute(queries.CANCELLED_RUNS, asked).fetchall():
            if run_id not in runs:  # asked to cancel before anything else was known of it
                runs.apply(CancelRequested(at=0.0, run_id=run_id))

    def seed(self, projection: Projection, run_ids: Collection[str]) -> None:
        """Hand over all that a projection needs to go on."""
        self.seed_versions(projection.versions)
        self.seed_runs(projection.runs, run_ids)


def _group(rows: list[Row]) -> dict[str, list[Row]]:
    """Return sorted rows by their run."""
    return {run_id: list(own) for run_id, own in groupby(rows, key=lambda row: row["run_id"])}

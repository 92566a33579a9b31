"""Every SQL question of the store, by name; parameters are bound, never pasted in.

What is put together here is put together from the fixed names of `dagy_nb.store.tables` only. The tables
are those of the connection's default database: the base itself, or a snapshot that is in `USE`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagy_nb.store.tables import TABLES, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

Row = dict[str, Any]


def select(name: str, tail: str = "", *, without: Sequence[str] = ()) -> str:
    """Return the query of whole rows: times as microseconds, and NULL for what is left out."""
    columns = TABLES[name].columns.items()
    shown = ", ".join(_select_column(column, kind, without) for column, kind in columns)
    return f"SELECT {shown} FROM {name} {tail}"  # noqa: S608 - fixed names


def fetch_rows(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    values: Sequence[Any] | Mapping[str, Any] = (),
) -> list[Row]:
    """Run a query and return its rows as dicts."""
    cursor = connection.execute(sql, values)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _select_column(name: str, kind: Kind, without: Sequence[str]) -> str:
    if name in without:
        return f"NULL AS {name}"
    return f"epoch_us({name}) AS {name}" if kind is Kind.TIME else name


PACKS = "SELECT name FROM segments WHERE name = pack"
SEGMENTS = select("segments", f"WHERE pack IS NULL OR pack NOT IN ({PACKS})")
RUNS_BY_ID = select("runs", "WHERE run_id IN (SELECT unnest(?))")
NODES_BY_RUN = select(
    "node_runs", "WHERE run_id IN (SELECT unnest(?)) ORDER BY run_id, place, node_id"
)
CELLS_BY_RUN = select("cell_runs", "WHERE run_id IN (SELECT unnest(?)) ORDER BY run_id, index")
LOGS_BY_RUN = select("logs", "WHERE run_id = ?")
LAST_LOGS_BY_RUN = select(
    "logs",
    """WHERE (segment, position) IN (
        SELECT (segment, position) FROM (
            SELECT segment, position, row_number() OVER (
                PARTITION BY node_id ORDER BY happened_at DESC, segment DESC, position DESC
            ) AS place
            FROM logs WHERE run_id = ?
        ) WHERE place <= ?
    )""",
)
FLOW_CONTENTS = select("flow_versions")
FLOW_CONTENTS_WITHOUT_SPECS = select("flow_versions", without=("spec",))
NODE_CONTENTS = "SELECT node_type, version, epoch_us(seen_at) AS seen_at FROM node_versions"

RUN_IDS_BY_PREFIX = """
SELECT run_id, parent_node_id IS NOT NULL AS is_nested FROM runs WHERE starts_with(run_id, ?)
ORDER BY is_nested, run_id LIMIT 10
"""

NEWEST_RUN_IDS = """
SELECT run_id, flow FROM runs WHERE parent_node_id IS NULL ORDER BY queued_at DESC LIMIT 50
"""

OPEN_RUNS = """
SELECT run_id, writer FROM runs WHERE state IN ('QUEUED', 'RUNNING')
UNION
SELECT run_id, runs.writer FROM node_runs JOIN runs USING (run_id)
WHERE node_runs.state IN ('PENDING', 'QUEUED', 'RUNNING', 'RETRYING')
"""

CANCELLED_RUNS = """
SELECT DISTINCT resource_id FROM audit
WHERE action = 'cancel' AND resource_type = 'run' AND resource_id IN (SELECT unnest(?))
"""

CANCEL_REQUESTS = """
SELECT node_id FROM events WHERE kind = 'cancel_requested' AND run_id = ?
"""

NUMBER_RUNS = """
UPDATE runs SET flow_version = v.version FROM flow_versions v
WHERE runs.flow = v.flow AND runs.flow_hash = v.content_hash AND v.version > 0
AND runs.flow_version = 0
"""

RUNS_PAGE = select(
    "runs",
    """
    WHERE ($flow IS NULL OR flow = $flow)
    AND ($state IS NULL OR state = $state)
    AND ($kind IS NULL OR kind = $kind)
    AND ($parent IS NULL OR parent_run_id = $parent)
    AND ($parent IS NOT NULL OR $nested OR parent_node_id IS NULL)
    AND ($micros IS NULL
         OR (coalesce(epoch_us(coalesce(queued_at, started_at)), 0), run_id) < ($micros, $after_id))
    ORDER BY coalesce(epoch_us(coalesce(queued_at, started_at)), 0) DESC, run_id DESC
    LIMIT $limit
    """,
)

"""Records in, SQL and tables out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagy_nb.errors import UsageError
from dagy_nb.session.current import current_session

if TYPE_CHECKING:
    import pandas as pd

    from dagy_nb.store.view import Connection


_HISTORY = """
SELECT * FROM runs
WHERE ($flow IS NULL OR flow = $flow)
AND ($parent IS NULL OR parent_run_id = $parent)
AND ($parent IS NOT NULL OR $nested OR parent_node_id IS NULL)
ORDER BY started_at DESC NULLS FIRST, run_id DESC LIMIT $limit
"""


def connect() -> Connection:
    """Return a new DuckDB connection over all records, the live tail included.

    Tables: `runs`, `node_runs`, `attempts`, `logs`, `events`, `flow_versions`, `node_versions`,
    `cell_runs`, `audit`. Times are naive UTC timestamps. Keep it open as long as you like: it blocks
    nobody.

    Example:
        >>> connect().execute("SELECT state, count(*) FROM node_runs GROUP BY 1").fetchall()
        ... # doctest: +SKIP
        [('COMPLETED', 42)]
    """
    connection: Connection = current_session().store.connect()
    return connection


def history(
    limit: int = 50, *, flow: str | None = None, parent: str | None = None, nested: bool = False
) -> pd.DataFrame:
    """Return the newest runs as a pandas DataFrame, newest first.

    Args:
        limit: How many runs at the most.
        flow: Only runs of this flow.
        parent: Only runs directly inside the run with this id: a notebook's flow runs, the runs inside
            a flow's Map and sub-flow nodes.
        nested: Also runs inside nodes, whoever is their parent.

    Raises:
        UsageError: `usage.limit` for a limit below 1.
        ImportError: pandas is not installed; `connect()` works without it.
    """
    if limit < 1:
        raise UsageError(
            f"history cannot return {limit} runs.",
            code="usage.limit",
            suggestion="Give a number above 0.",
        )
    asked: dict[str, Any] = {"flow": flow, "parent": parent, "nested": nested, "limit": limit}
    with connect() as connection:
        return connection.execute(_HISTORY, asked).df()

"""Records in, SQL and tables out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagy_nb.session.current import current_session

if TYPE_CHECKING:
    import pandas as pd

    from dagy_nb.store.view import Connection


def connect() -> Connection:
    """Return a new DuckDB connection over all records, the live tail included.

    Tables: `runs`, `node_runs`, `logs`, `events`, `flow_versions`, `node_versions`, `cell_runs`,
    `audit`. Times are naive UTC timestamps. Keep it open as long as you like: it blocks nobody.

    Example:
        >>> connect().execute("SELECT state, count(*) FROM node_runs GROUP BY 1").fetchall()
        ... # doctest: +SKIP
        [('COMPLETED', 42)]
    """
    connection: Connection = current_session().store.connect()
    return connection


def history(limit: int = 50, *, flow: str | None = None) -> pd.DataFrame:
    """Return the newest runs as a pandas DataFrame, newest first.

    Args:
        limit: How many runs at the most.
        flow: Only runs of this flow.

    Raises:
        ImportError: pandas is not installed; `connect()` works without it.
    """
    sql = "SELECT * FROM runs"
    values: list[Any] = []
    if flow is not None:
        sql += " WHERE flow = ?"
        values.append(flow)
    sql += " ORDER BY started_at DESC NULLS FIRST, run_id DESC LIMIT ?"
    with connect() as connection:
        return connection.execute(sql, [*values, limit]).df()

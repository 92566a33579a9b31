"""`%runs` and `%%runsql` in, tables of what was recorded out."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
)

from dagy_nb.errors import UsageError
from dagy_nb.magics.commands import RUNS
from dagy_nb.magics.tracebacks import show_cleanly
from dagy_nb.model.state import RunKind
from dagy_nb.protocol.tables import Table, list_cells, list_nodes, list_runs

LIMIT = 20
MAX_ROWS = 200
_ASSIGNED = re.compile(r"\s*([A-Za-z_]\w*)\s*<<(.*)\Z", re.DOTALL)


@magics_class
class RecordMagics(Magics):
    """What a user asks of the records."""

    @line_magic
    @show_cleanly
    def runs(self, line: str) -> Table:
        """List recorded runs, newest first, or show one.

        ```
        %runs [--flow NAME] [--state STATE] [--parent RUN_ID] [-n N]
        %runs RUN_ID [--logs]
        ```

        The first characters of a run's id are enough, where they are its alone. Runs inside a node of
        another run (of a Map, of a sub-flow) are listed by `--parent` only.
        """
        words = RUNS.read(line)
        if words.names:
            return _show_run(words.names[0], logs=bool(words.get("logs")))
        if words.get("logs"):
            raise RUNS.refuse("--logs needs a run.", "missing")
        store, parent = _store(), words.get("parent")
        page = store.runs(
            limit=words.get("limit", LIMIT),
            flow=words.get("flow"),
            state=words.get("state"),
            parent=store.run(parent).run_id if parent else None,
        )
        more = "Older ones are there: %runs -n N shows up to 1000." if page.next_cursor else ""
        chosen = any(map(words.get, ("flow", "state", "parent")))
        return list_runs(page.runs, note=more, chosen=chosen)

    @line_cell_magic
    @no_var_expand
    @show_cleanly
    def runsql(self, line: str, cell: str | None = None) -> Any:
        """Ask the records in SQL.

        ```
        %runsql SELECT state, count(*) FROM node_runs GROUP BY state
        ```
        ```
        %%runsql [NAME <<]
        SELECT node_id, avg(epoch(ended_at - started_at)) AS seconds FROM node_runs GROUP BY node_id
        ```

        Returns a pandas DataFrame, or a plain table where pandas is missing; `NAME <<` keeps it under
        a name instead. Tables: runs, node_runs, attempts, cell_runs, logs, events, flow_versions,
        node_versions, audit. Times are UTC.
        """
        name, query = _split_name(f"{line}\n{cell}" if cell is not None else line)
        if not query.strip():
            raise UsageError(
                "There is no SQL.",
                code="usage.missing",
                suggestion="Write %runsql SELECT * FROM runs, or %%runsql with the SQL below it.",
            )
        answer = _ask(query)
        if name is None:
            return answer
        assert self.shell is not None
        self.shell.push({name: answer})
        return None


def _show_run(run_id: str, *, logs: bool) -> Table:
    store = _store()
    run = store.run(run_id)
    if logs:
        rows = tuple((each.node_id, each.level, each.text) for each in store.logs(run.run_id))
        note = "" if rows else "Its nodes wrote nothing."
        return Table(columns=("node", "level", "text"), rows=rows, note=note)
    table = list_nodes(run)
    inside = store.runs(parent=run.run_id, limit=1).runs
    more = f"It has runs inside: %runs --parent {run.run_id}" if inside else ""
    shown = list_cells(run) if run.kind is RunKind.NOTEBOOK else table
    return replace(shown, title=table.title, note=" ".join(filter(None, (table.note, more))))


def _split_name(text: str) -> tuple[str | None, str]:
    found = _ASSIGNED.match(text)
    return (found[1], found[2]) if found else (None, text)


def _ask(query: str) -> Any:
    from dagy_nb.session.history import connect

    with connect() as connection, _speak_plainly():
        cursor = connection.execute(query)
        if "pandas" in sys.modules or _has_pandas():
            return cursor.df()
        columns = tuple(each[0] for each in cursor.description or ())
        rows = tuple(tuple(map(str, row)) for row in cursor.fetchmany(MAX_ROWS))
        return Table(columns=columns, rows=rows)


@contextmanager
def _speak_plainly() -> Iterator[None]:
    """Turn the database's own errors into one with a code; the store alone knows the package."""
    database_error = sys.modules["duckdb"].Error
    try:
        yield
    except database_error as error:
        told = str(error).strip()
        raise UsageError(
            told if "\n" in told else f"{told.rstrip('.')}.",
            code="usage.sql",
            suggestion="%runsql SHOW TABLES lists what there is.",
        ) from None


def _has_pandas() -> bool:
    try:
        import pandas  # noqa: F401, ICN001 - only whether it is there
    except ImportError:
        return False
    return True


def _store() -> Any:
    from dagy_nb.session.current import current_session

    return current_session().store

"""A run's id in, what is recorded of it out: `runs`, `show`, `logs`, `cancel`."""

from __future__ import annotations

from typing import Annotated

import typer

from dagy_nb.cli.answer import Answer
from dagy_nb.errors import UnknownName, UsageError
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.state import RunKind, RunState
from dagy_nb.protocol.tables import Table, list_cells, list_nodes, list_runs

MAX_INSIDE = 100

RunId = Annotated[
    str, typer.Argument(metavar="RUN_ID", help="A run's id; its first characters are enough.")
]


def runs(
    flow: Annotated[str, typer.Option("--flow", help="Only runs of this flow.")] = "",
    state: Annotated[str, typer.Option("--state", help="Only runs in this state.")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Only `flow` or `notebook` runs.")] = "",
    parent: Annotated[
        str, typer.Option("--parent", metavar="RUN_ID", help="Only runs inside this run.")
    ] = "",
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=1_000, help="How many.")] = 20,
    cursor: Annotated[str, typer.Option("--cursor", help="Where the page before ended.")] = "",
) -> Answer:
    """List recorded runs, newest first.

    Runs inside a node of another run (of a Map, of a sub-flow) are listed by --parent only.
    """
    _refuse_unknown("--state", state, RunState)
    _refuse_unknown("--kind", kind, RunKind)
    from dagy_nb.session.current import current_session

    store = current_session().store
    page = store.runs(
        limit=limit,
        cursor=cursor or None,
        flow=flow or None,
        state=state or None,
        kind=kind or None,
        parent=store.run(parent).run_id if parent else None,
    )
    more = f"Older ones: --cursor {page.next_cursor}" if page.next_cursor else ""
    data = {"runs": list(page.runs), "next_cursor": page.next_cursor}
    chosen = any((flow, state, kind, parent, cursor))
    return Answer(data=data, tables=(list_runs(page.runs, note=more, chosen=chosen),))


def show(run_id: RunId) -> Answer:
    """Show one run: its nodes, or a notebook's cells, and the runs inside it."""
    from dagy_nb.session.current import current_session

    store = current_session().store
    run = store.run(run_id)
    page = store.runs(parent=run.run_id, limit=MAX_INSIDE)
    inside = list(page.runs)
    tables = [list_nodes(run)]
    if run.kind is RunKind.NOTEBOOK:
        tables += [list_cells(run), *(list_nodes(store.run(each.run_id)) for each in inside)]
    elif inside:
        more = f"More of them: dagy-nb runs --parent {run.run_id}" if page.next_cursor else ""
        tables.append(list_runs(inside, note=more))
    return Answer(data={"run": run, "inside": inside}, tables=tuple(tables))


def logs(
    run_id: RunId,
    node: Annotated[str, typer.Option("--node", help="Only lines of this node.")] = "",
) -> Answer:
    """Print what the nodes of a run wrote: output, log records, warnings."""
    from dagy_nb.session.current import current_session

    store = current_session().store
    run = store.run(run_id)
    if node and node not in run.nodes:
        raise UnknownName(
            f"Run {run.run_id} has no node {node!r}.",
            code="unknown.node",
            suggestion=suggest_names(node, run.nodes, what="nodes"),
        )
    lines = store.logs(run.run_id, node or None)
    text = "\n".join(f"{each.node_id} | {_level(each.level)}{each.text}" for each in lines)
    note = Table(columns=(), note="" if lines else "Nothing was written.")
    return Answer(data={"lines": lines}, tables=(note,), text=text)


def cancel(
    run_id: RunId,
    node: Annotated[str, typer.Option("--node", help="Cancel this node only.")] = "",
) -> Answer:
    """Ask the process that runs it to cancel a run."""
    from dagy_nb.session.current import current_session

    session = current_session()
    run = session.store.run(run_id)
    if run.state.is_final:
        note = f"Run {run.run_id} has already ended: {run.state}."
    else:
        session.cancel(run.run_id, node, by="dagy-nb cancel")
        note = f"Asked to cancel {node or 'run'} {'of ' if node else ''}{run.run_id}."
    data = {"run_id": run.run_id, "asked": not run.state.is_final, "state": str(run.state)}
    return Answer(data=data, tables=(Table(columns=(), note=note),))


def _level(level: str) -> str:
    return "" if level in {"STDOUT", "STDERR"} else f"{level}: "


def _refuse_unknown(option: str, value: str, known: type[RunState | RunKind]) -> None:
    names = [str(each) for each in known]
    if value and value not in names:
        raise UsageError(
            f"{option} {value} is unknown.",
            code="usage.option_value",
            suggestion=suggest_names(value, names, what="values"),
        )

"""Records in, small tables of words out: what magics and commands print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import PurePath
from typing import Any

from dagy_nb.model.diagnostic import Diagnostic
from dagy_nb.model.event import RUN_CRASHED, ErrorFact
from dagy_nb.model.flow import FlowVersion
from dagy_nb.model.forecast import Forecast
from dagy_nb.model.record import NodeRunRecord, RunRecord
from dagy_nb.model.state import RunKind

MAX_CELL = 160

# Both themes of JupyterLab define the variables; the second colour is for everything else.
STATE_COLOURS: Mapping[str, str] = {
    "RUNNING": "var(--jp-brand-color1, #1976d2)",
    "RETRYING": "var(--jp-warn-color1, #e65100)",
    "COMPLETED": "var(--jp-success-color1, #388e3c)",
    "FAILED": "var(--jp-error-color1, #d32f2f)",
    "TIMED_OUT": "var(--jp-error-color1, #d32f2f)",
    "CANCELLED": "var(--jp-warn-color1, #e65100)",
    "error": "var(--jp-error-color1, #d32f2f)",
    "warning": "var(--jp-warn-color1, #e65100)",
}
_TABLE_STYLE = "text-align:left;margin:0"
_CELL_STYLE = "text-align:left;vertical-align:top"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns and rows of words, shown as text or HTML.

    Attributes:
        columns: Their headings.
        rows: One text for each column.
        title: Above the table; may be empty.
        note: Below the table; may be empty, or of several lines.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = ()
    title: str = ""
    note: str = ""

    def __repr__(self) -> str:
        widths = [
            max(len(each[index]) for each in (self.columns, *self.rows))
            for index in range(len(self.columns))
        ]
        body = [_line(row, widths) for row in (self.columns, *self.rows)] if self.rows else []
        return "\n".join(each for each in (self.title, *body, self.note) if each)

    def _repr_html_(self) -> str:
        title = f"<div><b>{escape(self.title)}</b></div>" if self.title else ""
        lines = escape(self.note).replace("\n", "<br>")
        note = f"<div>{lines}</div>" if lines else ""
        if not self.rows:
            return title + note
        head = "".join(f'<th style="{_CELL_STYLE}">{escape(each)}</th>' for each in self.columns)
        body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in self.rows)
        return (
            f'{title}<table style="{_TABLE_STYLE}"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table>{note}"
        )


def list_runs(runs: Sequence[RunRecord], *, note: str = "", chosen: bool = False) -> Table:
    """Return one row for each run; where each went, if one went elsewhere than usual.

    Args:
        runs: The runs.
        note: Below them.
        chosen: Whether only some kind of runs was asked for: where there is none, others may be.
    """
    is_told = any(map(_went_elsewhere, runs))
    rows = tuple(
        (
            run.run_id,
            _name(run),
            str(run.kind),
            *((run.backend,) if is_told else ()),
            str(run.state),
            tell_time(run.started_at if run.started_at is not None else run.queued_at),
            _tell_took(run.duration, run.error),
            shorten(run.error.told if run.error else ""),
        )
        for run in runs
    )
    where = ("backend",) if is_told else ()
    columns = ("run", "of", "kind", *where, "state", "started (UTC)", "took", "error")
    none = "No such run is recorded." if chosen else "No runs are recorded yet."
    return Table(columns=columns, rows=rows, note=note if rows else none)


def list_nodes(run: RunRecord, *, now: float | None = None) -> Table:
    """Return one row for each node run of a run, under a line about the run itself.

    Args:
        run: What is recorded of the run.
        now: Seconds since the epoch; with it, a running node shows how long it has been running.
    """
    nodes = run.nodes.values()
    tells_why = any(each.why or each.reused_from for each in nodes)
    why = [(_tell_why(each),) if tells_why else () for each in nodes]
    return Table(
        columns=("node", "type", "state", "took", "what happened", "why")[: 5 + tells_why],
        rows=tuple((*_node_row(each, now), *more) for each, more in zip(nodes, why, strict=True)),
        title=tell_run(run),
        note=" ".join(filter(None, _list_remarks(run))),
    )


def tell_run(run: RunRecord) -> str:
    """Return one line about a run."""
    took = f" in {_tell_took(run.duration, run.error)}" if run.duration is not None else ""
    where = f" on {run.backend}" if _went_elsewhere(run) else ""
    return f"Run {run.run_id} of {_name(run)}{where}: {run.state}{took}"


def _list_remarks(run: RunRecord) -> list[str]:
    """Return what else is worth a word about a run, below its nodes."""
    return [
        shorten(run.error.message) if run.error and not run.nodes else "",
        f"It goes on with run {run.resumed_from}." if run.resumed_from else "",
        f"On {run.backend}: {run.backend_reason}" if _went_elsewhere(run) else "",
    ]


def _went_elsewhere(run: RunRecord) -> bool:
    usual = "papermill" if run.kind is RunKind.NOTEBOOK else "kernel"
    return run.backend not in {"", usual}


def list_cells(run: RunRecord) -> Table:
    """Return one row for each cell of a notebook run."""
    rows = tuple(
        (
            str(cell.index),
            str(cell.state),
            tell_seconds(
                max(0.0, cell.ended_at - cell.started_at)
                if cell.started_at is not None and cell.ended_at is not None
                else None
            ),
            shorten(cell.error.message if cell.error else ""),
        )
        for cell in run.cells
    )
    return Table(columns=("cell", "state", "took", "error"), rows=rows)


def list_forecast(forecast: Forecast) -> Table:
    """Return one row for each node of a flow: what a run would do with it, and why."""
    rows = tuple(
        (
            each.node_id,
            str(each.action),
            each.detail or (f"kept in run {each.from_run}" if each.from_run else ""),
            tell_seconds(each.seconds),
        )
        for each in forecast.nodes.values()
    )
    counts = Counter(each.action for each in forecast.nodes.values())
    told = ", ".join(f"{count:,} {action}" for action, count in counts.items())
    return Table(
        columns=("node", "would", "why", "took last"),
        rows=rows,
        title=f"A run of {forecast.flow} would: {told or 'do nothing'}.",
        note="" if forecast.reuse else "Reuse is not asked for, so every node runs.",
    )


def list_diagnostics(found: Iterable[Diagnostic], *, name: str) -> Table:
    """Return one row for each finding of a check."""
    rows = tuple(
        (str(each.severity), str(each.place), each.message, each.suggestion, each.code)
        for each in found
    )
    columns = ("severity", "where", "what", "what to do", "code")
    return Table(columns=columns, rows=rows, note="" if rows else f"Flow {name}: nothing to mend.")


def list_versions(versions: Sequence[FlowVersion]) -> Table:
    """Return one row for each version of a flow."""
    rows = tuple(
        (
            each.flow,
            str(each.version),
            each.content_hash,
            str(len(each.spec.nodes)),
            str(len(each.spec.edges)),
            tell_time(each.created_at or None),
            each.author,
            shorten(each.reason),
        )
        for each in versions
    )
    columns = ("flow", "version", "hash", "nodes", "edges", "made (UTC)", "author", "reason")
    return Table(
        columns=columns, rows=rows, note="" if rows else "No version of a flow is recorded yet."
    )


def tell_count(count: int, what: str) -> str:
    """Return a number of things: `1 node`, `2 nodes`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def tell_seconds(seconds: float | None) -> str:
    """Return a duration in few words: `312 ms`, `1.24 s`, `2 min 03 s`, `1 h 02 min`."""
    if seconds is None:
        return ""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.995:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _tell_took(seconds: float | None, error: ErrorFact | None) -> str:
    told = tell_seconds(seconds)
    # What a process that died wrote last is not when it died.
    return f"at least {told}" if told and error and error.code == RUN_CRASHED else told


def tell_time(at: float | None) -> str:
    """Return a moment (seconds since the epoch) in UTC, to the second."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}" if at is not None else ""


def shorten(text: str, limit: int = MAX_CELL) -> str:
    """Return a text's first line, no longer than `limit`."""
    first, *more = text.strip().splitlines() or [""]
    return first[: limit - 1] + "…" if len(first) > limit else first + (" …" if more else "")


def _name(run: RunRecord) -> str:
    return PurePath(run.notebook).name if run.kind is RunKind.NOTEBOOK else run.flow


def _node_row(node: NodeRunRecord, now: float | None) -> tuple[str, ...]:
    state = f"{node.state} ({node.reason})" if node.reason else str(node.state)
    took = _tell_took(node.duration, node.error)
    if now is not None and node.started_at is not None and node.ended_at is None:
        took = f"{max(0.0, now - node.started_at):.1f} s …"
    return (node.node_id, node.node_type, state, took, _tell_node(node))


def tell_row(node: NodeRunRecord) -> str:
    """Return what `list_nodes` has of a node, as one line."""
    return " ".join(filter(None, _node_row(node, None)))


def _tell_node(node: NodeRunRecord) -> str:
    again = f"attempt {node.attempts}" if node.attempts > 1 else ""
    remarks = ", ".join(filter(None, (node.enforcement, again)))
    held = f" ({remarks})" if remarks else ""
    if node.error is not None:
        return shorten(node.error.told) + held
    if node.cause:
        return f"because of {', '.join(node.cause)}"
    if node.state.is_final:
        return (shorten(", ".join(_tell_outputs(node))) + held).strip()
    percent = f"{node.fraction:.0%} " if node.fraction else ""
    return (shorten(f"{percent}{node.message}".strip()) + held).strip()


def _tell_why(node: NodeRunRecord) -> str:
    if node.reused_from:
        return f"kept in run {node.reused_from}"
    return shorten(node.why_detail or (str(node.why) if node.why else ""))


def _tell_outputs(node: NodeRunRecord) -> list[str]:
    return [
        f"{name}: {preview.summary or preview.type}"
        for name, preview in node.previews.items()
        if not preview.hidden
    ]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _cell(text: str) -> str:
    colour = STATE_COLOURS.get(text.split(" ", 1)[0])
    style = f"{_CELL_STYLE};color:{colour}" if colour else _CELL_STYLE
    return f'<td style="{style}">{escape(text)}</td>'


def to_dicts(table: Table) -> list[dict[str, Any]]:
    """Return the rows as mappings from heading to text."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]

"""What is recorded is shown in small tables of words, as text and as HTML."""

from __future__ import annotations

import pytest

from dagy_nb.model.diagnostic import Diagnostic, Place, Severity
from dagy_nb.model.event import ErrorFact, Preview
from dagy_nb.model.record import CellRunRecord, NodeRunRecord, RunRecord
from dagy_nb.model.state import NodeState, Reason, RunKind, RunState
from dagy_nb.protocol.tables import (
    Table,
    list_cells,
    list_diagnostics,
    list_nodes,
    list_runs,
    shorten,
    tell_seconds,
    tell_time,
    to_dicts,
)

AT = 1_800_000_000.0
ERROR = ErrorFact(type="ValueError", code="raised.ValueError", message="no such month\nmore")


def node(node_id, state, **fields):
    return NodeRunRecord(
        run_id="r1", node_id=node_id, node_type=node_id.title(), state=state, **fields
    )


def run(*nodes, **fields):
    kept = {"flow": "delays", "state": RunState.FAILED, "started_at": AT, "ended_at": AT + 1.5}
    return RunRecord(
        run_id="r1", nodes={each.node_id: each for each in nodes}, **{**kept, **fields}
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, ""),
        (0.0, "0 ms"),
        (0.0312, "31 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1.236, "1.24 s"),
        (59.99, "59.99 s"),
        (59.996, "1 min 00 s"),
        (123.4, "2 min 03 s"),
        (3_599.6, "1 h 00 min"),
        (3_780, "1 h 03 min"),
    ],
)
def test_durations_are_told_in_few_words(seconds, told):
    assert tell_seconds(seconds) == told


def test_moments_are_told_in_utc():
    assert tell_time(AT) == "2027-01-15 08:00:00"
    assert tell_time(None) == ""


def test_node_runs_tell_what_happened():
    table = list_nodes(
        run(
            node("done", NodeState.COMPLETED, started_at=AT, ended_at=AT + 0.25, previews={
                "table": Preview(type="DataFrame", summary="10 rows × 2 columns"),
                "secret": Preview(type="str", hidden=True),
            }),
            node("bad", NodeState.FAILED, reason=Reason.RAISED, error=ERROR),
            node("late", NodeState.TIMED_OUT, error=ERROR, enforcement="abandoned"),
            node("after", NodeState.SKIPPED, reason=Reason.UPSTREAM_FAILED, cause=("bad",)),
            node("busy", NodeState.RUNNING, started_at=AT, fraction=0.5, message="half"),
        ),
        now=AT + 3,
    )  # fmt: skip

    assert repr(table).splitlines() == [
        "Run r1 of delays: FAILED in 1.50 s",
        "node   type   state                      took     what happened",
        "done   Done   COMPLETED                  250 ms   table: 10 rows × 2 columns",
        "bad    Bad    FAILED (raised)                     no such month …",
        "late   Late   TIMED_OUT                           no such month … (abandoned)",
        "after  After  SKIPPED (upstream_failed)           because of bad",
        "busy   Busy   RUNNING                    3.0 s …  50% half",
    ]


def test_runs_of_flows_and_notebooks_stand_in_one_list():
    table = list_runs(
        [
            run(),
            run(kind=RunKind.NOTEBOOK, notebook="somewhere/01.ipynb", error=ERROR, ended_at=None),
        ],
        note="more",
    )

    assert [row["of"] for row in to_dicts(table)] == ["delays", "01.ipynb"]
    assert [row["error"] for row in to_dicts(table)] == ["", "no such month …"]
    assert repr(table).endswith("more")


def test_what_died_with_its_process_took_at_least_what_is_known():
    gone = ErrorFact(type="RunCrashed", code="run.crashed", message="It is gone.")
    began = node("late", NodeState.FAILED, started_at=AT, ended_at=AT, error=gone)
    died = run(began, error=gone)

    table = list_nodes(died)

    assert table.title == "Run r1 of delays: FAILED in at least 1.50 s"
    assert to_dicts(table)[0]["took"] == "at least 0 ms"
    assert to_dicts(list_runs([died]))[0]["took"] == "at least 1.50 s"


def test_no_runs_are_said_aloud():
    assert repr(list_runs([])) == "No runs are recorded yet."
    assert repr(list_runs([], chosen=True)) == "No such run is recorded."


def test_cells_of_a_notebook_run_are_listed():
    cells = (
        CellRunRecord(
            run_id="r1", index=1, state=NodeState.COMPLETED, started_at=AT, ended_at=AT + 2
        ),
        CellRunRecord(run_id="r1", index=2, state=NodeState.FAILED, started_at=AT, error=ERROR),
    )

    assert list_cells(run(cells=cells)).rows == (
        ("1", "COMPLETED", "2.00 s", ""),
        ("2", "FAILED", "", "no such month …"),
    )


def test_findings_are_listed_with_what_to_do():
    found = Diagnostic(
        code="input.missing",
        severity=Severity.ERROR,
        place=Place(node="late", connector="flights"),
        message="Nothing comes in.",
        suggestion="Connect it.",
    )

    assert list_diagnostics([found], name="delays").rows == (
        ("error", "late.flights", "Nothing comes in.", "Connect it.", "input.missing"),
    )
    assert repr(list_diagnostics([], name="delays")) == "Flow delays: nothing to mend."


def test_html_shows_text_as_text():
    table = Table(
        columns=("<a>",), rows=(("<b>x</b>",), ("FAILED (raised)",)), title="<t>", note="<n>"
    )

    html = table._repr_html_()

    assert "<b>x</b>" not in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "--jp-error-color1" in html


@pytest.mark.parametrize(
    ("text", "short"),
    [("", ""), ("one\ntwo", "one …"), ("x" * 30, "x" * 9 + "…"), ("  ok \n", "ok")],
)
def test_long_texts_are_cut_at_their_first_line(text, short):
    assert shorten(text, 10) == short


def test_node_runs_tell_of_further_attempts():
    table = list_nodes(
        run(
            node("done", NodeState.COMPLETED, attempts=2, previews={
                "n": Preview(type="int", summary="3"),
            }),
            node("once", NodeState.COMPLETED, attempts=1),
            node("bad", NodeState.TIMED_OUT, attempts=3, error=ERROR, enforcement="killed"),
            node("busy", NodeState.RUNNING, attempts=2),
        )
    )  # fmt: skip

    assert [row[-1] for row in table.rows] == [
        "n: 3 (attempt 2)",
        "",
        "no such month … (killed, attempt 3)",
        "(attempt 2)",
    ]


def test_a_run_tells_where_it_went_and_what_it_goes_on_with():
    usual = run(node("a", NodeState.COMPLETED), backend="kernel", backend_reason="the default")
    elsewhere = run(
        node("a", NodeState.COMPLETED),
        backend="dask",
        backend_reason="The flow names it.",
        resumed_from="r0",
    )

    assert list_nodes(usual).note == ""
    assert " on " not in list_nodes(usual).title
    assert list_nodes(elsewhere).title.startswith("Run r1 of delays on dask: ")
    assert list_nodes(elsewhere).note == "It goes on with run r0. On dask: The flow names it."


def test_a_list_of_runs_tells_where_they_went_if_one_went_elsewhere():
    notebook = run(backend="papermill", kind=RunKind.NOTEBOOK, notebook="a.ipynb")
    usual, elsewhere = run(backend="kernel"), run(backend="papermill")

    assert "backend" not in list_runs([usual, notebook]).columns
    told = list_runs([usual, elsewhere, notebook])
    assert [each["backend"] for each in to_dicts(told)] == ["kernel", "papermill", "papermill"]

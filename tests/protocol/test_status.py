"""A run's picture tells states, times and bounded looks; its news only what changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dagy_nb.model.event import ErrorFact, Preview
from dagy_nb.model.record import NodeRunRecord
from dagy_nb.model.state import NodeState, Reason, RunState, Why
from dagy_nb.protocol.status import diff_run, draw_run
from tests.protocol.samples import ALL_STATES, FLIGHTS, make_record

RECORD = make_record(FLIGHTS, ALL_STATES)


def test_every_node_shows_its_state_and_reason():
    picture = draw_run(RECORD, now=5.0)

    assert picture.now == 5.0
    assert picture.nodes["joined"].state == "FAILED"
    assert picture.nodes["joined"].reason == "raised"
    assert picture.nodes["model"].reason == "upstream_failed"
    assert list(picture.nodes) == [each.id for each in FLIGHTS.nodes]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ErrorFact(type="KeyError", code="raised.KeyError", message="'x'"), "KeyError: 'x'"),
        (
            ErrorFact(type="ContractError", code="contract.missing_output", message="It lacks y."),
            "It lacks y.",
        ),
        (None, ""),
    ],
)
def test_a_users_exception_is_told_with_its_class(error, expected):
    node = NodeRunRecord(
        run_id="r",
        node_id="a",
        node_type="T",
        state=NodeState.FAILED,
        reason=Reason.RAISED,
        error=error,
    )

    drawn = draw_run(replace(RECORD, nodes={"a": node}), now=0.0).nodes["a"]

    assert drawn.error == expected


def test_previews_and_the_last_lines_are_shown():
    preview = Preview(
        type="DataFrame",
        summary="2 rows × 1 column",
        columns=(("a", "int64"),),
        shape=(2, 1),
        rows=(("1",), ("2",)),
    )
    node = NodeRunRecord(run_id="r", node_id="a", node_type="T", previews={"y": preview})

    drawn = draw_run(replace(RECORD, nodes={"a": node}), now=0.0, log_tails={"a": ["hi"]})

    assert drawn.nodes["a"].log_tail == ("hi",)
    assert drawn.nodes["a"].previews["y"].rows == (("1",), ("2",))


def test_the_first_news_of_a_run_is_the_whole():
    picture = draw_run(RECORD, now=1.0)

    news = diff_run(None, picture)

    assert news is not None
    assert news.whole
    assert news.run == picture


def test_another_run_is_told_whole():
    before = draw_run(replace(RECORD, run_id="run-0"), now=1.0)

    news = diff_run(before, draw_run(RECORD, now=1.0))

    assert news is not None
    assert news.whole


def test_only_nodes_that_changed_are_told():
    before = draw_run(RECORD, now=1.0)
    nodes = {**RECORD.nodes, "clean": replace(RECORD.nodes["clean"], fraction=0.5)}

    news = diff_run(before, draw_run(replace(RECORD, nodes=nodes), now=2.0))

    assert news is not None
    assert not news.whole
    assert list(news.run.nodes) == ["clean"]
    assert news.run.now == 2.0


def test_a_clock_that_went_on_is_no_news():
    assert diff_run(draw_run(RECORD, now=1.0), draw_run(RECORD, now=2.0)) is None


def test_the_end_of_a_run_is_news_though_no_node_changed():
    news = diff_run(
        draw_run(RECORD, now=1.0), draw_run(replace(RECORD, state=RunState.CANCELLED), now=2.0)
    )

    assert news is not None
    assert news.run.state == "CANCELLED"
    assert news.run.nodes == {}


def test_a_node_that_waits_for_its_next_attempt_tells_when_it_is_due():
    drawn = draw_run(RECORD, now=1.0, retry_times={"report": 42.0, "clean": 41.0})

    assert drawn.nodes["report"].retry_at == 42.0
    # `clean` runs again: its time is over.
    assert drawn.nodes["clean"].retry_at is None


def test_a_reused_node_tells_of_its_run_and_a_run_of_its_place():
    node = replace(
        RECORD.nodes["weather"], why=Why.CONFIG, why_detail="hour: 1 → 2", reused_from="run-0"
    )

    drawn = draw_run(
        replace(
            RECORD,
            nodes={"weather": node},
            backend="dask",
            backend_reason="the flow says so",
            resumed_from="run-0",
        ),
        now=1.0,
    )

    status = drawn.nodes["weather"]
    assert (status.why, status.why_detail, status.reused_from) == ("config", "hour: 1 → 2", "run-0")
    assert (drawn.backend, drawn.backend_reason) == ("dask", "the flow says so")
    assert drawn.resumed_from == "run-0"

"""What was recorded is listed, shown and cancelled from a terminal."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dagy_nb.model.state import RunState
from tests.flows import slow
from tests.store.facts import whole_run


def newest(recorded, flow):
    return recorded.store.runs(flow=flow, limit=1).runs[0].run_id


def test_runs_are_listed_newest_first(call, recorded):
    done = call("runs")

    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines[1:]] == ["failing", "chain"]
    assert "FAILED" in lines[1]
    assert "COMPLETED" in lines[2]
    assert not done.stderr


@pytest.mark.parametrize(
    ("words", "flows"),
    [
        ((), ["failing", "chain"]),
        (("--flow", "chain"), ["chain"]),
        (("--state", "FAILED"), ["failing"]),
        (("--kind", "notebook"), []),
        (("-n", "1"), ["failing"]),
    ],
)
def test_runs_are_chosen_by_options(ask, words, flows):
    answer = ask("runs", *words)

    assert [each["flow"] for each in answer["data"]["runs"]] == flows


def test_a_page_tells_where_the_next_begins(ask):
    first = ask("runs", "-n", "1")["data"]

    second = ask("runs", "-n", "1", "--cursor", first["next_cursor"])["data"]

    assert [each["flow"] for each in second["runs"]] == ["chain"]


def test_a_run_is_shown_with_its_nodes(call, ask, recorded):
    run_id = newest(recorded, "failing")

    done = call("show", run_id)
    answer = ask("show", run_id)

    assert done.exit_code == 0
    assert "FAILED (raised)" in done.stdout
    assert "because of bad" in done.stdout
    nodes = answer["data"]["run"]["nodes"]
    assert {name: each["state"] for name, each in nodes.items()} == {
        "top": "COMPLETED",
        "bad": "FAILED",
        "after_bad": "SKIPPED",
        "good": "COMPLETED",
    }
    assert nodes["bad"]["error"]["code"] == "raised.ValueError"


def test_logs_are_printed_line_by_line(call, ask, recorded):
    run_id = newest(recorded, "chain")

    assert call("logs", run_id).stdout == "n1 | doubling 5\nn2 | doubling 10\n"
    assert call("logs", run_id, "--node", "n2").stdout == "n2 | doubling 10\n"
    assert [each["text"] for each in ask("logs", run_id)["data"]["lines"]] == [
        "doubling 5",
        "doubling 10",
    ]


def test_a_live_run_is_cancelled(ask, recorded):
    handle = slow(recorded, timeout=None).run()
    while handle.record.state is RunState.QUEUED:
        handle.settle(0.01)

    answer = ask("cancel", handle.run_id)

    assert answer["data"] == {"run_id": handle.run_id, "asked": True, "state": "RUNNING"}
    assert handle.wait(timeout=10, check=False).state == "CANCELLED"


def test_a_run_that_has_ended_is_not_cancelled(call, recorded):
    done = call("cancel", newest(recorded, "chain"))

    assert done.exit_code == 0
    assert "has already ended: COMPLETED" in done.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("show", "99999999"), "unknown.run"),
        (("logs", "99999999"), "unknown.run"),
        (("cancel", "99999999"), "unknown.run"),
        (("runs", "--state", "DONE"), "usage.option_value"),
        (("runs", "--kind", "cell"), "usage.option_value"),
        (("runs", "--limit", "0"), "usage.invalid"),
        (("runs", "--nonsense"), "usage.invalid"),
        (("nonsense",), "usage.invalid"),
        (("versions", "nowhere"), "unknown.flow"),
        (("export", "nowhere"), "unknown.flow"),
        (("export", "chain", "--version", "99"), "unknown.flow_version"),
        (("check", "nowhere.yaml"), "flow.unreadable"),
        (("run", "nowhere.txt"), "usage.file_kind"),
        (("run", "nowhere.yaml"), "flow.unreadable"),
        (("run", "a.yaml", "-p", "month"), "usage.option_value"),
        (("run", "a.yaml", "-o", "out.ipynb"), "usage.option_unfit"),
        (("run", "a.yaml", "--cell-timeout", "5"), "usage.option_unfit"),
        (("run", "a.ipynb", "--reuse"), "usage.option_unfit"),
        (("run", "a.ipynb", "--force", "n"), "usage.option_unfit"),
        (("run", "a.ipynb", "--import", "tests.flows"), "usage.option_unfit"),
        (("run", "a.ipynb", "--runner", "process"), "usage.option_unfit"),
    ],
)
def test_wrong_input_has_a_code_and_exit_code_2_and_no_traceback(call, ask, words, code):
    assert ask(*words, code=2)["error"]["code"] == code

    done = call(*words)

    assert done.exit_code == 2
    assert not done.stdout
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_a_node_that_is_not_there_names_the_nearest(ask, recorded):
    error = ask("logs", newest(recorded, "chain"), "--node", "n3", code=2)["error"]

    assert error["code"] == "unknown.node"
    assert "`n2`" in error["suggestion"] or "n2" in error["suggestion"]


def test_the_version_is_told(call):
    from dagy_nb import __version__

    assert call("--version").stdout == f"dagy-nb {__version__}\n"


def test_every_command_says_what_it_does_and_takes_json(call):
    listed = call("--help").stdout
    for name in (
        *("demo", "run", "runs", "show", "logs", "cancel"),
        *("flows", "versions", "export", "check", "doctor", "lab"),
    ):
        assert name in listed
        assert "--json" in call(name, "--help").stdout


def add_children(recorded, parent, *run_ids):
    for run_id in run_ids:
        begin, *rest = whole_run(run_id, "double")
        recorded.store.append(
            replace(begin, flow="each", parent_run_id=parent, parent_node_id="n1"), *rest
        )


def test_runs_inside_a_node_are_shown_under_their_parent(call, ask, recorded):
    parent = newest(recorded, "chain")
    add_children(recorded, parent, "20270115-item1", "20270115-item2")

    listed = ask("runs")["data"]["runs"]
    under = ask("runs", "--parent", parent[:-1])["data"]["runs"]
    shown = ask("show", parent)["data"]

    assert [each["flow"] for each in listed] == ["failing", "chain"]
    children = ["20270115-item2", "20270115-item1"]
    assert [each["run_id"] for each in under] == children
    assert [each["run_id"] for each in shown["inside"]] == children
    assert shown["inside"][0]["parent_node_id"] == "n1"
    lines = call("show", parent).stdout.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("2027")] == children


def test_numbers_that_json_has_not_are_texts(call, recorded):
    begin, *rest = whole_run("20270115-run1", "a")
    values = {"x": float("nan"), "y": float("-inf"), "z": "NaN"}
    recorded.store.append(replace(begin, parameters=values), *rest)

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    answer = json.loads(call("show", "20270115-run1", "--json").stdout, parse_constant=refuse)

    assert answer["data"]["run"]["parameters"] == {"x": "NaN", "y": "-Infinity", "z": "NaN"}


def test_a_run_with_very_many_inside_says_how_to_see_them_all(call, recorded):
    parent = newest(recorded, "chain")
    add_children(recorded, parent, *(f"20270115-item{number}" for number in range(101)))

    assert f"More of them: dagy-nb runs --parent {parent}" in call("show", parent).stdout

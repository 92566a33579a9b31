"""`dagy-nb run --reuse` runs what changed, and forces what it is told to."""

from __future__ import annotations

from typing import Any

TEXT = "nodes:\n  n: {type: number}\n  d: {type: double}\nedges: [n.output -> d.x]\n"


def states(answer: dict[str, Any]) -> dict[str, str]:
    nodes = answer["data"]["run"]["nodes"]
    return {name: each["reason"] or each["state"] for name, each in nodes.items()}


def test_a_text_is_run_with_reuse(ask, tmp_path):
    file = tmp_path / "sums.flow.yaml"
    file.write_text(TEXT)
    kept = states(ask("run", file, "--keep"))
    again = states(ask("run", file, "--reuse"))
    forced = states(ask("run", file, "--reuse", "--force", "n"))

    assert kept == {"n": "COMPLETED", "d": "COMPLETED"}
    assert again == {"n": "up_to_date", "d": "up_to_date"}
    assert forced == {"n": "COMPLETED", "d": "up_to_date"}


def test_a_node_that_is_not_there_cannot_be_forced(call, tmp_path):
    file = tmp_path / "sums.flow.yaml"
    file.write_text(TEXT)

    done = call("run", file, "--force", "nn")

    assert done.exit_code == 2
    assert "unknown.node" in done.stderr


def test_a_text_is_run_where_the_call_says_and_its_inputs_are_tapped(ask, recorded, tmp_path):
    file = tmp_path / "sums.flow.yaml"
    file.write_text(TEXT)

    run = ask("run", file, "--runner", "inline", "--backend", "kernel", "--tap")["data"]["run"]

    assert {each["runner"] for each in run["nodes"].values()} == {"inline"}
    assert run["backend"] == "kernel"
    assert recorded.outputs.tapped(run["run_id"], "d")
    refused = ask("run", file, "--backend", "nowhere", code=2)
    assert refused["error"]["code"] == "unknown.backend"


def test_what_a_check_warns_of_is_told_beside_the_answer(call, ask, tmp_path):
    file = tmp_path / "sums.flow.yaml"
    file.write_text("nodes:\n  n: {type: number, trigger: all_done}\n")

    done = call("run", file)

    assert done.exit_code == 0
    assert done.stderr.count("[trigger.unused]") == 1
    assert "trigger.unused" not in done.stdout
    (warning,) = ask("run", file)["data"]["warnings"]
    assert warning["code"] == "trigger.unused"

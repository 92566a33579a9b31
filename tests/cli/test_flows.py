"""Flows are listed, exported, checked and run from a terminal."""

from __future__ import annotations

import _thread
import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dagy_nb.cli import run_flow
from dagy_nb.errors import StoreError
from dagy_nb.flowfile.read import read_flow
from dagy_nb.nodes.function import node
from dagy_nb.session.current import make_session, set_session
from dagy_nb.settings import Settings

TEXT = """
parameters: {start: {type: integer, default: 2}}
nodes:
  n: {type: number, config: {value: "${params.start}"}}
  d: {type: double}
edges: [n.output -> d.x]
"""
SALE = """
from dagy_nb import node

@node(runner="process")
def sell() -> int:
    return 3
"""


def test_flows_and_their_versions_are_listed(call, ask):
    assert "chain" in call("flows").stdout
    assert sorted(each["flow"] for each in ask("flows")["data"]["flows"]) == ["chain", "failing"]
    assert [each["version"] for each in ask("versions", "chain")["data"]["versions"]] == [1]


def test_a_flow_is_exported_as_text_that_reads_back(call, recorded, tmp_path):
    printed = call("export", "chain").stdout
    written = call("export", "chain", "-o", tmp_path / "chain.flow.yaml")

    assert read_flow(printed, name="chain") == recorded.store.flow_version("chain").spec
    assert written.exit_code == 0
    assert (tmp_path / "chain.flow.yaml").read_text() == printed
    refused = call("export", "chain", "-o", tmp_path / "chain.flow.yaml")
    assert refused.exit_code == 2
    assert "usage.file_exists" in refused.stderr
    assert call("export", "chain", "-o", tmp_path / "chain.flow.yaml", "--overwrite").exit_code == 0


def test_an_export_keeps_the_comments_of_the_file_that_it_replaces(call, tmp_path):
    file = tmp_path / "chain.flow.yaml"
    file.write_text(call("export", "chain").stdout + "# of mine\n")

    assert call("export", "chain", "-o", file, "--overwrite").exit_code == 0
    assert "# of mine" in file.read_text()


def test_a_place_that_cannot_be_written_has_a_code(ask, tmp_path):
    error = ask("export", "chain", "-o", tmp_path / "gone" / "chain.yaml", code=2)["error"]

    assert error["code"] == "flow.unwritable"


def test_a_text_is_checked_with_the_node_types_that_are_here(call, ask, tmp_path):
    good = tmp_path / "good.yaml"
    good.write_text(TEXT)
    bad = tmp_path / "bad.yaml"
    bad.write_text(TEXT.replace("d.x", "d.y"))

    assert call("check", good).exit_code == 0
    answer = ask("check", bad, code=2)

    assert answer["error"]["code"] == "flow.check_failed"
    assert "edge.unknown_connector" in {each["code"] for each in answer["data"]["diagnostics"]}


@pytest.mark.parametrize(
    ("entry", "code", "told"),
    [
        ("{type: Branch, config: {when: 'value > '}}", "config.invalid", "expression"),
        ("{type: Map, config: {node: nowhere}}", "config.invalid", "nowhere"),
        ("{type: number, config: {value: soon}}", "config.invalid", "integer"),
        ("{type: number, config: {valu: 1}}", "config.unknown_field", "value"),
    ],
)
def test_a_check_looks_at_configs_as_a_run_does(ask, tmp_path, entry, code, told):
    file = tmp_path / "flow.yaml"
    file.write_text(f"nodes:\n  n: {entry}\n")

    found = ask("check", file, code=2)["data"]["diagnostics"]

    (wrong,) = [each for each in found if each["code"] == code]
    assert told in wrong["message"] + wrong["suggestion"]


def test_a_text_is_checked_with_node_types_that_were_only_recorded(call, recorded, tmp_path):
    """Node types of a notebook are not here; what was recorded of them is enough to check."""
    file = tmp_path / "good.yaml"
    file.write_text(TEXT)
    recorded.store.close()
    other = make_session(Settings(home=recorded.settings.home))
    snapshot = other.registry.snapshot()
    other.registry = type(other.registry)()
    before = set_session(other)
    try:
        assert snapshot.specs.keys() >= {"number", "double"}
        assert call("check", file).exit_code == 0
        file.write_text(TEXT.replace("type: double", "type: dubble"))
        assert "node.unknown_type" in call("check", file).stdout
    finally:
        set_session(before)
        other.close()


def test_a_text_that_is_no_flow_says_line_and_column(call, tmp_path):
    file = tmp_path / "wrong.yaml"
    file.write_text("nodes:\n\tn: {}\n")

    done = call("check", file)

    assert done.exit_code == 2
    assert "line 2" in done.stderr


def test_a_text_is_run_with_parameters(call, ask, tmp_path):
    file = tmp_path / "sums.flow.yaml"
    file.write_text(TEXT)

    done = call("run", file, "-p", "start=21")
    answer = ask("run", file, "-p", "start=4")

    assert done.exit_code == 0
    assert "output: 42" in done.stdout
    assert answer["data"]["run"]["state"] == "COMPLETED"
    assert answer["data"]["run"]["parameters"] == {"start": 4}


def test_a_run_that_fails_exits_with_1_and_names_the_node(call, ask, tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text(TEXT.replace("type: double", "type: fail"))

    done = call("run", file)
    answer = ask("run", file, code=1)

    assert done.exit_code == 1
    assert "d FAILED(raised): on purpose" in done.stderr
    assert answer["error"]["code"] == "run.failed"
    assert answer["data"]["run"]["state"] == "FAILED"


def test_a_run_past_its_limit_exits_with_1(ask, tmp_path):
    file = tmp_path / "slow.yaml"
    file.write_text("nodes: {s: {type: AsyncSleeper}}")

    assert ask("run", file, "--timeout", "0.2", code=1)["error"]["code"] == "run.timed_out"


@pytest.mark.parametrize(
    ("module", "code"), [("no.such.module", "usage.import"), ("tests.flows", None)]
)
def test_modules_with_node_types_are_imported(ask, tmp_path, module, code):
    file = tmp_path / "sums.yaml"
    file.write_text(TEXT)

    answer = ask("check", file, "--import", module, code=2 if code else 0)

    assert (answer["error"] or {}).get("code") == code


def test_a_module_in_this_folder_is_found_from_the_command(tmp_path):
    package = tmp_path / "trade"
    package.mkdir()
    (package / "nodes.py").write_text(SALE)
    (tmp_path / "sale.yaml").write_text("nodes: {a: {type: sell}}")
    command = [str(Path(sys.executable).with_name("dagy-nb")), "run", "sale.yaml", "--json"]

    done = subprocess.run(
        [*command, "--import", "trade.nodes"],
        cwd=tmp_path,
        env={**os.environ, "DAGY_HOME": str(tmp_path / ".dagy")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert json.loads(done.stdout)["ok"], done.stderr


def test_a_store_that_cannot_be_reached_exits_with_3(ask, recorded, monkeypatch):
    def refuse(*_, **__):
        raise StoreError("The folder cannot be read.", suggestion="Look at it.")

    monkeypatch.setattr(type(recorded.store), "runs", refuse)

    assert ask("runs", code=3)["error"]["suggestion"] == "Look at it."


@node(category="Tests")
async def endless(seconds: float = 60) -> int:
    await asyncio.sleep(seconds)
    return 1


def test_an_interrupt_cancels_the_run_and_is_answered(ask, recorded, monkeypatch, tmp_path):
    recorded.adopt(endless)
    file = tmp_path / "long.yaml"
    file.write_text("nodes: {n: {type: endless}}\n")
    interrupts = []

    def interrupt_once(_bar, record):
        if not interrupts and record.nodes["n"].state == "RUNNING":
            interrupts.append(record.run_id)
            _thread.interrupt_main()

    monkeypatch.setattr(run_flow, "_move", interrupt_once)

    answer = ask("run", file, code=1)

    assert answer["error"]["code"] == "run.cancelled"
    assert answer["data"]["run"]["run_id"] == interrupts[0]
    assert answer["data"]["run"]["nodes"]["n"]["state"] == "CANCELLED"

"""What README shows can be pasted into a notebook, from top to bottom."""

from __future__ import annotations

import re

import pytest

from tests.source import ROOT

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(180)]

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?:python|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = ("Define", "Wire", "Run", "Run again what changed", "Look back")
FLIGHTS = """%%flownode
class LoadFlights(FlowNode):
    table = Output(DataType.TABLE)

    class Config(FlowNode.Config):
        month: int = 1

    def execute(self, context):
        return pd.DataFrame({"carrier": ["UA", "AA"] * 200, "dep_delay": [50.0, self.config.month] * 200})
"""


def list_blocks(section: str) -> list[str]:
    text = README.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return BLOCK.findall(text)


def test_every_block_runs(kernel):
    for section in SECTIONS:
        for block in list_blocks(section):
            if section == "Wire":
                assert kernel.run(FLIGHTS).status == "ok"
            for cell in part_block(section, block):
                done = kernel.run(cell)
                assert done.status == "ok", (cell, done.traceback)

    ended = kernel.run("print(run.state, len(run.outputs['late.output']))")
    assert ended.stdout == "COMPLETED 200\n"


def part_block(section: str, block: str) -> list[str]:
    """Return a block as cells; what speaks of a run that failed is tried with one that is tapped."""
    if section != "Run again what changed":
        return [block]
    prepared = "import dagy_nb\nrun_id = Flow.load('delays').run(tap=True).wait().id"
    lines = [line for line in block.splitlines() if "resume" not in line]
    return [prepared, *lines]

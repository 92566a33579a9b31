"""Victims in the kernel itself, inline and in threads: the record is right, and the table says truthfully what is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import psutil
import pytest

from tests.victims.cells import VICTIMS
from tests.victims.table import add_cell
from tests.victims.watching import list_marked, wait_until

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
FREEZING = {"regex", "summing"}
OUTLIVING = {"parent", "deaf"}
ENDS = {"timeout": "TIMED_OUT", "cancel": "CANCELLED"}


def tell(seen):
    frozen = f", kernel frozen for {seen['frozen']:.1f} s" if seen["frozen"] > 0.3 else ""
    return f"{seen['state']} after {seen['late']:.2f} s, {seen['enforcement']}{frozen}"


@pytest.mark.parametrize("runner", ["thread", "inline"])
def test_what_happens_to_victims_inside_of_the_kernel(tmp_path, runner):
    token = uuid.uuid4().hex
    kernel = subprocess.Popen(
        [sys.executable, "-m", "tests.victims.inside", runner, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "DAGY_VICTIMS": token, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    try:
        seen = json.loads(kernel.stdout.readline())
        left = {
            name: sum(
                psutil.pid_exists(int(pid)) and int(pid) != kernel.pid
                for ending in ENDS
                for pid in (tmp_path / f"{name} {ending}" / name).read_text().split()
            )
            for name in VICTIMS
        }
        kernel.kill()
        kernel.wait(10)
        outlived = list_marked(token)
    finally:
        kernel.kill()
        kernel.communicate()
        for each in list_marked(token):
            each.kill()
    assert wait_until(lambda: not list_marked(token), 5)

    for name in VICTIMS:
        for ending, state in ENDS.items():
            one = seen[name][ending]
            processes = f", {left[name] // 2} processes left" if left[name] else ""
            add_cell(runner, name, ending, tell(one) + processes)
            assert one["state"] == state
            assert one["enforcement"] in {"cancelled", "abandoned"}
            if name not in FREEZING:
                assert one["late"] < 1.0
        outlive = (
            f"{left[name] // 2} processes outlive it" if left[name] else "ends with the kernel"
        )
        add_cell(runner, name, "SIGKILL", outlive)
        assert bool(left[name]) == (name in OUTLIVING)
    assert len(outlived) == sum(left.values())
    assert seen["busy"]["timeout"]["enforcement"] == "cancelled"
    assert seen["stubborn"]["timeout"]["enforcement"] == "abandoned"

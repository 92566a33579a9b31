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
from tests.victims.inside import LIMIT
from tests.victims.table import add_cell
from tests.victims.watching import list_marked, wait_until

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
FREEZING = {"regex", "summing"}
OUTLIVING = {"parent", "deaf"}
ENDS = {"timeout": "TIMED_OUT", "cancel": "CANCELLED"}


def count(number):
    return f"{number} process{'es' if number > 1 else ''}"


def tell(seen):
    frozen = f", kernel frozen for {seen['frozen']:.1f} s" if seen["frozen"] > 0.3 else ""
    held = f", {seen['enforcement']}" if seen["enforcement"] else " as if nothing was"
    return f"{seen['state']}{held}, {seen['late']:.2f} s late{frozen}"


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
            processes = f", {count(left[name] // 2)} left" if left[name] else ""
            add_cell(runner, name, ending, tell(one) + processes)
            if name in FREEZING:
                # Nobody gets to look at the clock: it may even complete, long after its limit.
                assert one["frozen"] > LIMIT
                assert one["state"] in {state, "COMPLETED"}
            else:
                assert (one["state"], one["late"] < 1.0) == (state, True)
                assert one["enforcement"] in {"cancelled", "abandoned"}
        outlive = f"{count(left[name] // 2)} left" if left[name] else "ends with the kernel"
        add_cell(runner, name, "SIGKILL", outlive)
        assert bool(left[name]) == (name in OUTLIVING)
    assert len(outlived) == sum(left.values())
    assert seen["busy"]["timeout"]["enforcement"] == "cancelled"
    assert seen["stubborn"]["timeout"]["enforcement"] == "abandoned"

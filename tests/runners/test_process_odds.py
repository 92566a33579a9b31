"""The process runner: classes, values and errors that are odd to carry, and systems that give nothing more."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import pytest

from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, NodeMeta, Output
from dagy_nb.runners.process import ProcessRunner
from dagy_nb.runners.supervised import SupervisedWorker
from dagy_nb.runners.worker.surroundings import take_surroundings
from tests.runners import odd_victims as o
from tests.runners import victims as v
from tests.victims.watching import wait_until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def runner():
    made = ProcessRunner(slots=1)
    yield made
    made.close()


def count_open():
    return len(list(Path("/dev/fd").iterdir()))


def test_a_class_of_main_takes_a_large_array_with_it(runner):
    import numpy as np

    held = np.arange(100_000.0)

    def execute(self):
        return {"y": float(held.sum())}

    holder = NodeMeta(
        "Holder",
        (FlowNode,),
        {"__module__": "__main__", "y": Output(DataType.NUMBER), "execute": execute},
        register=False,
    )

    outcome = v.run(runner, holder).outcome

    assert outcome.error is None
    assert outcome.outputs == {"y": 4_999_950_000.0}


def test_an_error_whose_words_are_no_plain_text_is_told(runner):
    outcome = v.run(runner, o.raise_wordy_error).outcome

    assert (outcome.error.type, outcome.error.message) == ("WordyError", "told in own words")
    assert not outcome.crashed


def test_an_error_that_ends_who_reads_it_comes_as_data_and_costs_no_worker(runner):
    for _ in range(3):
        outcome = v.run(runner, o.raise_leaving_error).outcome
        assert (outcome.error.type, outcome.error.message) == ("LeavingError", "left")
        assert outcome.exception is None
    assert len(runner.workers.workers) <= 2


def test_an_output_that_ends_who_reads_it_is_refused_and_costs_no_worker(runner):
    for _ in range(3):
        outcome = v.run(runner, o.return_leaver).outcome
        assert outcome.error.code == "runner.unreadable_output"
        assert not outcome.crashed
    assert len(runner.workers.workers) <= 2


def test_what_ends_who_pickles_it_is_refused_and_costs_no_worker(runner):
    for _ in range(3):
        output = v.run(runner, o.return_refuser).outcome
        assert (output.error.code, output.crashed) == ("runner.unpicklable_output", False)
        error = v.run(runner, o.raise_refusing_error).outcome
        assert (error.error.type, error.error.message) == ("RefusingError", "refused")
        assert (error.exception, error.crashed) == (None, False)
    assert len(runner.workers.workers) <= 2


def test_a_module_that_is_edited_while_a_body_runs_is_read_anew_by_the_next(
    runner, tmp_path, monkeypatch
):
    module = tmp_path / "edited_meanwhile.py"
    module.write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    marks = {"marks": str(tmp_path)}
    ear, _ = v.begin(runner, v.call_of(o.import_and_wait, marks))
    assert wait_until((tmp_path / "imported").exists, v.PATIENCE)
    module.write_text("VALUE = 2222\n")
    (tmp_path / "edited").touch()

    assert ear.outcome.outputs == {"output": 1}
    assert v.run(runner, o.import_and_wait, marks).outcome.outputs == {"output": 2222}


def test_a_handler_of_signals_may_print_in_the_middle_of_a_print(runner):
    outcome = v.run(runner, o.print_while_a_timer_prints).outcome

    assert outcome.error is None
    assert outcome.outputs["output"] > 10


def test_a_timer_that_a_body_left_running_harms_no_other_body(runner):
    first = v.run(runner, o.leave_an_alarm).outcome.outputs["output"]

    outcome = v.run(runner, o.outlast_the_alarm).outcome

    assert outcome.error is None
    assert outcome.outputs == {"output": first}


@pytest.mark.parametrize("days", [30, 1e12])
def test_a_limit_may_be_longer_than_the_system_waits_at_a_time(runner, days):
    outcome = v.run(runner, o.wait_a_moment, timeout=days * 86_400).outcome

    assert outcome.error is None


@pytest.mark.skipif(sys.platform != "linux", reason="the guard sees trees of processes on Linux")
def test_a_fork_that_comes_back_does_not_lift_the_limit_of_its_parent(runner):
    outcome = v.run(runner, o.fork_then_fill, memory_mb=300.0).outcome

    assert outcome.error.code == "runner.out_of_memory"


def test_a_worker_that_gets_no_pipes_leaves_none_open():
    surroundings = take_surroundings()
    before = count_open()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = [os.open(os.devnull, os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (held[0] + 8, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            SupervisedWorker(surroundings)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(held[0])

    assert count_open() == before


def test_a_handler_of_signals_may_raise_in_the_middle_of_a_print(runner):
    ear = v.run(runner, o.print_while_a_timer_raises)

    assert ear.outcome.error is None
    assert ear.outcome.outputs["output"] > 100
    lines = {text for _, text in ear.lines if "left out" not in text}
    assert {text.replace("line", "") for text in lines} == {""}

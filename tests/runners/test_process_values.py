"""The process runner: values, errors, output and surroundings go over and come back."""

from __future__ import annotations

import logging
import sys
import threading
import types

import pytest

from dagy_nb.runners.process import ProcessRunner
from tests.runners import process_victims as p
from tests.runners import victims as v
from tests.runners.processes import run

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def runner():
    made = ProcessRunner(slots=2)
    yield made
    made.close()


# --- what goes over --------------------------------------------------------------------------------


def test_an_input_that_cannot_be_pickled_is_named(runner):
    outcome = run(runner, p.hold_lock, {"value": threading.Lock()}).outcome

    assert outcome.broke_contract
    assert outcome.error.code == "runner.unpicklable_input"
    assert outcome.error.message.startswith("The input node.value cannot go to another process: ")
    assert "thread" in outcome.error.suggestion


def test_an_output_that_cannot_be_pickled_is_named(runner):
    outcome = run(runner, p.hold_lock, {"value": "return a lock"}).outcome

    assert outcome.broke_contract
    assert outcome.error.code == "runner.unpicklable_output"
    assert outcome.error.message.startswith("The output node.output cannot come back")
    assert outcome.outputs is None


def test_an_error_that_cannot_be_made_again_comes_as_data(runner):
    outcome = run(runner, p.raise_odd_error).outcome

    assert outcome.exception is None
    assert (outcome.error.type, outcome.error.message) == ("OddError", "no pickle")
    assert "in raise_odd_error" in outcome.error.traceback


def test_where_no_process_can_be_started_the_call_has_crashed(monkeypatch):
    made = ProcessRunner(slots=1)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    try:
        outcome = run(made, v.Adder, {"a": 1, "b": 2}).outcome
    finally:
        made.close()

    assert outcome.crashed
    assert outcome.error.code == "runner.no_worker"


def test_a_value_of_a_module_that_is_only_here_is_refused_in_words(runner):
    module = types.ModuleType("only_here")
    sys.modules["only_here"] = module
    module.Thing = type("Thing", (), {"__module__": "only_here"})
    try:
        outcome = run(runner, p.echo, {"value": module.Thing()}).outcome
    finally:
        del sys.modules["only_here"]

    assert outcome.error.code == "runner.unreadable_call"
    assert "only_here" in outcome.error.message


def test_a_value_of_a_class_of_main_goes_over_and_back(runner):
    Thing = type("Thing", (), {"__module__": "__main__", "__eq__": lambda a, b: a.x == b.x})
    thing = Thing()
    thing.x = [1, 2]

    assert run(runner, p.echo, {"value": thing}).outcome.outputs["output"] == thing


def test_a_table_goes_over_and_back_and_belongs_to_the_body(runner):
    import pandas as pd

    table = pd.DataFrame({"a": range(200_000), "b": ["text"] * 200_000})

    back = run(runner, p.double_table, {"table": table}).outcome.outputs["output"]

    assert list(back["a"][:3]) == [0, 2, 4]
    assert list(table["a"][:3]) == [0, 1, 2]
    back.iloc[0, 0] = 7


def test_a_flood_beside_a_large_result_does_not_hang(runner):
    ear = run(runner, p.flood_and_return)

    assert len(ear.outcome.outputs["output"]) == 20_000_000
    assert any("lines left out" in text or text.startswith("zzz") for _, text in ear.lines)
    assert len(ear.lines) < 3_000


def test_what_no_stream_of_python_sees_is_in_the_log(runner):
    ear = run(runner, p.speak)

    assert sorted(ear.lines) == [
        ("STDERR", "to descriptor 2"),
        ("STDOUT", "from C"),
        ("STDOUT", "from a grandchild"),
        ("STDOUT", "in shell"),
        ("STDOUT", "no endkept in C's buffer"),
    ]


def test_what_a_short_body_writes_comes_before_its_end(runner):
    """Its last line and its end are often read in one go."""
    lines = [run(runner, p.say_shortly).lines for _ in range(100)]

    assert lines == [[("STDOUT", "short")]] * 100


def test_the_surroundings_follow_this_process(runner, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("VALUE = 1\n")
    run(runner, p.spoil_surroundings)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("DAGY_TEST_VARIABLE", "here")

    seen = run(runner, p.look_around).outcome.outputs

    assert seen["output"] == {
        "folder": str(tmp_path),
        "path": sys.path,
        "variable": "here",
    }


def test_a_module_that_was_edited_is_read_anew(runner, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    values = []
    for value in (1, 22):
        (tmp_path / "edited_here.py").write_text(f"class Thing:\n    value = {value}\n")
        sys.modules.pop("edited_here", None)
        import edited_here

        seen = run(runner, p.read_class_value, {"thing": edited_here.Thing()})
        values.append(seen.outcome.outputs["output"])
    sys.modules.pop("edited_here")

    assert values == [1, 22]


def test_forked_processes_of_a_body_do_not_disturb_its_frames(runner):
    ear = run(runner, p.use_multiprocessing)

    assert ear.outcome.outputs == {"output": [0, 2, 4, 6]}
    assert sorted(ear.lines) == [("STDOUT", f"child {number}") for number in range(4)]
    assert run(runner, p.fork_and_return).outcome.outputs == {"output": "parent"}


def test_the_log_level_of_the_notebook_holds_in_the_worker(runner):
    before = logging.root.level
    logging.root.setLevel(logging.DEBUG)
    try:
        lines = run(runner, p.log_debug).lines
    finally:
        logging.root.setLevel(before)

    assert lines == [("DEBUG", "seen at the level DEBUG")]


def test_inputs_whose_reading_kills_the_worker_are_tried_twice_and_then_a_crash(runner):
    outcome = run(runner, p.echo, {"value": p.Deadly()}).outcome

    assert outcome.crashed
    assert outcome.error.code == "runner.worker_died"
    assert "exit code 9" in outcome.error.message
    assert run(runner, v.Adder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}

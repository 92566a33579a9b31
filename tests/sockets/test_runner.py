"""Every runner, asked the same: what a call tells, whatever its body does."""

from __future__ import annotations

import pytest

from dagy_nb.abc import Enforcement, Runner
from dagy_nb.runners.inline import InlineRunner
from dagy_nb.runners.thread import ThreadRunner
from tests.runners import victims as v

RUNNERS = {"inline": InlineRunner, "thread": lambda: ThreadRunner(slots=2)}


@pytest.fixture(params=RUNNERS)
def runner(request):
    v.GATE.__init__()
    made = RUNNERS[request.param]()
    yield made
    v.GATE.opened.set()
    made.close()


both = pytest.mark.parametrize("form", ["", "Async"], ids=["sync", "async"])


def form_of(form, name):
    return getattr(v, form + name)


def stop(ear, live, patience=1.0):
    """Stop a call and wait for its end, as the driver does; return how it was told to hold."""
    assert v.GATE.entered.wait(v.PATIENCE)
    how = live.stop()
    if how == "stopping" and not ear.over.wait(patience):
        live.abandon()
        return "abandoned"
    return how if how != "stopping" else "cancelled"


def test_it_is_a_runner(runner):
    assert isinstance(runner, Runner)
    assert runner.name in RUNNERS
    assert runner.enforcement in Enforcement


# --- results ---------------------------------------------------------------------------------------


@both
def test_inputs_config_and_parameters_go_in_and_outputs_come_out(runner, form):
    ear = v.run(
        runner,
        form_of(form, "Adder"),
        {"a": 1, "b": 2},
        config={"factor": 10},
        parameters={"times": 2},
    )

    assert ear.outcome.outputs == {"total": 60}
    assert ear.outcome.error is None
    assert ear.outcome.previews["total"].summary == "60.0"
    assert ear.told == ["started", "ended"]


@both
def test_what_a_body_raises_is_data(runner, form):
    error = ValueError("on purpose")

    outcome = v.run(runner, form_of(form, "Raiser"), {"error": error}).outcome

    assert outcome.outputs is None
    assert (outcome.error.type, outcome.error.code) == ("ValueError", "raised.ValueError")
    assert (outcome.error.node_id, outcome.error.attempt) == ("node", 1)
    assert "in execute" in outcome.error.traceback
    assert "body.py" not in outcome.error.traceback
    assert outcome.exception is error
    assert error.__traceback__.tb_frame.f_code.co_name == "execute"
    assert not outcome.broke_contract


@both
@pytest.mark.parametrize(
    "error", [SystemExit(2), KeyboardInterrupt(), GeneratorExit(), BaseException("bare")], ids=repr
)
def test_whatever_a_body_raises_the_runner_lives_on(runner, form, error):
    outcome = v.run(runner, form_of(form, "Raiser"), {"error": error}).outcome

    assert outcome.error.code == f"raised.{type(error).__name__}"
    assert v.run(runner, form_of(form, "Adder"), {"a": 1, "b": 2}).outcome.outputs == {"total": 3}


@both
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("text", "contract.wrong_type"),
        (None, "contract.wrong_type"),
        ({"z": 1}, "contract.unknown_output"),
        ({"y": 1, "z": 1}, "contract.unknown_output"),
        ((n for n in ()), "contract.generator"),
    ],
)
def test_wrong_outputs_break_the_contract(runner, form, value, code):
    outcome = v.run(runner, form_of(form, "Liar"), {"value": value}).outcome

    assert outcome.broke_contract
    assert outcome.outputs is None
    assert outcome.error.code == code


@both
def test_a_wrong_config_fails_the_call(runner, form):
    outcome = v.run(
        runner, form_of(form, "Adder"), {"a": 1, "b": 2}, config={"factor": "many"}
    ).outcome

    assert outcome.error.code == "config.invalid"
    assert "factor" in outcome.error.message


@both
def test_an_input_is_turned_into_what_its_connector_takes(runner, form):
    conversions = {"value": (v.TO_INTEGER,)}

    fits = v.run(runner, form_of(form, "Liar"), {"value": 3}, conversions=conversions).outcome
    refused = v.run(runner, form_of(form, "Liar"), {"value": "3"}, conversions=conversions).outcome

    assert fits.outputs == {"y": 3}
    assert refused.broke_contract
    assert refused.error.code == "contract.input"
    assert "node.value" in refused.error.message


# --- what a body tells -----------------------------------------------------------------------------


@both
def test_prints_logs_warnings_and_progress_reach_the_reporter_before_the_end(runner, form, capsys):
    ear = v.run(runner, form_of(form, "Talker"))

    assert ear.lines[:5] == [
        ("STDOUT", "printed"),
        ("STDERR", "to stderr"),
        ("INFO", "logged by the context"),
        ("WARNING", "logged"),
        ("WARNING", "noted"),
    ]
    assert ear.lines[5][1].startswith("UserWarning: warned")
    assert ear.lines[6] == ("STDOUT", "no line end")
    assert ear.progress == [(0.5, "half")]
    assert ear.told[0] == "started"
    assert ear.told[-1] == "ended"
    assert capsys.readouterr() == ("", "")


@both
def test_hooks_are_called_in_order(runner, form):
    lines = [text for _, text in v.run(runner, form_of(form, "Hooked")).lines]

    assert lines == ["validate_config pre_execute", "post_execute {}"]


def test_a_failure_calls_on_error(runner):
    ear = v.run(runner, v.HookedRaiser)

    assert ear.lines == [("STDOUT", "on_error on purpose")]
    assert ear.outcome.error.message == "on purpose"


@both
def test_context_variables_come_from_the_starter_and_do_not_leak(runner, form):
    token = v.MARK.set("mine")
    try:
        first = v.run(runner, form_of(form, "Marker")).outcome
        second = v.run(runner, form_of(form, "Marker")).outcome

        assert first.outputs == second.outputs == {"mark": "mine"}
        assert v.MARK.get() == "mine"
    finally:
        v.MARK.reset(token)


# --- stops -----------------------------------------------------------------------------------------


@both
def test_a_body_that_can_be_ended_is_ended(runner, form):
    ear, live = v.begin(runner, v.call_of(form_of(form, "Waiter")))

    assert stop(ear, live) == "cancelled"
    assert ear.outcome.cancelled
    assert ear.told.count("ended") == 1


def test_a_loop_of_python_is_ended(runner):
    ear, live = v.begin(runner, v.call_of(v.Spinner))

    assert stop(ear, live) == "cancelled"
    assert not v.GATE.opened.is_set()


@pytest.mark.parametrize("name", ["Blocker", "AsyncBlocker", "Swallower", "AsyncSwallower"])
def test_a_body_that_cannot_be_ended_is_abandoned_and_others_run_on(runner, name):
    """More stuck bodies than places, and the runner still has a place."""
    for _ in range(3):
        v.GATE.entered.clear()
        ear, live = v.begin(runner, v.call_of(getattr(v, name)))
        assert stop(ear, live, patience=0.1) == "abandoned"

    assert v.run(runner, v.Adder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}
    assert v.run(runner, v.AsyncAdder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}


@both
def test_on_cancel_is_called_once_and_before_the_end(runner, form):
    ear, live = v.begin(runner, v.call_of(form_of(form, "HookedWaiter")))

    stop(ear, live)
    ear.over.wait(v.PATIENCE)

    assert ear.lines == [("STDOUT", "on_cancel node")]
    assert ear.told[-1] == "ended"


def test_on_cancel_can_free_a_body_that_blocks(runner):
    ear, live = v.begin(runner, v.call_of(v.RescuedBlocker))

    assert stop(ear, live) == "cancelled"


def test_a_failing_on_cancel_is_logged_and_the_call_still_ends(runner):
    ear, live = v.begin(runner, v.call_of(v.BadHook))

    stop(ear, live)

    assert ear.outcome.cancelled
    assert ear.lines == [("WARNING", "on_cancel failed: ValueError: hook on purpose")]


def test_a_call_stopped_before_it_began_never_begins(runner):
    blocked = [v.begin(runner, v.call_of(v.AsyncBlocker)) for _ in range(2)]
    assert v.GATE.entered.wait(v.PATIENCE)
    ear = v.Ear()
    live = runner.start(v.call_of(v.AsyncAdder, {"a": 1, "b": 2}), ear)

    assert live.stop() == "cancelled"
    v.GATE.opened.set()

    assert all(each.over.wait(v.PATIENCE) for each, _ in blocked)
    assert v.run(runner, v.AsyncAdder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}
    assert ear.told == []

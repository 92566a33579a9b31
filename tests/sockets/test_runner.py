"""Every runner, asked the same: what a call tells, whatever its body does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dagy_nb.abc import Enforcement, Runner
from dagy_nb.nodes.cell import CellSource, compile_cell
from dagy_nb.nodes.registry import Registry
from tests.runners import victims as v
from tests.sockets.runners import RUNNERS


@pytest.fixture(scope="module", params=RUNNERS)
def kind(request):
    return RUNNERS[request.param]


@pytest.fixture(scope="module")
def shared(kind):
    """One runner for the module: its workers are warm."""
    made = kind.make()
    yield made
    made.close()


@pytest.fixture
def runner(shared):
    v.GATE.__init__()
    yield shared
    v.GATE.opened.set()


both = pytest.mark.parametrize("form", ["", "Async"], ids=["sync", "async"])


def form_of(form, name):
    return getattr(v, form + name)


def stop(kind, ear, live, patience=1.0):
    """Stop a call and wait for its end, as the driver does; return how it was told to hold."""
    assert ear.begun.wait(v.PATIENCE)
    if kind.is_here:
        assert v.GATE.entered.wait(v.PATIENCE)
    how = live.stop()
    if how == "killing":
        assert ear.over.wait(v.PATIENCE)
        (how,) = ear.stops
        return how
    if how == "stopping" and not ear.over.wait(patience):
        live.abandon()
        return "abandoned"
    return how if how != "stopping" else "cancelled"


def test_it_is_a_runner(kind, runner):
    assert isinstance(runner, Runner)
    assert runner.name == kind.name
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
def test_what_a_body_raises_is_data(kind, runner, form):
    error = ValueError("on purpose")

    outcome = v.run(runner, form_of(form, "Raiser"), {"error": error}).outcome

    assert outcome.outputs is None
    assert (outcome.error.type, outcome.error.code) == ("ValueError", "raised.ValueError")
    assert (outcome.error.node_id, outcome.error.attempt) == ("node", 1)
    assert "in execute" in outcome.error.traceback
    assert "body.py" not in outcome.error.traceback
    assert not outcome.broke_contract
    if kind.is_here:
        assert outcome.exception is error
        assert error.__traceback__.tb_frame.f_code.co_name == "execute"
    else:
        assert (type(outcome.exception), outcome.exception.args) == (ValueError, ("on purpose",))
        assert "in execute" in outcome.exception.__notes__[0]


def test_an_exception_that_lets_nobody_set_its_traceback_is_told_as_it_is(runner):
    outcome = v.run(runner, v.FrozenRaiser).outcome

    assert (outcome.error.type, outcome.error.message) == ("Frozen", "3")
    assert "in execute" in outcome.error.traceback
    assert "body.py" not in outcome.error.traceback


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
    ],
)
def test_wrong_outputs_break_the_contract(runner, form, value, code):
    outcome = v.run(runner, form_of(form, "Liar"), {"value": value}).outcome

    assert outcome.broke_contract
    assert outcome.outputs is None
    assert outcome.error.code == code


@both
def test_a_generator_breaks_the_contract(runner, form):
    outcome = v.run(runner, form_of(form, "Generator")).outcome

    assert outcome.broke_contract
    assert outcome.error.code == "contract.generator"


@both
def test_a_secret_output_comes_out_and_is_not_shown(runner, form):
    outcome = v.run(runner, form_of(form, "Keeper")).outcome

    assert outcome.outputs == {"key": "hunter2"}
    assert outcome.previews["key"].hidden
    assert "hunter2" not in str(outcome.previews)


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


CELL = CellSource(
    "%%flownode\nimport math\ndef root(x: float, places: int = 2) -> float:\n"
    "    print('root of', x)\n    return round(math.sqrt(x), places)\n"
)


def test_a_node_of_a_cell_runs_and_its_errors_show_its_lines(runner):
    node_class = compile_cell(CELL, {}, registry=Registry()).node

    ear = v.run(runner, node_class, {"x": 2.0}, config={"places": 3})
    failed = v.run(runner, node_class, {"x": -1.0}).outcome

    assert ear.outcome.outputs == {"output": 1.414}
    assert ear.lines == [("STDOUT", "root of 2.0")]
    assert failed.error.code == "raised.ValueError"
    assert "line 5, in root\n    return round(math.sqrt(x), places)" in failed.error.traceback
    assert "dagy_nb/" not in failed.error.traceback


ENDINGS = {
    "value": (v.Adder, {"a": 1, "b": 2}, {}),
    "raised": (v.Raiser, {"error": KeyError}, {}),
    "chain": (v.Chainer, {}, {}),
    "contract": (v.Liar, {"value": "text"}, {}),
    "config": (v.Adder, {"a": 1, "b": 2}, {"config": {"factor": "many"}}),
    "secret": (v.Keeper, {}, {}),
    "logs": (v.Talker, {}, {}),
    "hooks": (v.HookedRaiser, {}, {}),
    "cell": (compile_cell(CELL, {}, registry=Registry()).node, {"x": -1.0}, {}),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_each_ending_is_told_as_inline_tells_it(runner, name):
    """Equal outputs, previews, errors with traceback, lines and progress, whatever the runner."""
    node_class, inputs, fields = ENDINGS[name]
    inline = RUNNERS["inline"].make()

    here, there = (v.run(each, node_class, inputs, **fields) for each in (inline, runner))

    inline.close()
    assert there.lines == here.lines
    assert there.progress == here.progress
    assert there.told == here.told
    assert replace(there.outcome, exception=None) == replace(here.outcome, exception=None)


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
def test_context_variables_come_from_the_starter_and_do_not_leak(kind, runner, form):
    if not kind.is_here:
        pytest.skip("A context variable belongs to its process.")
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
def test_a_body_that_can_be_ended_is_ended(kind, runner, form):
    ear, live = v.begin(runner, v.call_of(form_of(form, "Waiter")))

    assert stop(kind, ear, live) == kind.ending
    if kind.is_here:
        assert ear.outcome.cancelled
    assert ear.told.count("ended") + len(ear.stops) == 1


def test_a_loop_of_python_is_ended(kind, runner):
    ear, live = v.begin(runner, v.call_of(v.Spinner))

    assert stop(kind, ear, live) == kind.ending
    assert not v.GATE.opened.is_set()


@pytest.mark.parametrize("name", ["Blocker", "AsyncBlocker", "Swallower", "AsyncSwallower"])
def test_a_body_that_cannot_be_ended_does_not_hold_up_others(kind, runner, name):
    """More stuck bodies than places, and the runner still has a place."""
    for _ in range(3):
        v.GATE.entered.clear()
        ear, live = v.begin(runner, v.call_of(getattr(v, name)))
        assert stop(kind, ear, live, patience=0.1) == kind.stuck

    assert v.run(runner, v.Adder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}
    assert v.run(runner, v.AsyncAdder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}


@both
def test_on_cancel_is_called_once_and_before_the_end(kind, runner, form):
    ear, live = v.begin(runner, v.call_of(form_of(form, "HookedWaiter")))
    assert ear.entered.wait(v.PATIENCE)

    stop(kind, ear, live)
    ear.over.wait(v.PATIENCE)

    assert ear.lines == [("STDOUT", "on_cancel node")]
    assert ear.told[-1] in {"ended", "stopped"}


def test_on_cancel_can_free_a_body_that_blocks(kind, runner):
    ear, live = v.begin(runner, v.call_of(v.RescuedBlocker))

    assert stop(kind, ear, live) == kind.ending


def test_a_failing_on_cancel_is_logged_and_the_call_still_ends(kind, runner):
    ear, live = v.begin(runner, v.call_of(v.BadHook))
    assert ear.entered.wait(v.PATIENCE)

    assert stop(kind, ear, live) == kind.ending
    assert ear.over.wait(v.PATIENCE)
    assert ear.lines == [("WARNING", "on_cancel failed: ValueError: hook on purpose")]


def test_a_call_stopped_before_it_began_never_begins(kind, runner):
    blocked = [v.begin(runner, v.call_of(v.AsyncBlocker)) for _ in range(2)]
    assert (v.GATE.entered if kind.is_here else blocked[1][0].begun).wait(v.PATIENCE)
    ear = v.Ear()
    live = runner.start(v.call_of(v.AsyncAdder, {"a": 1, "b": 2}), ear)

    assert live.stop() == "cancelled"
    v.GATE.opened.set()
    if not kind.is_here:
        for _, each in blocked:
            each.stop()

    assert all(each.over.wait(v.PATIENCE) for each, _ in blocked)
    assert v.run(runner, v.AsyncAdder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}
    assert ear.told == []

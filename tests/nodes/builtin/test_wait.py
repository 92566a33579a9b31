"""Wait: the condition decides, the clock is asked, and a cancel ends it at once."""

from __future__ import annotations

import datetime as dt
import os
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dagy_nb.errors import ConfigError
from dagy_nb.model.state import NodeState
from dagy_nb.nodes.builtin.moment import find_moment
from dagy_nb.nodes.builtin.wait import FUNCTIONS, Wait
from dagy_nb.nodes.context import ExecutionContext
from dagy_nb.session.flow import Flow
from tests.flows import number

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC).timestamp()


class Hearing:
    """Hears progress."""

    def __init__(self):
        self.told = []

    def wrote(self, level, text):
        self.told.append(text)

    def progressed(self, fraction, message):
        self.told.append((fraction, message))


def make_wait(at: float = NOON, on_pause=None):
    """A Wait whose clock goes on only by its own pauses."""

    class Hurried(Wait, register=False):
        moment = at
        pauses: list[float] = []

        @staticmethod
        def clock():
            return Hurried.moment

        async def pause(self, seconds):
            Hurried.pauses.append(seconds)
            Hurried.moment += seconds
            if on_pause is not None:
                on_pause(Hurried)

        async def look(self, decide):
            return decide()

    return Hurried


def wait(kind, value=None, parameters=None, **config):
    context = ExecutionContext(reporter=Hearing(), parameters=parameters or {})
    made = kind.create(config).execute(context, value)
    try:
        made.send(None)
    except StopIteration as done:
        return done.value, context.reporter.told
    raise AssertionError("it waited for real")


def test_it_waits_so_many_seconds_and_passes_the_value_on():
    kind = make_wait()

    result, told = wait(kind, value="x", seconds=90)

    assert result == {"passed": "x"}
    assert kind.moment - NOON == pytest.approx(90)
    fractions = [each[0] for each in told]
    assert fractions == sorted(fractions)
    assert told[0] == (0.0, "90 s left")


def test_no_seconds_are_no_wait():
    kind = make_wait()

    assert wait(kind, seconds=0)[0] == {"passed": None}
    assert kind.pauses == []


def test_a_wait_of_days_tells_little():
    told = wait(make_wait(), seconds=3_000)[1]

    assert len(told) <= 202


@pytest.mark.parametrize(
    ("until", "zone", "seconds"),
    [
        ("12:30", "UTC", 1_800),
        ("12:00", "UTC", 0),
        ("11:59", "UTC", 86_340),
        ("13:30", "Europe/Brussels", 1_800),
        ("12:30+01:00", "UTC", 84_600),
        ("2026-11-22T12:01", "UTC", 60),
        ("2026-11-22T13:01", "Europe/Brussels", 60),
        ("2026-11-22T12:01:00Z", "Europe/Brussels", 60),
        ("2026-11-21", "UTC", 0),
        ("20261123", "UTC", 43_200),
    ],
)
def test_it_waits_until_a_time(until, zone, seconds):
    kind = make_wait()

    wait(kind, until=until, zone=zone)

    assert kind.moment - NOON == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("day", "text", "wanted"),
    [
        ("2026-03-29T00:30+01:00", "02:30", "2026-03-29T03:30+02:00"),
        ("2026-10-25T00:30+02:00", "02:30", "2026-10-25T02:30+02:00"),
        ("2026-10-24T23:00+02:00", "06:00", "2026-10-25T06:00+01:00"),
    ],
)
def test_a_time_of_day_holds_over_a_clock_change(day, text, wanted):
    now = dt.datetime.fromisoformat(day).timestamp()

    found = find_moment(text, ZoneInfo("Europe/Brussels"), now)

    assert dt.datetime.fromtimestamp(found, dt.UTC) == dt.datetime.fromisoformat(wanted)


def test_the_condition_decides_when_the_wait_ends(tmp_path):
    """Not a sleep with a condition beside it: it ends where the condition turns true, not before."""
    path = tmp_path / "there"

    def appear(kind):
        if len(kind.pauses) == 7:
            path.touch()

    kind = make_wait(on_pause=appear)
    _, told = wait(kind, when=f'exists("{path}")', every=3)

    assert kind.pauses == [3.0] * 7
    assert told == [(0.0, "looked 1 time"), (0.0, "looked 2 times"), (0.0, "looked 4 times")]


def test_a_condition_that_holds_at_once_does_not_wait(tmp_path):
    kind = make_wait()

    wait(kind, when=f'exists("{tmp_path}")')

    assert kind.pauses == []


def test_a_value_that_the_condition_does_not_name_may_be_of_any_size(tmp_path):
    kind = make_wait()
    many = [0] * 200_000

    passed, _ = wait(kind, value=many, when=f'exists("{tmp_path}") && rows == 200000')

    assert passed == {"passed": many}


def test_a_condition_asks_the_clock_the_value_and_the_parameters():
    kind = make_wait()
    when = (
        'now() >= timestamp("2026-11-22T12:00:20Z") && value == params.wanted'
        ' && modified("/no/such/file") < now()'
    )

    wait(kind, value=3, parameters={"wanted": 3}, when=when, every=5)

    assert kind.pauses == [5.0] * 4


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "exactly one"),
        ({"seconds": 1, "when": "true"}, "exactly one"),
        ({"seconds": -1}, "greater than or equal"),
        ({"seconds": float("inf")}, "finite"),
        ({"until": "soon"}, "'soon' is no time"),
        ({"until": "12:00", "zone": "Europe/Bruxelles2"}, "no time zone"),
        ({"when": "value >"}, "expression.syntax"),
        ({"when": "exist('x')"}, "`exists`"),
        ({"when": "true", "every": 0}, "greater than or equal"),
    ],
)
def test_a_wrong_wait_is_told_before_the_run(session, config, words):
    flow = Flow("wrong", session=session)

    with pytest.raises(ConfigError) as caught:
        flow.add("Wait", **config)

    assert words in str(caught.value)


def test_a_wait_added_from_the_palette_is_a_finding_until_it_is_set(session):
    flow = Flow.from_yaml("name: f\nnodes:\n  wait: {type: Wait}\n", session=session)

    assert [each.code for each in flow.check()] == ["config.invalid"]


def test_a_date_of_yaml_is_a_time(session):
    moment = dt.datetime.fromisoformat("2026-11-22T12:00:00")

    assert Wait.create({"until": moment}).config.until == "2026-11-22T12:00:00"


def test_a_wait_in_a_run_passes_the_value_on(session):
    flow = Flow("waits", session=session)
    flow.add(number, id="top", value=4)
    flow.add("Wait", id="wait", seconds=0.02)
    flow.add("Wait", id="after", when="value == 4")
    flow.connect("top.output", "wait.value")
    flow.connect("wait.passed", "after.value")

    found = flow.run().wait()

    assert found.outputs["after.passed"] == 4
    assert found["wait"].record.duration >= 0.02
    assert found["wait"].record.runner == "inline"


@pytest.mark.parametrize("config", [{"seconds": 60}, {"when": "false", "every": 60}])
def test_a_cancel_ends_a_wait_at_once(session, until, config):
    flow = Flow("waits", session=session)
    flow.add("Wait", id="wait", **config)
    handle = flow.run()
    until(lambda: handle.record.nodes["wait"].state is NodeState.RUNNING)
    began = time.monotonic()
    handle.cancel()
    found = handle.wait(check=False)

    assert time.monotonic() - began < 1
    assert found["wait"].state is NodeState.CANCELLED
    assert found["wait"].record.enforcement == "cancelled"


def test_a_wait_may_have_a_limit(session):
    flow = Flow("waits", session=session)
    flow.add("Wait", id="wait", when="false", every=0.05, timeout=0.2)

    assert flow.run().wait(check=False)["wait"].state is NodeState.TIMED_OUT
    assert Wait.spec.timeout == 0
    assert not Wait.spec.deterministic


@pytest.fixture
def hanging(monkeypatch, tmp_path):
    """A file in a folder that hangs: a look at it lasts until the function that is given back is called."""
    pipe = tmp_path / "hanging"
    os.mkfifo(pipe)
    looks = []

    def look(path):
        looks.append(path)
        return Path(path).read_text() == "there"

    monkeypatch.setitem(FUNCTIONS, "exists", look)

    def answer(text="there"):
        with pipe.open("w") as file:
            file.write(text)

    return pipe, looks, answer


def begin_hanging(session, until, hanging, **more):
    pipe, looks, _ = hanging
    flow = Flow("waits", session=session)
    flow.add("Wait", id="wait", when=f"exists({str(pipe)!r})", every=0.05, **more)
    flow.add("Wait", id="beside", seconds=0.02)
    handle = flow.run()
    until(lambda: looks)
    until(lambda: handle.record.nodes["beside"].state is NodeState.COMPLETED)
    return handle


def test_a_look_that_hangs_holds_up_no_other_node_and_a_cancel_ends_it(session, until, hanging):
    handle = begin_hanging(session, until, hanging)

    handle.cancel("wait")
    found = handle.wait(timeout=10, check=False)

    assert (found["wait"].state, found["wait"].record.enforcement) == (
        NodeState.CANCELLED,
        "cancelled",
    )
    hanging[2]()


def test_a_look_that_hangs_ends_at_its_limit(session, until, hanging):
    found = begin_hanging(session, until, hanging, timeout=0.3).wait(timeout=10, check=False)

    assert (found["wait"].state, found["wait"].record.enforcement) == (
        NodeState.TIMED_OUT,
        "cancelled",
    )
    hanging[2]()


def test_a_look_that_took_long_decides(session, until, hanging):
    handle = begin_hanging(session, until, hanging)
    _, looks, answer = hanging

    answer("not yet")
    until(lambda: len(looks) == 2)
    answer()

    assert handle.wait(timeout=10)["wait"].state is NodeState.COMPLETED


def test_a_look_that_fails_fails_the_node_and_says_why(session, monkeypatch):
    def look(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setitem(FUNCTIONS, "exists", look)
    flow = Flow("waits", session=session)
    flow.add("Wait", id="wait", when='exists("/locked")')

    found = flow.run().wait(timeout=10, check=False)

    assert found["wait"].state is NodeState.FAILED
    assert found["wait"].error.code == "expression.failed"
    assert "/locked" in found["wait"].error.message

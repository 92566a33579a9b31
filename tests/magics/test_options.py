"""A magic's line is read by one table; what is written wrongly is said with a code and the right way."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.errors import UsageError
from dagy_nb.magics.commands import FLOW_COMMANDS, FLOWNODE, RUNS, find_command
from dagy_nb.magics.flownode import gather_options
from dagy_nb.model.spec import RunnerName

RUN = FLOW_COMMANDS["run"]


@pytest.mark.parametrize(
    ("usage", "line", "names", "options"),
    [
        (FLOWNODE, "", (), {}),
        (FLOWNODE, "--timeout 30", (), {"timeout": 30.0}),
        (FLOWNODE, "--timeout=0.5 --retries 2", (), {"timeout": 0.5, "retries": 2}),
        (FLOWNODE, "--timeout 0", (), {"timeout": 0.0}),
        (FLOWNODE, "--runner thread", (), {"runner": "thread"}),
        (FLOWNODE, "--retry-delay 5", (), {"retry_delay": 5.0}),
        (FLOWNODE, "--retry-delay 1,5,30", (), {"retry_delay": (1.0, 5.0, 30.0)}),
        (FLOWNODE, "--retry-on=raised,timed_out", (), {"retry_on": ("raised", "timed_out")}),
        (FLOWNODE, "--memory-mb 512", (), {"memory_mb": 512.0}),
        (RUN, "delays", ("delays",), {}),
        (RUN, "delays -p month=2", ("delays",), {"parameter": (("month", "2"),)}),
        (
            RUN,
            "-p month=2 delays --parameter 'city=New York' --background",
            ("delays",),
            {"parameter": (("month", "2"), ("city", "New York")), "background": True},
        ),
        (RUN, "delays -p where=a=b", ("delays",), {"parameter": (("where", "a=b"),)}),
        (
            RUN,
            "delays --timeout 0 --backend dask",
            ("delays",),
            {"timeout": 0.0, "backend": "dask"},
        ),
        (RUN, "delays -p empty=", ("delays",), {"parameter": (("empty", ""),)}),
        (RUN, "delays  # every night", ("delays",), {}),
        (RUN, "delays # don't wait", ("delays",), {}),
        (
            RUN,
            "delays -p city='a # b' -p tag=a#b #",
            ("delays",),
            {"parameter": (("city", "a # b"), ("tag", "a#b"))},
        ),
        (
            FLOW_COMMANDS["resume"],
            "2026 -p month=2 --force send",
            ("2026",),
            {"parameter": (("month", "2"),), "force": ("send",)},
        ),
        (RUNS, "# or: %runs RUN_ID", (), {}),
        (RUNS, "-n 5", (), {"limit": 5}),
        (RUNS, "2026 --logs", ("2026",), {"logs": True}),
    ],
)
def test_a_line_is_read_into_names_and_options(usage, line, names, options):
    words = usage.read(line)

    assert (words.names, dict(words.options)) == (names, options)


@pytest.mark.parametrize(
    ("usage", "line", "code", "told"),
    [
        (FLOWNODE, "--timeot 30", "usage.unknown_option", "--timeout"),
        (FLOWNODE, "--timeout", "usage.option_value", "needs a value"),
        (FLOWNODE, "--timeout soon", "usage.option_value", "0 for no limit"),
        (FLOWNODE, "--timeout -1", "usage.option_value", "0 for no limit"),
        (FLOWNODE, "--timeout inf", "usage.option_value", "0 for no limit"),
        (FLOWNODE, "--timeout 1 --timeout 2", "usage.repeated", "twice"),
        (FLOWNODE, "--retries 1.5", "usage.option_value", "whole number"),
        (FLOWNODE, "--retries 101", "usage.option_value", "0 to 100"),
        (FLOWNODE, "--runner threads", "usage.option_value", "Did you mean `thread`? Write"),
        (FLOWNODE, "--retry-delay 1,soon", "usage.option_value", "such as 5, or 1,5,30"),
        (FLOWNODE, "--retry-delay -1", "usage.option_value", "seconds from 0 on"),
        (FLOWNODE, "--retry-delay nan", "usage.option_value", "seconds from 0 on"),
        (FLOWNODE, "--retry-on raised,timedout", "usage.option_value", "timed_out"),
        (FLOWNODE, "--retry-on ,", "usage.option_value", "raised"),
        (FLOWNODE, "--memory-mb 0", "usage.option_value", "megabytes above 0"),
        (FLOWNODE, "late", "usage.extra", "late"),
        (RUN, "", "usage.missing", "NAME"),
        (RUN, "delays weather", "usage.extra", "weather"),
        (RUN, "delays -p month", "usage.option_value", "NAME=VALUE"),
        (RUN, "delays --background=yes", "usage.option_value", "no value"),
        (RUN, "delays -p 'month=2", "usage.quotes", "quot"),
        (RUNS, "-n 0", "usage.option_value", "1 to 1000"),
    ],
)
def test_a_line_written_wrongly_is_refused_with_a_code_and_the_right_way(usage, line, code, told):
    with pytest.raises(UsageError) as caught:
        usage.read(line)

    assert caught.value.code == code
    assert told in str(caught.value)
    assert code == "usage.quotes" or str(usage) in caught.value.suggestion


def test_all_runners_are_offered():
    option = RUN.find("--runner")

    assert option.choices == tuple(RunnerName)
    assert all(each in option.about for each in RunnerName)


def test_an_unknown_command_names_the_nearest():
    with pytest.raises(UsageError) as caught:
        find_command("rnu")

    assert caught.value.code == "usage.unknown_command"
    assert "`run`" in caught.value.suggestion


def test_how_a_command_is_written_stands_in_one_line():
    assert str(RUN) == (
        "%flow run NAME [-p NAME=VALUE]… [--background] [--reuse] [--force NODE]… [--keep] [--tap] "
        "[--timeout S] [--runner R] [--backend B]"
    )


@given(st.text(max_size=60))
def test_no_line_does_worse_than_a_coded_error(line):
    for usage in (FLOWNODE, RUNS, *FLOW_COMMANDS.values()):
        with contextlib.suppress(UsageError):
            usage.read(line)


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("--retries 2", {"retries": 2}),
        ("--retry-delay 5", {"retry": {"delay": 5.0}}),
        (
            "--retries 2 --retry-delay 1,5 --retry-on crashed",
            {"retries": 2, "retry": {"delay": (1.0, 5.0), "on": ("crashed",)}},
        ),
    ],
)
def test_what_a_line_says_of_retries_becomes_one_attribute(line, options):
    assert gather_options(FLOWNODE.read(line)) == options

"""Errors as data: words, codes, and the user's own frames only."""

from __future__ import annotations

import json

import pytest

from dagy_nb.engine.contract import take_outputs
from dagy_nb.engine.fault import MAX_MESSAGE, MAX_TRACEBACK, describe_exception, format_traceback
from dagy_nb.errors import ConfigError
from dagy_nb.nodes.base import FlowNode


def catch(function):
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("raised nothing")


def divide():
    return 1 / 0


def test_an_exception_of_the_users_keeps_its_type_and_message():
    fact = describe_exception(catch(divide), node_id="a", attempt=2)

    assert (fact.type, fact.code) == ("ZeroDivisionError", "raised.ZeroDivisionError")
    assert (fact.message, fact.node_id, fact.attempt) == ("division by zero", "a", 2)


def test_an_error_of_ours_keeps_its_code_and_suggestion():
    fact = describe_exception(ConfigError("wrong", code="config.invalid", suggestion="Mend it."))

    assert (fact.code, fact.message, fact.suggestion) == ("config.invalid", "wrong", "Mend it.")


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_what_would_end_the_process_says_what_to_do_instead(error):
    fact = describe_exception(error)

    assert fact.code == f"raised.{type(error).__name__}"
    assert fact.suggestion


def test_a_traceback_shows_the_users_frames_with_their_lines():
    text = format_traceback(catch(divide))

    assert text.startswith("Traceback (most recent call last):")
    assert "in divide" in text
    assert "return 1 / 0" in text
    assert text.endswith("ZeroDivisionError: division by zero")


def test_frames_of_ours_and_of_libraries_are_left_out():
    class Node(FlowNode, register=False):
        def execute(self):
            return None

    ours = format_traceback(catch(lambda: take_outputs(Node, 5)))
    library = format_traceback(catch(lambda: json.loads("{")))

    assert "contract.py" not in ours
    assert "json" not in library.replace("json.loads", "").replace("json.decoder", "")
    assert "in <lambda>" in library
    assert "JSONDecodeError" in library


def test_the_file_of_the_node_is_shown_wherever_it_lies():
    text = format_traceback(catch(lambda: json.loads("{")), own_file=json.decoder.__file__)

    assert "raw_decode" in text


def test_causes_are_told_too():
    def chain():
        try:
            divide()
        except ZeroDivisionError as error:
            raise ValueError("outer") from error

    text = format_traceback(catch(chain))

    assert "ZeroDivisionError" in text
    assert "direct cause" in text
    assert text.endswith("ValueError: outer")


def test_groups_are_told_too():
    def gather():
        raise ExceptionGroup("both", [catch(divide), ValueError("second")])

    text = format_traceback(catch(gather))

    assert "ZeroDivisionError" in text
    assert "second" in text


def test_values_of_variables_are_never_shown():
    def fail():
        password = "hunter" + "2"
        raise ValueError(len(password))

    assert "hunter2" not in format_traceback(catch(fail))


def test_everything_is_bounded():
    def recurse():
        recurse()

    error = catch(recurse)
    fact = describe_exception(error)
    long = describe_exception(ValueError("x" * 1_000_000))

    assert len(fact.traceback) < MAX_TRACEBACK
    assert len(long.message) == MAX_MESSAGE
    assert len(long.traceback) < MAX_TRACEBACK + 10


def test_half_a_character_is_escaped():
    fact = describe_exception(ValueError("Straße \ud83d"))

    assert fact.message == "Straße \\ud83d"
    assert fact.traceback == "ValueError: Straße \\ud83d"


def test_an_exception_that_cannot_be_told_is_told_so():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    fact = describe_exception(Mute())

    assert fact.type == "Mute"
    assert "cannot be shown" in fact.message

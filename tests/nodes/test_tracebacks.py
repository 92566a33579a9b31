from __future__ import annotations

import traceback

import pytest

from dagy_nb.nodes.base import FlowNode, Output
from dagy_nb.nodes.context import ExecutionContext
from dagy_nb.nodes.tracebacks import (
    MAX_LINES,
    format_cell_traceback,
    is_own_file,
    trim_to,
    trim_traceback,
)


class Deep(FlowNode, register=False):
    y = Output()

    def execute(self, context):
        context.progress(float("nan"))


def caught_in(function):
    with pytest.raises(Exception) as caught:
        function()
    return caught.value


def test_frames_of_the_package_are_left_out():
    error = caught_in(lambda: Deep().invoke(ExecutionContext(), {}))

    names = [frame.name for frame in traceback.extract_tb(trim_traceback(error.__traceback__))]
    assert "execute" in names
    assert not {"invoke", "progress"} & set(names)


def test_a_traceback_begins_with_the_cell():
    error = caught_in(lambda: Deep().invoke(ExecutionContext(), {}))

    frames = traceback.extract_tb(trim_to(error.__traceback__, __file__))
    assert frames[0].name == "caught_in"
    assert trim_to(error.__traceback__, "<nowhere>") is None


def test_a_traceback_of_the_package_alone_is_empty():
    assert trim_traceback(None) is None


def test_the_text_shows_what_was_raised_and_no_locals():
    def fails():
        canary = "hidden"
        raise ValueError(f"no {len(canary)}")

    text = format_cell_traceback(caught_in(fails))

    assert text.startswith("Traceback (most recent call last):")
    assert text.endswith("ValueError: no 6")
    assert "hidden" not in text.replace('canary = "hidden"', "")


def test_a_long_text_is_cut_in_the_middle():
    def middle(n):
        return other(n)

    def other(n):
        return middle(n - 1) if n else 1 / 0

    lines = format_cell_traceback(caught_in(lambda: middle(90))).splitlines()

    assert len(lines) <= MAX_LINES + 1
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert "  …" in lines


def test_own_files_are_those_of_the_package():
    import dagy_nb.nodes.base as base

    assert is_own_file(base.__file__)
    assert is_own_file("<frozen importlib._bootstrap>")
    assert not is_own_file(__file__)
    assert not is_own_file("<cell In[1]>")

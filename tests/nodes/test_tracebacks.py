from __future__ import annotations

import traceback

import pytest

from dagy_nb.nodes.base import FlowNode, Output
from dagy_nb.nodes.context import ExecutionContext
from dagy_nb.nodes.tracebacks import (
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


def test_own_files_are_those_of_the_package():
    import dagy_nb.nodes.base as base

    assert is_own_file(base.__file__)
    assert is_own_file("<frozen importlib._bootstrap>")
    assert not is_own_file(__file__)
    assert not is_own_file("<cell In[1]>")


def test_code_without_lines_stands_in_a_traceback_too():
    """Libraries that write code do not always say which line it comes from."""

    def fail():
        raise ValueError

    # `0xFF`: the next eight instructions have no line.
    table = b"\xff" * len(fail.__code__.co_code)
    fail.__code__ = fail.__code__.replace(co_linetable=table)
    error = caught_in(fail)

    trimmed = trim_to(error.__traceback__, __file__)

    assert [frame.name for frame in traceback.extract_tb(trimmed)] == ["caught_in", "fail"]

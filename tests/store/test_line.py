"""Lines of a journal: checked, one per fact, whatever the values are."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.model.event import decode, encode
from dagy_nb.store.line import parse_body, read_body, write_line
from tests.strategies import events


def read_line(line: bytes) -> dict[str, object]:
    assert line.endswith(b"\n")
    body = read_body(line[:-1])
    assert body is not None
    return parse_body(body)


@given(events())
def test_a_fact_comes_back_from_its_line(event):
    line = write_line(encode(event))

    assert line.count(b"\n") == 1
    assert decode(read_line(line)) == event


@given(events(), st.data())
def test_no_changed_byte_goes_unnoticed(event, data):
    line = bytearray(write_line(encode(event))[:-1])
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))

    assert read_body(bytes(line)) is None


@given(events(), st.data())
def test_no_cut_line_passes(event, data):
    line = write_line(encode(event))[:-1]

    assert read_body(line[: data.draw(st.integers(0, len(line) - 1))]) is None


class Odd:
    def __str__(self) -> str:
        return "odd"


def nest(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), 3),
        (np.float64(2.5), 2.5),
        (np.bool_(True), True),
        (dt.date(2026, 11, 21), "2026-11-21"),
        (Path("/data"), "/data"),
        (Odd(), "odd"),
        ((1, 2), [1, 2]),
        (10**30, 10**30),
        ("\ud800", "\\ud800"),
        (float("inf"), float("inf")),
        (nest(150), nest(150)),
        (nest(220), nest(220)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_that_json_has_not_are_written_as_what_is_nearest(value, expected):
    assert read_line(write_line({"value": value})) == {"value": expected}


def test_what_is_nested_too_deep_is_cut_but_recorded():
    found = read_line(write_line({"value": nest(400), "other": 1}))

    assert found["other"] == 1


@pytest.mark.parametrize("body", [b"[1, 2]", b"3", b"{", b""])
def test_a_body_is_an_object(body):
    with pytest.raises((TypeError, ValueError)):
        parse_body(body)

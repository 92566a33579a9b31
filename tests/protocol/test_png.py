"""The PNG twin of the picture: there where it can be drawn, and bounded."""

from __future__ import annotations

import importlib.util
import io
import sys

import pytest
from PIL import Image

from dagy_nb.protocol.draw import draw_flow
from dagy_nb.protocol.png import MAX_HEIGHT, MAX_WIDTH, to_png
from dagy_nb.protocol.status import draw_run
from tests.protocol.samples import ALL_STATES, FLIGHT_SPECS, FLIGHTS, make_flow, make_record

needs_resvg = pytest.mark.skipif(
    importlib.util.find_spec("resvg_py") is None, reason="resvg-py draws the PNG (extra `demo`)"
)


def open_png(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


@needs_resvg
def test_a_flow_becomes_a_png():
    run = draw_run(make_record(FLIGHTS, ALL_STATES), now=1_800_000_012.0)

    image = open_png(to_png(draw_flow(FLIGHTS, FLIGHT_SPECS), run))

    assert image.width == MAX_WIDTH
    assert len(image.getcolors(1 << 20)) > 50


@needs_resvg
def test_it_shows_letters():
    """Without a font a renderer leaves texts out in silence."""
    named = to_png(draw_flow(make_flow("some_name", {}), {}))
    other = to_png(draw_flow(make_flow("other_name", {}), {}))

    assert named != other


@needs_resvg
def test_a_big_flow_has_a_bounded_png():
    nodes = {f"n{index}": "Clean" for index in range(30)}
    edges = tuple(f"n{index}.table_out -> n{index + 1}.table" for index in range(29))

    image = open_png(to_png(draw_flow(make_flow("big", nodes, edges), FLIGHT_SPECS)))

    assert image.width == MAX_WIDTH
    assert image.height <= MAX_HEIGHT


@needs_resvg
def test_what_nobody_could_read_has_no_png():
    nodes = {f"n{index}": "Clean" for index in range(60)}
    edges = tuple(f"n{index}.table_out -> n{index + 1}.table" for index in range(59))

    assert to_png(draw_flow(make_flow("endless", nodes, edges), FLIGHT_SPECS)) is None


def test_without_resvg_there_is_no_png(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)

    assert to_png(draw_flow(FLIGHTS, FLIGHT_SPECS)) is None

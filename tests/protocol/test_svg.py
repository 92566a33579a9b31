"""The static picture: complete, safe, the same every time, readable in light and dark."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagy_nb.model.datatype import DataType
from dagy_nb.model.diagnostic import Diagnostic, Place, Severity
from dagy_nb.model.flow import NodeEntry
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.protocol.draw import draw_flow
from dagy_nb.protocol.ink import (
    CATEGORY_INKS,
    PLAIN_CATEGORY,
    SURFACES,
    TONE_INKS,
    TYPE_INKS,
    choose_category,
)
from dagy_nb.protocol.status import draw_run
from dagy_nb.protocol.svg import to_svg
from dagy_nb.protocol.symbols import LOOKS, REASONED
from tests.protocol.samples import (
    ALL_STATES,
    FLIGHT_SPECS,
    FLIGHTS,
    make_flow,
    make_record,
    make_spec,
    make_specs,
    with_config,
)

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {"svg", "title", "style", "rect", "g", "path", "circle", "text", "tspan"}
EVIL = "</text><script>alert(1)</script>\x00\x1b & \"quoted\" 'x' <img src=x onerror=y>"


def draw(flow=FLIGHTS, specs=FLIGHT_SPECS, states=None, **options):
    run = None
    if states is not None:
        run = draw_run(make_record(flow, states), now=1_800_000_012.0)
    return to_svg(draw_flow(flow, specs, **options), run)


def read(svg):
    return ET.fromstring(svg)


def words_of(svg):
    return [" ".join("".join(each.itertext()).split()) for each in read(svg).iter(f"{SVG}text")]


def test_it_is_one_self_contained_drawing():
    svg = draw(states=ALL_STATES)

    root = read(svg)
    assert root.tag == f"{SVG}svg"
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= ALLOWED
    without_name_space = svg.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|url\(|@import|href|javascript|\bon\w+=", without_name_space)


def test_it_leaves_a_page_that_takes_it_in_alone():
    """nbconvert puts SVG into the page as it is: no ids, and every rule has our prefix."""
    svg = draw(states=ALL_STATES)

    assert not [each for each in read(svg).iter() if "id" in each.attrib]
    rules = read(svg).find(f"{SVG}style").text
    selectors = re.findall(
        r"([^{}]+)\{[^{}]*\}", rules.replace("@media (prefers-color-scheme:dark){", "")
    )
    assert all(selector.strip("} ").startswith(".dagy-") for selector in selectors)


def test_every_state_is_told_by_word_symbol_and_colour():
    svg = draw(states=ALL_STATES)

    words = " ".join(words_of(svg))
    for word in (
        "Completed",
        "Reused",
        "Running",
        "Failed",
        "Timed out",
        "Cancelled",
        "Retrying",
    ):
        assert word in words
    cards = read(svg).findall(f"{SVG}g")
    for card, told in zip(cards, ALL_STATES.values(), strict=True):
        state, reason = told if isinstance(told, tuple) else (told, None)
        look = REASONED.get(reason, LOOKS[state])
        symbols = [each for each in card.iter(f"{SVG}path") if each.get("d") == look.strokes]
        assert [each.get("class") for each in symbols] == [f"dagy-line dagy-s-{look.tone}"]


def test_without_a_run_it_tells_where_nodes_will_run_and_how_long_they_may():
    words = words_of(draw(default_timeout=300))

    assert "thread · limit 60 s" in words
    assert "inline · limit 300 s" in words


def test_names_types_and_descriptions_are_there():
    words = " ".join(words_of(draw()))

    for each in ("first_flow", "JoinWeather", "by_carrier", "score", "NUMBER", "problem"):
        assert each in words


def test_an_empty_flow_has_a_picture():
    assert "No nodes yet." in words_of(draw(make_flow("empty", {}), {}))


def test_broken_edges_missing_types_and_findings_show_without_colour():
    specs = {**FLIGHT_SPECS, "Clean": make_spec("Clean", "rows:TABLE", "cleaned:TABLE")}
    specs["LoadWeather"] = make_spec("LoadWeather", outputs="table:TABLE", unavailable="Install x.")
    del specs["Report"]
    found = Diagnostic(code="x", severity=Severity.ERROR, place=Place(node="joined"), message="m")

    svg = draw(specs=specs, diagnostics=[found], stale=frozenset({"model"}))

    words = words_of(svg)
    assert words.count("broken") == 3
    assert {"undefined", "unavailable", "stale"} <= set(words)
    assert "table gone" in words


def test_a_disabled_node_hides_the_edges_behind_it():
    flow = FLIGHTS.model_copy(
        update={
            "nodes": tuple(
                node.model_copy(update={"disabled": node.id == "plot"}) for node in FLIGHTS.nodes
            )
        }
    )

    card = read(draw(flow)).findall(f"{SVG}g")[6]

    assert card.get("opacity") is None
    assert [each.get("opacity") for each in card.findall(f"{SVG}g")] == [".55"]


def test_the_picture_holds_no_data_and_no_secret():
    flow = with_config(FLIGHTS, "clean", password="SECRET-CONFIG")

    svg = draw(flow, states=ALL_STATES)

    assert "SECRET" not in svg
    assert "KeyError" not in svg


def evil_flow():
    spec = make_spec(
        "Evil",
        outputs="out:ANY",
        label=EVIL,
        icon="<b",
        category=EVIL,
        description=EVIL,
        unavailable=EVIL,
    )
    node = NodeEntry(id="a", type="Evil", label=EVIL, config=FrozenMap({"x": EVIL}))
    flow = make_flow("f", {}, description=EVIL).model_copy(update={"nodes": (node,)})
    return flow, make_specs(spec)


def test_texts_of_users_stay_texts():
    flow, specs = evil_flow()

    root = read(draw(flow, specs))

    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= ALLOWED
    assert not [name for each in root.iter() for name in each.attrib if name.startswith("on")]


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_gives_well_formed_xml(text):
    node = NodeEntry(id="a", type="T", label=text)
    flow = make_flow("f", {}, description=text).model_copy(update={"nodes": (node,)})

    read(draw(flow, make_specs(make_spec("T", icon=text, category=text))))


def test_the_same_picture_is_the_same_text():
    assert draw(states=ALL_STATES) == draw(states=ALL_STATES)


def test_a_long_name_stays_on_its_card():
    spec = make_specs(make_spec("T", f"{'i' * 90}:TABLE", f"{'w' * 90}:TABLE"))
    flow = make_flow("f", {}).model_copy(
        update={"nodes": (NodeEntry(id="a", type="T", label="W" * 200),)}
    )

    words = words_of(draw(flow, spec))

    assert all(len(each) < 60 for each in words)
    assert sum("…" in each for each in words) == 3


def test_the_frame_holds_every_card_and_wire():
    root = read(draw())

    x, y, width, height = map(float, root.get("viewBox").split())
    picture = draw_flow(FLIGHTS, FLIGHT_SPECS)
    assert all(
        x < node.x
        and node.x + node.width < x + width
        and y < node.y
        and node.y + node.height < y + height
        for node in picture.nodes
    )
    numbers = [
        [float(each) for each in re.findall(r"-?[\d.]+", path.get("d"))]
        for path in root.findall(f"{SVG}path")
        if "dagy-wire" in path.get("class")
    ]
    assert numbers
    for points in numbers:
        assert all(x <= each <= x + width for each in points[::2])
        assert all(y <= each <= y + height for each in points[1::2])


def test_a_big_flow_is_sketched_with_names_and_states_only():
    nodes = {f"n{index}": "Clean" for index in range(1000)}
    edges = tuple(f"n{index}.table_out -> n{index + 1}.table" for index in range(999))
    flow = make_flow("big", nodes, edges)

    svg = draw(flow, states=dict.fromkeys(nodes, NodeState.COMPLETED))

    assert "n999" in words_of(svg)
    assert "dropped" not in svg
    assert svg.count(LOOKS["COMPLETED"].strokes) == 1000
    assert len(svg) < 1_000_000


def test_a_picture_for_one_theme_needs_no_media_query():
    picture = draw_flow(FLIGHTS, FLIGHT_SPECS)

    assert "@media" in to_svg(picture)
    assert "@media" not in to_svg(picture, theme="light")
    assert SURFACES["card"].dark in to_svg(picture, theme="dark")


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["card", "canvas"])
def test_colours_are_told_from_their_ground(theme, ground):
    back = getattr(SURFACES[ground], theme)
    texts = [SURFACES["text"], SURFACES["quiet"], *TONE_INKS.values()]
    shapes = [*TYPE_INKS.values(), *CATEGORY_INKS, PLAIN_CATEGORY]

    assert [ink for ink in texts if contrast(getattr(ink, theme), back) < 4.5] == []
    assert [ink for ink in shapes if contrast(getattr(ink, theme), back) < 3.0] == []


def test_every_type_and_state_has_its_looks():
    assert set(TYPE_INKS) == {each.value for each in DataType}
    assert set(LOOKS) >= {*NodeState, *RunState}
    assert {look.tone for look in LOOKS.values()} <= set(TONE_INKS)


@pytest.mark.parametrize(
    ("category", "number"),
    [
        ("", None),
        ("General", None),
        ("  general ", None),
        # 0xe40c292c and 0xbf9cf968: known values of FNV-1a.
        ("a", 4),
        (" A", 4),
        ("foobar", 0),
    ],
)
def test_a_category_has_one_colour_everywhere(category, number):
    assert choose_category(category) == number

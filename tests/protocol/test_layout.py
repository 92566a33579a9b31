"""Places for nodes: to the right, apart, level, the same every time, and fast."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagy_nb.model.flow import Position
from dagy_nb.protocol.layers import Wire, _count_crossings, build_columns
from dagy_nb.protocol.layout import LayoutEdge, arrange

SIZE = (220.0, 96.0)


def sizes_of(names):
    return dict.fromkeys(names, SIZE)


def edges_of(text):
    """`a-b b-c` as edges."""
    return [LayoutEdge(*each.split("-"), leave=58, enter=58) for each in text.split()]


def overlap(a, b, size_a=SIZE, size_b=SIZE):
    return (
        a.x < b.x + size_b[0]
        and b.x < a.x + size_a[0]
        and a.y < b.y + size_b[1]
        and b.y < a.y + size_a[1]
    )


def find_overlaps(places, sizes):
    names = list(places)
    return [
        (one, other)
        for index, one in enumerate(names)
        for other in names[index + 1 :]
        if overlap(places[one], places[other], sizes[one], sizes[other])
    ]


graphs = st.integers(1, 14).flatmap(
    lambda count: st.tuples(
        st.just([f"n{index}" for index in range(count)]),
        st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=30),
        st.lists(st.sampled_from([72.0, 96.0, 120.0, 240.0]), min_size=count, max_size=count),
    )
)


def test_nothing_is_laid_out_without_nodes():
    assert arrange({}, []) == {}


def test_a_chain_runs_level_to_the_right():
    places = arrange(sizes_of("abc"), edges_of("a-b b-c"))

    assert [places[name].x for name in "abc"] == [0, 300, 600]
    assert {place.y for place in places.values()} == {0}


def test_a_diamond_is_symmetric():
    places = arrange(sizes_of("abcd"), edges_of("a-b a-c b-d c-d"))

    assert places["a"].y == places["d"].y == (places["b"].y + places["c"].y) / 2
    assert places["b"].x == places["c"].x


def test_connectors_decide_which_input_is_above():
    """What enters the upper connector stands above, in whatever order it was declared."""
    edges = [LayoutEdge("low", "sum", 58, 82), LayoutEdge("high", "sum", 58, 58)]

    places = arrange(sizes_of(["low", "high", "sum"]), edges)

    assert places["high"].y < places["low"].y


def test_a_known_tangle_comes_out_without_crossings():
    """Declared so that the first order crosses nine times."""
    count = 4
    edges = [LayoutEdge(f"a{i}", f"b{count - 1 - i}", 10, 10) for i in range(count)]
    names = [f"{side}{i}" for side in "ab" for i in range(count)]
    edges += [LayoutEdge(f"b{i}", "end", 10, 10) for i in range(count)]

    places = arrange(sizes_of([*names, "end"]), edges)

    order = sorted(range(count), key=lambda i: places[f"a{i}"].y)
    assert order == sorted(range(count), key=lambda i: places[f"b{count - 1 - i}"].y)


def test_a_wire_that_passes_a_column_has_a_lane_of_its_own():
    places = arrange(sizes_of("abc"), edges_of("a-b b-c a-c"))

    level = places["a"].y + 58
    assert places["a"].y == places["c"].y
    assert not places["b"].y <= level <= places["b"].y + SIZE[1]


def test_parts_stand_below_each_other_and_single_nodes_in_rows():
    names = [*"abcd", *(f"single{i}" for i in range(6))]

    places = arrange(sizes_of(names), edges_of("a-b c-d"))

    assert places["c"].y > places["a"].y + SIZE[1]
    singles = [places[f"single{i}"] for i in range(6)]
    assert len({place.y for place in singles}) == 2
    assert min(place.y for place in singles) > places["c"].y + SIZE[1]


def test_edges_to_nowhere_and_to_itself_do_no_harm():
    places = arrange(sizes_of("ab"), [LayoutEdge("a", "gone"), LayoutEdge("a", "a")])

    assert set(places) == {"a", "b"}


@given(graphs)
@settings(max_examples=150, deadline=None)
def test_no_two_nodes_cover_each_other_even_in_cycles(graph):
    names, pairs, heights = graph
    sizes = {name: (220.0, height) for name, height in zip(names, heights, strict=True)}
    edges = [LayoutEdge(names[a], names[b], 10, 20) for a, b in pairs]

    places = arrange(sizes, edges)

    assert list(places) == names
    assert not find_overlaps(places, sizes)
    assert places == arrange(sizes, edges)


@given(graphs)
@settings(max_examples=100, deadline=None)
def test_edges_lead_to_the_right_where_there_is_no_cycle(graph):
    names, pairs, _ = graph
    edges = [LayoutEdge(names[min(p)], names[max(p)], 10, 20) for p in pairs if p[0] != p[1]]

    places = arrange(sizes_of(names), edges)

    for edge in edges:
        assert places[edge.source].x + SIZE[0] < places[edge.target].x


@given(graphs, st.data())
@settings(max_examples=150, deadline=None)
def test_nodes_with_a_place_keep_it_and_new_ones_find_room(graph, data):
    names, pairs, heights = graph
    sizes = {name: (220.0, height) for name, height in zip(names, heights, strict=True)}
    edges = [LayoutEdge(names[a], names[b], 10, 20) for a, b in pairs]
    whole = arrange(sizes, edges)
    kept = data.draw(st.sets(st.sampled_from(names)))
    fixed = {name: whole[name] for name in kept}

    places = arrange(sizes, edges, fixed)

    assert {name: places[name] for name in kept} == fixed
    assert not find_overlaps(places, sizes)


def test_a_new_node_stands_right_of_what_feeds_it():
    fixed = {"a": Position(x=100, y=50), "b": Position(x=100, y=400)}

    places = arrange(sizes_of("abc"), edges_of("b-c"), fixed)

    assert places["c"].x == 400
    assert places["c"].y == 400


def test_a_new_source_stands_left_of_what_it_feeds():
    places = arrange(sizes_of("ab"), edges_of("a-b"), {"b": Position(x=0, y=7)})

    assert places["a"] == Position(x=-300, y=7)


def test_a_new_node_without_edges_stands_below():
    places = arrange(sizes_of("ab"), [], {"a": Position(x=40, y=10)})

    assert places["b"].x == 40
    assert places["b"].y > 10 + SIZE[1]


@pytest.mark.parametrize("kind", ["random", "chain", "wide", "grid"])
def test_a_layout_costs_in_proportion_to_the_nodes(kind):
    assert measure(kind, 1000) < 30 * measure(kind, 100)


def test_nodes_are_put_among_others_for_less_than_the_layout_of_all():
    assert measure("half placed", 1000) < measure("grid", 1000)


def measure(kind, size):
    """Seconds of this thread, the least of a few: ten times the nodes squared would be a hundred times as many."""
    names = [f"n{index}" for index in range(size)]
    rng = random.Random(7)
    pairs = {
        "random": [sorted(rng.sample(range(size), 2)) for _ in range(size * 3 // 2)],
        "chain": [(i, i + 1) for i in range(size - 1)],
        "wide": [(0, i) for i in range(1, size)],
        "grid": [(i, i + d) for i in range(size) for d in (1, 30) if i + d < size],
        "half placed": [(rng.randrange(max(0, i - 9), i), i) for i in range(1, size)],
    }[kind]
    edges = [LayoutEdge(names[a], names[b], 58, 58) for a, b in pairs]
    fixed = {}
    if kind == "half placed":
        fixed = dict(list(arrange(sizes_of(names), edges).items())[: size // 2])
    return min(measure_once(names, edges, fixed) for _ in range(3))


def measure_once(names, edges, fixed):
    began = time.thread_time()
    places = arrange(sizes_of(names), edges, fixed)
    took = time.thread_time() - began
    assert len(places) == len(names)
    return took


def test_sorting_never_leaves_more_crossings_than_the_declared_order():
    rng = random.Random(3)
    for _ in range(20):
        wires = [Wire(rng.randrange(6), 6 + rng.randrange(6), 10, 10) for _ in range(14)]
        made = build_columns([96.0] * 12, wires)
        places = [0.0] * 12
        for column in made.columns:
            for place, item in enumerate(column):
                places[item] = float(place)
        sorted_count = _count_crossings(made, places)
        made.columns = [sorted(column) for column in made.columns]
        for column in made.columns:
            for place, item in enumerate(column):
                places[item] = float(place)

        assert sorted_count <= _count_crossings(made, places)

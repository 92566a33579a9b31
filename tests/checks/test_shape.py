"""Walks over graphs agree with brute force."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.checks.shape import (
    find_cycles,
    find_path,
    find_reachable,
    map_successors,
    order_nodes,
)
from dagy_nb.model.flow import EdgeSpec

NAMES = "abcdef"
Graph = dict[str, list[str]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any small directed graph, self loops included."""
    names = NAMES[: draw(st.integers(0, len(NAMES)))]
    pairs = draw(st.sets(st.sampled_from([*itertools.product(names, repeat=2)] or [("", "")])))
    return {name: sorted(b for a, b in pairs if a == name) for name in names}


def reach(graph: Graph, start: str) -> set[str]:
    """Everything reachable by at least one edge, by repeated widening."""
    found = set(graph[start])
    for _ in graph:
        found |= {target for name in found for target in graph[name]}
    return found


@given(graphs())
def test_a_cycle_is_found_exactly_where_a_node_reaches_itself(graph: Graph) -> None:
    on_cycles = {name for name in graph if name in reach(graph, name)}
    cycles = find_cycles(graph)

    assert bool(cycles) == bool(on_cycles)
    for path in cycles:
        assert path[0] == path[-1]
        assert len(set(path[:-1])) == len(path) - 1
        assert all(b in graph[a] for a, b in itertools.pairwise(path))
    knots = {
        frozenset(n for n in on_cycles if n in reach(graph, m) and m in reach(graph, n))
        for m in on_cycles
    }
    assert len(cycles) == len(knots)
    assert all(any(set(path) <= knot for knot in knots) for path in cycles)


@given(graphs())
def test_the_order_leads_forward_and_leaves_out_what_no_order_can_hold(graph: Graph) -> None:
    order = order_nodes(graph)
    place = {name: index for index, name in enumerate(order)}
    behind_cycles = {
        name
        for name in graph
        if any(name in {c, *reach(graph, c)} for c in graph if c in reach(graph, c))
    }

    assert set(order) == set(graph) - behind_cycles
    assert all(place[a] < place[b] for a in order for b in graph[a] if b in place)


@given(graphs())
def test_of_all_nodes_that_could_come_next_the_first_declared_one_does(graph: Graph) -> None:
    placed: list[str] = []
    while ready := [
        name
        for name in graph
        if name not in placed
        and all(name not in graph[other] for other in graph if other not in placed)
    ]:
        placed.append(ready[0])

    assert order_nodes(graph) == tuple(placed)


@given(graphs())
def test_paths_are_shortest_and_reach_what_is_reachable(graph: Graph) -> None:
    for start, goal in itertools.product(graph, repeat=2):
        path = find_path(graph, start, goal)
        assert (path is not None) == (goal == start or goal in reach(graph, start))
        if path is not None:
            assert (path[0], path[-1]) == (start, goal)
            assert all(b in graph[a] for a, b in itertools.pairwise(path))
            assert len(path) - 1 == distance(graph, start, goal)
        assert find_reachable(graph, [start]) == reach(graph, start) | {start}


def distance(graph: Graph, start: str, goal: str) -> int:
    """The number of edges of a shortest way."""
    level, steps = {start}, 0
    while goal not in level:
        level, steps = {target for name in level for target in graph[name]}, steps + 1
    return steps


def test_among_equals_the_declared_order_holds():
    graph = map_successors("dcba", [EdgeSpec.parse("c.x -> a.x"), EdgeSpec.parse("c.y -> a.y")])

    assert graph["c"] == ["a"]
    assert order_nodes(graph) == ("d", "c", "b", "a")


def test_edges_with_a_missing_end_lead_nowhere():
    assert map_successors("a", [EdgeSpec.parse("a.x -> z.x")]) == {"a": []}


def test_a_chain_of_twenty_thousand_nodes_needs_no_recursion():
    names = [f"n{index}" for index in range(20_000)]
    chain = dict(zip(names, [[each] for each in names[1:]] + [[]], strict=True))
    ring = {**chain, names[-1]: [names[0]]}

    assert order_nodes(chain) == tuple(names)
    assert find_cycles(chain) == ()
    assert find_cycles(ring) == ((*names, names[0]),)

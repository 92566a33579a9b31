"""Nodes with a place and new ones in, places for the new ones out; nothing that stands is moved.

A new node goes right of its last placed predecessor, else left of its first placed successor, as near
to the level of its neighbours as there is room.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

from dagy_nb.model.flow import Position
from dagy_nb.protocol.layers import LayoutEdge, Size
from dagy_nb.protocol.rows import GAP

BESIDE = 80.0


def insert_nodes(
    sizes: Mapping[str, Size], edges: Sequence[LayoutEdge], fixed: Mapping[str, Position]
) -> dict[str, Position]:
    """Return a place for every node that is connected, over any way, with a fixed one.

    Args:
        sizes: Node id → width and height, of the fixed and the new nodes.
        edges: Edges between them.
        fixed: Node id → the place it keeps; at least one.
    """
    into: defaultdict[str, list[LayoutEdge]] = defaultdict(list)
    out_of: defaultdict[str, list[LayoutEdge]] = defaultdict(list)
    for edge in edges:
        into[edge.target].append(edge)
        out_of[edge.source].append(edge)
    placed = dict(fixed)
    waiting = deque(node for node in sizes if node in fixed)
    while waiting:
        here = waiting.popleft()
        for edge in (*out_of[here], *into[here]):
            node = edge.target if edge.source == here else edge.source
            if node in placed or node not in sizes:
                continue
            placed[node] = _find_place(node, sizes, into[node], out_of[node], placed)
            waiting.append(node)
    return placed


def _find_place(
    node: str,
    sizes: Mapping[str, Size],
    into: Iterable[LayoutEdge],
    out_of: Iterable[LayoutEdge],
    placed: Mapping[str, Position],
) -> Position:
    before = [edge for edge in into if edge.source in placed]
    after = [edge for edge in out_of if edge.target in placed]
    if before:
        x = max(placed[e.source].x + sizes[e.source][0] for e in before) + BESIDE
    else:
        x = min(placed[e.target].x for e in after) - BESIDE - sizes[node][0]
    levels = [placed[e.source].y + e.leave - e.enter for e in before]
    levels += [placed[e.target].y + e.enter - e.leave for e in after] if not before else []
    y = _find_room(x, sum(levels) / len(levels), sizes[node], sizes, placed)
    return Position(x=float(round(x)), y=float(round(y)))


def _find_room(
    x: float, wish: float, size: Size, sizes: Mapping[str, Size], placed: Mapping[str, Position]
) -> float:
    """Return the height nearest to `wish` where a box at `x` covers no other."""
    width, height = size
    taken = sorted(
        (place.y - height - GAP, place.y + sizes[node][1] + GAP)
        for node, place in placed.items()
        if place.x < x + width + GAP and x < place.x + sizes[node][0] + GAP
    )
    candidates, low = [], float("-inf")
    for start, end in taken:
        if start >= low:
            candidates.append(min(max(wish, low), start))
        low = max(low, end)
    candidates.append(max(wish, low))
    return min(candidates, key=lambda y: abs(y - wish))

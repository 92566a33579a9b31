"""Sizes, wires and places that are taken in, a place for every node out.

One layout for editor and static picture: layered from left to right, the same for the same flow.
Parts that hang together are laid out each for itself and stand one below the other; single nodes
stand in rows at the bottom. Nodes that already have a place keep it, and new ones go beside what they
are connected to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dagy_nb.model.flow import Position
from dagy_nb.protocol.insertion import insert_nodes
from dagy_nb.protocol.layers import LayoutEdge, Size, Wire, build_columns
from dagy_nb.protocol.rows import GAP, place_rows

COLUMN_GAP = 80.0
PART_GAP = 56.0
SINGLES_IN_ROW = 4

__all__ = ["LayoutEdge", "arrange"]


def arrange(
    sizes: Mapping[str, Size],
    edges: Sequence[LayoutEdge],
    fixed: Mapping[str, Position] | None = None,
) -> dict[str, Position]:
    """Return a place (the top left corner) for every node.

    Args:
        sizes: Node id → width and height, in declared order.
        edges: Edges between them; edges with other ends are left out.
        fixed: Node id → the place it keeps.

    Example:
        >>> places = arrange({"a": (220, 96), "b": (220, 96)}, [LayoutEdge("a", "b")])
        >>> places["b"].x, places["b"].y
        (300.0, 0.0)
    """
    inner = [edge for edge in edges if edge.source in sizes and edge.target in sizes]
    kept = {node: place for node, place in (fixed or {}).items() if node in sizes}
    if not kept:
        return _stack_parts(sizes, inner, top=0.0)
    parts = _find_parts(sizes, inner)
    touched = [part for part in parts if any(node in kept for node in part)]
    fresh = {node for part in parts if part not in touched for node in part}
    placed = insert_nodes(
        {node: size for node, size in sizes.items() if node not in fresh}, inner, kept
    )
    if fresh:
        bottom = max(place.y + sizes[node][1] for node, place in placed.items())
        left = min(place.x for place in placed.values())
        new = {node: size for node, size in sizes.items() if node in fresh}
        placed |= _stack_parts(
            new, [e for e in inner if e.source in fresh], top=bottom + PART_GAP, left=left
        )
    return {node: placed[node] for node in sizes}


def _stack_parts(
    sizes: Mapping[str, Size], edges: Sequence[LayoutEdge], *, top: float, left: float = 0.0
) -> dict[str, Position]:
    placed: dict[str, Position] = {}
    parts = _find_parts(sizes, edges)
    for part in (each for each in parts if len(each) > 1):
        corners, height = _lay_out(part, sizes, edges)
        for node, (x, y) in corners.items():
            placed[node] = Position(x=float(round(left + x)), y=float(round(top + y)))
        top += height + PART_GAP
    singles = [part[0] for part in parts if len(part) == 1]
    placed |= _place_singles(singles, sizes, top=top, left=left)
    return {node: placed[node] for node in sizes}


def _place_singles(
    nodes: Sequence[str], sizes: Mapping[str, Size], *, top: float, left: float
) -> dict[str, Position]:
    placed = {}
    for start in range(0, len(nodes), SINGLES_IN_ROW):
        row = nodes[start : start + SINGLES_IN_ROW]
        x = left
        for node in row:
            placed[node] = Position(x=float(round(x)), y=float(round(top)))
            x += sizes[node][0] + COLUMN_GAP
        top += max(sizes[node][1] for node in row) + GAP
    return placed


def _lay_out(
    part: Sequence[str], sizes: Mapping[str, Size], edges: Iterable[LayoutEdge]
) -> tuple[dict[str, tuple[float, float]], float]:
    """Return the corners of a part's nodes, from (0, 0), and the part's height."""
    number = {node: index for index, node in enumerate(part)}
    wires = [
        Wire(number[edge.source], number[edge.target], edge.leave, edge.enter)
        for edge in edges
        if edge.source in number
    ]
    made = build_columns([sizes[node][1] for node in part], wires)
    tops = place_rows(made)
    highest = min(tops[: len(part)])
    corners: dict[str, tuple[float, float]] = {}
    x = 0.0
    for column in made.columns:
        boxes = [part[item] for item in column if item < len(part)]
        for item in column:
            if item < len(part):
                corners[part[item]] = (x, tops[item] - highest)
        x += max((sizes[node][0] for node in boxes), default=0.0) + COLUMN_GAP
    height = max(corners[node][1] + sizes[node][1] for node in part)
    return corners, height


def _find_parts(nodes: Iterable[str], edges: Iterable[LayoutEdge]) -> list[list[str]]:
    """Return the sets of nodes that hang together, each in declared order."""
    names = list(nodes)
    head = {node: node for node in names}

    def find(node: str) -> str:
        while head[node] != node:
            head[node] = head[head[node]]
            node = head[node]
        return node

    for edge in edges:
        if edge.source in head and edge.target in head:
            head[find(edge.target)] = find(edge.source)
    parts: dict[str, list[str]] = {}
    for node in names:
        parts.setdefault(find(node), []).append(node)
    return list(parts.values())

"""The edges of a picture in, smooth curves between the connectors of their cards out, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dagy_nb.protocol.card import Lost, place_connectors
from dagy_nb.protocol.ink import TYPE_INKS
from dagy_nb.protocol.lettering import brief, clean, measure
from dagy_nb.protocol.picture import EdgePicture, FlowPicture

# How far the curve of an edge that leads back swings out; the editor's curves do the same.
CURVATURE = 6.25


class _End(NamedTuple):
    """Where an edge meets a card, and on which side."""

    x: float
    y: float
    side: str
    type: str


def write_edges(flow: FlowPicture, lost: Mapping[str, Lost], *, detailed: bool = True) -> list[str]:
    """Return the SVG of each edge that has both its ends; without details they have no titles."""
    ends = {
        (node.id, spot.kind, spot.name): _End(
            node.x + spot.x,
            node.y + spot.y,
            spot.side,
            spot.connector.types[0] if spot.connector else "",
        )
        for node in flow.nodes
        for spot in place_connectors(node, lost.get(node.id, Lost()))
    }
    written = []
    for edge in flow.edges:
        source = ends.get((edge.source, "output", edge.output))
        target = ends.get((edge.target, "input", edge.input))
        if source is not None and target is not None:
            written.append(_write_edge(edge, source, target, detailed=detailed))
    return written


def _write_edge(edge: EdgePicture, source: _End, target: _End, *, detailed: bool) -> str:
    ink = f"type-{source.type.lower()}" if source.type in TYPE_INKS else "type-any"
    dashes = ""
    if edge.broken:
        ink, dashes = "bad", ' stroke-dasharray="2 6"'
    elif edge.verdict == "unknown":
        dashes = ' stroke-dasharray="7 5"'
    words = f"{edge.id}: {edge.broken}" if edge.broken else edge.id
    title = f"<title>{clean(words)}</title>" if detailed else ""
    path = (
        f'<path d="{_draw_curve(source, target)}" class="dagy-wire dagy-s-{ink}"{dashes}>'
        f"{title}</path>"
    )
    return path + (_write_break(source, target) if edge.broken else "")


def _write_break(source: _End, target: _End) -> str:
    """Return the word in the middle of a broken edge, so that colour does not speak alone."""
    x, y = (source.x + target.x) / 2, (source.y + target.y) / 2
    width = measure("broken", 10) + 12
    return (
        f'<rect x="{brief(x - width / 2)}" y="{brief(y - 8)}" width="{brief(width)}" height="16" rx="8" '
        f'class="dagy-f-canvas dagy-s-bad"/><text x="{brief(x)}" y="{brief(y + 3.5)}" '
        'text-anchor="middle" class="dagy-tiny dagy-f-bad">broken</text>'
    )


_AWAY = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}


def _draw_curve(source: _End, target: _End) -> str:
    first = _find_handle(source, target)
    second = _find_handle(target, source)
    points = (*first, *second, target.x, target.y)
    return f"M{brief(source.x)} {brief(source.y)}C" + " ".join(brief(each) for each in points)


def _find_handle(here: _End, there: _End) -> tuple[float, float]:
    """Return the control point of a curve at one end: straight away from the card."""
    dx, dy = _AWAY[here.side]
    distance = (there.x - here.x) * dx + (there.y - here.y) * dy
    reach = distance / 2 if distance >= 0 else CURVATURE * (-distance) ** 0.5
    return here.x + dx * reach, here.y + dy * reach

"""A flow's picture and a run's in, one self-contained SVG out.

It brings its own ground and colours, so it reads on any page, follows `prefers-color-scheme`, and
holds neither scripts nor references. It shows names, types, states and durations; never config
values, outputs, logs or error texts, so a saved notebook gives nothing away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dagy_nb.protocol.card import Lost, find_lost, place_connectors
from dagy_nb.protocol.ink import TYPE_INKS, Theme, write_rules
from dagy_nb.protocol.lettering import clean, measure, shorten
from dagy_nb.protocol.picture import EdgePicture, FlowPicture, NodePicture, RunPicture
from dagy_nb.protocol.svg_card import CardScene, map_findings, write_card, write_symbol
from dagy_nb.protocol.symbols import look_at, word_duration

MARGIN = 26.0
HEAD = 46.0
MIN_WIDTH = 340.0
MAX_DETAILED = 150
CURVATURE = 6.25

_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif"
_SHAPES = (
    f"text{{font-family:{_FONT}}}"
    ".dagy-title{font-size:15px;font-weight:600}.dagy-label{font-size:13px;font-weight:600}"
    ".dagy-letter{font-size:13px;font-weight:700}.dagy-name{font-size:12px}"
    ".dagy-small{font-size:11px}.dagy-state{font-size:11px;font-weight:600}"
    ".dagy-time{font-size:11px}.dagy-tiny{font-size:10px}.dagy-type{font-size:9px}"
    ".dagy-line{fill:none;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}"
    ".dagy-wire{fill:none;stroke-width:2;stroke-linecap:round}"
)


class _Frame(NamedTuple):
    """The part of the plane that the picture shows."""

    x: float
    y: float
    width: float
    height: float


class _End(NamedTuple):
    """Where an edge meets a card, and on which side."""

    x: float
    y: float
    side: str
    type: str


def to_svg(flow: FlowPicture, run: RunPicture | None = None, *, theme: Theme = "auto") -> str:
    """Return the picture of a flow, with the states of a run where one is given.

    Args:
        flow: The flow, laid out.
        run: The run whose states the cards show.
        theme: `auto` follows the reader's setting; `light` and `dark` are fixed.
    """
    lost = find_lost(
        flow.edges,
        {each.id: {c.name for c in each.inputs} for each in flow.nodes},
        {each.id: {c.name for c in each.outputs} for each in flow.nodes},
    )
    frame = _find_frame(flow)
    body = "".join(
        [
            *_write_edges(flow, lost),
            *_write_cards(flow, run, lost),
            _write_head(flow, run, frame),
            "" if flow.nodes else _write_empty(frame),
        ]
    )
    summary = clean(_summarise(flow, run))
    box = " ".join(_n(part) for part in frame)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{_n(frame.width)}" '
        f'height="{_n(frame.height)}" role="img" aria-label="{summary}" class="dagy-picture" '
        f'style="max-width:100%;height:auto"><title>{summary}</title>'
        f"<style>{_scope(_SHAPES + write_rules(theme), theme)}</style>"
        f'<rect x="{_n(frame.x + 0.5)}" y="{_n(frame.y + 0.5)}" width="{_n(frame.width - 1)}" '
        f'height="{_n(frame.height - 1)}" rx="12" class="dagy-f-canvas dagy-s-rim"/>{body}</svg>'
    )


def _scope(rules: str, theme: Theme) -> str:
    """Keep the font rule off a page that takes the SVG in as it is; all else has our prefix."""
    return rules.replace("text{", ".dagy-picture text{", 1) if theme == "auto" else rules


def _find_frame(flow: FlowPicture) -> _Frame:
    left = min((each.x for each in flow.nodes), default=0.0)
    top = min((each.y for each in flow.nodes), default=0.0)
    right = max((each.x + each.width for each in flow.nodes), default=MIN_WIDTH - 2 * MARGIN)
    bottom = max((each.y + each.height for each in flow.nodes), default=40.0)
    width = max(MIN_WIDTH, right - left + 2 * MARGIN)
    # Feedback wires bulge out of the cards' box; the margin holds them.
    return _Frame(
        left - MARGIN, top - MARGIN - HEAD + 10, width, bottom - top + 2 * MARGIN + HEAD - 10
    )


def _write_cards(flow: FlowPicture, run: RunPicture | None, lost: Mapping[str, Lost]) -> list[str]:
    findings = map_findings(flow.diagnostics)
    wired: dict[str, set[tuple[str, str]]] = {each.id: set() for each in flow.nodes}
    for edge in flow.edges:
        wired.setdefault(edge.source, set()).add(("output", edge.output))
        wired.setdefault(edge.target, set()).add(("input", edge.input))
    detailed = len(flow.nodes) <= MAX_DETAILED
    return [
        write_card(
            CardScene(
                node=node,
                status=run.nodes.get(node.id) if run else None,
                now=run.now if run else 0.0,
                lost=lost.get(node.id, Lost()),
                wired=wired[node.id],
                findings=findings.get(node.id, ()),
            ),
            detailed=detailed,
        )
        for node in flow.nodes
    ]


def _write_edges(flow: FlowPicture, lost: Mapping[str, Lost]) -> list[str]:
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
            written.append(_write_edge(edge, source, target))
    return written


def _write_edge(edge: EdgePicture, source: _End, target: _End) -> str:
    ink = f"type-{source.type.lower()}" if source.type in TYPE_INKS else "type-any"
    dashes = ""
    if edge.broken:
        ink, dashes = "bad", ' stroke-dasharray="2 6"'
    elif edge.verdict == "unknown":
        dashes = ' stroke-dasharray="7 5"'
    words = f"{edge.id}: {edge.broken}" if edge.broken else edge.id
    path = (
        f'<path d="{_draw_curve(source, target)}" class="dagy-wire dagy-s-{ink}"{dashes}>'
        f"<title>{clean(words)}</title></path>"
    )
    return path + (_write_break(source, target) if edge.broken else "")


def _write_break(source: _End, target: _End) -> str:
    """Return the word in the middle of a broken edge, so that colour does not speak alone."""
    x, y = (source.x + target.x) / 2, (source.y + target.y) / 2
    width = measure("broken", 10) + 12
    return (
        f'<rect x="{_n(x - width / 2)}" y="{_n(y - 8)}" width="{_n(width)}" height="16" rx="8" '
        f'class="dagy-f-canvas dagy-s-bad"/><text x="{_n(x)}" y="{_n(y + 3.5)}" '
        'text-anchor="middle" class="dagy-tiny dagy-f-bad">broken</text>'
    )


_AWAY = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}


def _draw_curve(source: _End, target: _End) -> str:
    first = _find_handle(source, target)
    second = _find_handle(target, source)
    points = (*first, *second, target.x, target.y)
    return f"M{_n(source.x)} {_n(source.y)}C" + " ".join(_n(each) for each in points)


def _find_handle(here: _End, there: _End) -> tuple[float, float]:
    """Return the control point of a curve at one end: straight away from the card."""
    dx, dy = _AWAY[here.side]
    distance = (there.x - here.x) * dx + (there.y - here.y) * dy
    reach = distance / 2 if distance >= 0 else CURVATURE * (-distance) ** 0.5
    return here.x + dx * reach, here.y + dy * reach


def _write_head(flow: FlowPicture, run: RunPicture | None, frame: _Frame) -> str:
    left, base = frame.x + MARGIN - 6, frame.y + 29
    state, used = _write_run(run, frame.x + frame.width - MARGIN + 6, base) if run else ("", 0.0)
    room = frame.width - 2 * MARGIN + 12 - used
    name = shorten(flow.name, 15, room, bold=True)
    rest = room - measure(name, 15, bold=True) - 12
    about = shorten(flow.description, 11, rest) if flow.description and rest > 60 else ""
    more = (
        f'<tspan dx="10" class="dagy-small dagy-f-quiet" font-weight="400">{clean(about)}</tspan>'
        if about
        else ""
    )
    return (
        f'<text x="{_n(left)}" y="{_n(base)}" class="dagy-title dagy-f-text">'
        f"{clean(name)}{more}</text>{state}"
    )


def _write_run(run: RunPicture, right: float, base: float) -> tuple[str, float]:
    """Return the state of the run at the right end of the head, and the width it takes."""
    look = look_at(run.state)
    took = ""
    if run.started_at is not None:
        end = run.ended_at if run.ended_at is not None else run.now
        took = word_duration(max(0.0, end - run.started_at))
    time_width = measure(took, 11) + 8 if took else 0.0
    word_width = measure(look.word, 11, bold=True)
    x = right - time_width - word_width
    text = (
        write_symbol(look.strokes, x - 19, base - 11, 14, look.tone)
        + f'<text x="{_n(x)}" y="{_n(base)}" class="dagy-state dagy-f-{look.tone}">{look.word}</text>'
        + f'<text x="{_n(right)}" y="{_n(base)}" text-anchor="end" class="dagy-time dagy-f-quiet">'
        f"{took}</text>"
    )
    return text, time_width + word_width + 30


def _write_empty(frame: _Frame) -> str:
    return (
        f'<text x="{_n(frame.x + MARGIN - 6)}" y="{_n(frame.y + 58)}" '
        'class="dagy-small dagy-f-quiet">No nodes yet.</text>'
    )


def _summarise(flow: FlowPicture, run: RunPicture | None) -> str:
    text = f"Flow {flow.name}: {_count(flow.nodes, 'node')}, {_count(flow.edges, 'edge')}"
    if run is None:
        return f"{text}."
    counts: dict[str, int] = {}
    for node in flow.nodes:
        if node.id in run.nodes:
            word = look_at(run.nodes[node.id].state).word.lower()
            counts[word] = counts.get(word, 0) + 1
    states = ", ".join(f"{count} {word}" for word, count in counts.items())
    return f"{text}. Run {look_at(run.state).word.lower()}" + (f": {states}." if states else ".")


def _count(items: tuple[NodePicture, ...] | tuple[EdgePicture, ...], word: str) -> str:
    return f"{len(items)} {word}" + ("" if len(items) == 1 else "s")


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")

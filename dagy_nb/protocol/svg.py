"""A flow's picture and a run's in, one self-contained SVG out.

It brings its own ground and colours, so it reads on any page, follows `prefers-color-scheme`, and
holds neither scripts nor references. It shows names, types, states and durations; never config
values, outputs, logs or error texts, so a saved notebook gives nothing away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dagy_nb.protocol.card import Lost, find_lost
from dagy_nb.protocol.ink import Theme, write_rules
from dagy_nb.protocol.lettering import brief, clean, measure, shorten
from dagy_nb.protocol.picture import EdgePicture, FlowPicture, NodePicture, RunPicture
from dagy_nb.protocol.svg_card import (
    CardScene,
    map_findings,
    write_card,
    write_sketch,
    write_symbol,
)
from dagy_nb.protocol.svg_edges import write_edges
from dagy_nb.protocol.symbols import look_at, word_duration

MARGIN = 26.0
HEAD = 46.0
MIN_WIDTH = 340.0
MAX_DETAILED = 150

_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif"
_SHAPES = (
    f"text{{font-family:{_FONT}}}"
    ".dagy-title{font-size:15px;font-weight:600}.dagy-label{font-size:13px;font-weight:600}"
    ".dagy-sketch{font-size:20px;font-weight:600}.dagy-letter{font-size:13px;font-weight:700}.dagy-name{font-size:12px}"
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
            *write_edges(flow, lost, detailed=len(flow.nodes) <= MAX_DETAILED),
            *_write_cards(flow, run, lost),
            _write_head(flow, run, frame),
            "" if flow.nodes else _write_empty(frame),
        ]
    )
    summary = clean(_summarise(flow, run))
    box = " ".join(brief(part) for part in frame)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{brief(frame.width)}" '
        f'height="{brief(frame.height)}" role="img" aria-label="{summary}" class="dagy-picture" '
        f'style="max-width:100%;height:auto"><title>{summary}</title>'
        f"<style>{_scope(_SHAPES + write_rules(theme), theme)}</style>"
        f'<rect x="{brief(frame.x + 0.5)}" y="{brief(frame.y + 0.5)}" width="{brief(frame.width - 1)}" '
        f'height="{brief(frame.height - 1)}" rx="12" class="dagy-f-canvas dagy-s-rim"/>{body}</svg>'
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
    write = write_card if len(flow.nodes) <= MAX_DETAILED else write_sketch
    return [
        write(
            CardScene(
                node=node,
                status=run.nodes.get(node.id) if run else None,
                now=run.now if run else 0.0,
                lost=lost.get(node.id, Lost()),
                wired=wired[node.id],
                findings=findings.get(node.id, ()),
            )
        )
        for node in flow.nodes
    ]


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
        f'<text x="{brief(left)}" y="{brief(base)}" class="dagy-title dagy-f-text">'
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
        + f'<text x="{brief(x)}" y="{brief(base)}" class="dagy-state dagy-f-{look.tone}">{look.word}</text>'
        + f'<text x="{brief(right)}" y="{brief(base)}" text-anchor="end" class="dagy-time dagy-f-quiet">'
        f"{took}</text>"
    )
    return text, time_width + word_width + 30


def _write_empty(frame: _Frame) -> str:
    return (
        f'<text x="{brief(frame.x + MARGIN - 6)}" y="{brief(frame.y + 58)}" '
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

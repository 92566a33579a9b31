"""One node's picture in, the SVG of its card out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from dagy_nb.protocol.card import BAND, FOOTER, HEADER, Lost, Spot, place_connectors
from dagy_nb.protocol.ink import TYPE_INKS, choose_category
from dagy_nb.protocol.lettering import brief, clean, measure, shorten
from dagy_nb.protocol.picture import DiagnosticPicture, NodePicture, NodeStatus
from dagy_nb.protocol.symbols import (
    ERROR,
    ICONS,
    NOTE,
    REASONED,
    WARNING,
    look_at_node,
    word_duration,
    word_reason,
    word_status,
)

CORNER = 9.0
PAD = 13.0
NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardScene:
    """All that one card shows.

    Attributes:
        node: The node.
        status: Its state in the run shown, if there is one.
        now: The clock of that run, for what still goes on.
        lost: Connectors that only edges name.
        wired: `(kind, name)` of the connectors that have an edge.
        findings: Diagnostics of this node.
    """

    node: NodePicture
    status: NodeStatus | None = None
    now: float = 0.0
    lost: Lost = field(default_factory=Lost)
    wired: Set[tuple[str, str]] = frozenset()
    findings: Sequence[DiagnosticPicture] = field(default_factory=tuple)


def write_card(scene: CardScene) -> str:
    """Return a card's SVG."""
    node = scene.node
    spots = place_connectors(node, scene.lost)
    parts = [
        _write_foot(scene),
        _write_head(scene),
        *(_write_connector(spot, scene, spots) for spot in spots),
    ]
    inner = "".join(parts)
    if node.disabled:
        # The body stays opaque, or the edges behind it would shine through.
        inner = f'<g opacity=".55">{inner}</g>'
    return (
        f'<g transform="translate({brief(node.x)} {brief(node.y)})">'
        f"<title>{clean(_say(scene))}</title>{_write_body(scene)}{inner}</g>"
    )


def write_sketch(scene: CardScene) -> str:
    """Return a card with nothing but name, category and state, large: for flows of hundreds of nodes."""
    node = scene.node
    rim, thick = _choose_rim(scene)
    name = shorten(node.label or node.id, 20, node.width - 62, bold=True)
    box = f'width="{brief(node.width)}" height="{brief(node.height)}" rx="{CORNER:g}"'
    state = ""
    if scene.status is not None:
        look = look_at_node(scene.status)
        state = f'<rect {box} class="dagy-f-{look.tone}" opacity=".14"/>'
        state += write_symbol(look.strokes, node.width - 40, 14, 26, look.tone)
    return (
        f'<g transform="translate({brief(node.x)} {brief(node.y)})">'
        f'<rect {box} class="dagy-f-card dagy-s-{rim}" stroke-width="{thick}"/>{state}'
        f'<path d="M3 {CORNER:g}V{brief(node.height - CORNER)}" stroke-width="6" '
        f'class="dagy-s-{_category(node)}"/>'
        f'<text x="{PAD:g}" y="34" class="dagy-sketch dagy-f-text">{clean(name)}</text></g>'
    )


def write_symbol(strokes: str, x: float, y: float, size: float, ink: str) -> str:
    """Return a symbol of the 16 by 16 grid at a place, in a size and colour."""
    return (
        f'<path transform="translate({brief(x)} {brief(y)}) scale({brief(size / 16)})" d="{strokes}" '
        f'class="dagy-line dagy-s-{ink}"/>'
    )


def _write_body(scene: CardScene) -> str:
    node = scene.node
    w, h = brief(node.width), brief(node.height)
    dashed = ' stroke-dasharray="5 4"' if node.missing or node.unavailable else ""
    rim, thick = _choose_rim(scene)
    bar = f"M{CORNER:g} 0H5V{h}H{CORNER:g}A{CORNER:g} {CORNER:g} 0 0 1 0 {brief(node.height - CORNER)}"
    return (
        f'<rect y="2" width="{w}" height="{h}" rx="{CORNER:g}" class="dagy-f-shade" opacity=".09"/>'
        f'<rect width="{w}" height="{h}" rx="{CORNER:g}" class="dagy-f-card"/>'
        f'<path d="{bar}V{CORNER:g}A{CORNER:g} {CORNER:g} 0 0 1 {CORNER:g} 0Z" '
        f'class="dagy-f-{_category(node)}"/>'
        f'<path d="M5 {HEADER:g}H{w}" class="dagy-s-rule"/>'
        f'<rect width="{w}" height="{h}" rx="{CORNER:g}" fill="none" class="dagy-s-{rim}" '
        f'stroke-width="{thick}"{dashed}/>'
    )


def _choose_rim(scene: CardScene) -> tuple[str, str]:
    if scene.status is not None:
        tone = look_at_node(scene.status).tone
        if tone in ("running", "retrying", "bad", "good", "stopped"):
            return tone, "1.6"
    if scene.node.missing or scene.node.unavailable:
        return "bad", "1.4"
    return "border", "1"


def _category(node: NodePicture) -> str:
    number = choose_category(node.category)
    return "category" if number is None else f"category-{number}"


def _write_head(scene: CardScene) -> str:
    node = scene.node
    marks, used = _write_marks(scene)
    room = node.width - 48 - used - 8
    label = shorten(node.label or node.id, 13, room, bold=True)
    kind = shorten(node.type, 11, room)
    return (
        f'<rect x="13" y="10" width="26" height="26" rx="7" class="dagy-f-{_category(node)}" '
        f'opacity=".15"/>{_write_icon(node)}'
        f'<text x="48" y="21" class="dagy-label dagy-f-text">{clean(label)}</text>'
        f'<text x="48" y="36" class="dagy-small dagy-f-quiet">{clean(kind)}</text>{marks}'
    )


def _write_icon(node: NodePicture) -> str:
    strokes = ICONS.get(node.icon)
    if strokes is not None:
        return write_symbol(strokes, 18, 15, 16, _category(node))
    letters = (
        node.icon if node.icon and len(node.icon) <= 2 else (node.label or node.id)[:1].upper()
    )
    return (
        f'<text x="26" y="28" text-anchor="middle" class="dagy-letter dagy-f-{_category(node)}">'
        f"{clean(letters)}</text>"
    )


def _write_marks(scene: CardScene) -> tuple[str, float]:
    """Return badge and finding at the right end of the head, and the width they take."""
    right = scene.node.width - 10
    parts = []
    worst = _find_worst(scene.findings)
    if worst:
        strokes, ink = {
            "error": (ERROR, "bad"),
            "warning": (WARNING, "warning"),
            "note": (NOTE, "running"),
        }[worst]
        parts.append(write_symbol(strokes, right - 16, 8, 16, ink))
        right -= 21
    badge = _choose_badge(scene.node)
    if badge:
        word, ink = badge
        width = measure(word, 10) + 12
        parts.append(
            f'<rect x="{brief(right - width)}" y="8" width="{brief(width)}" height="16" rx="8" '
            f'class="dagy-f-{ink}" opacity=".14"/>'
            f'<text x="{brief(right - width / 2)}" y="19.5" text-anchor="middle" '
            f'class="dagy-tiny dagy-f-{ink}">{word}</text>'
        )
        right -= width
    return "".join(parts), scene.node.width - right


def _find_worst(findings: Sequence[DiagnosticPicture]) -> str:
    found = {each.severity for each in findings}
    return next((each for each in ("error", "warning", "note") if each in found), "")


def _choose_badge(node: NodePicture) -> tuple[str, str] | None:
    if node.unavailable:
        return "unavailable", "bad"
    if node.missing:
        return "undefined", "bad"
    if node.disabled:
        return "off", "quiet"
    return ("stale", "warning") if node.stale else None


def _write_connector(spot: Spot, scene: CardScene, spots: Sequence[Spot]) -> str:
    types = spot.connector.types if spot.connector else ()
    ink = f"type-{types[0].lower()}" if types and types[0] in TYPE_INKS else "type-any"
    if spot.connector is None:
        ink = "bad"
    wired = (spot.kind, spot.name) in scene.wired
    fill = ink if wired and spot.connector else "card"
    dot = (
        f'<circle cx="{brief(spot.x)}" cy="{brief(spot.y)}" r="5" class="dagy-f-{fill} dagy-s-{ink}" '
        'stroke-width="2"/>'
    )
    if spot.side in ("left", "right"):
        return _write_row(spot, _find_room(spot, scene.node, spots), types) + dot
    room = scene.node.width / (1 + sum(each.side == spot.side for each in spots)) - 6
    y = spot.y + 15 if spot.side == "top" else spot.y - 9
    return dot + _write_band_name(spot, shorten(spot.name, 10, room), y, scene)


def _write_band_name(spot: Spot, name: str, y: float, scene: CardScene) -> str:
    if spot.side == "top":
        y = HEADER + BAND / 2 + 4
    elif spot.side == "bottom":
        y = scene.node.height - FOOTER - BAND / 2 + 4
    return (
        f'<text x="{brief(spot.x)}" y="{brief(y)}" text-anchor="middle" '
        f'class="dagy-tiny dagy-f-quiet">{clean(name)}</text>'
    )


def _find_room(spot: Spot, node: NodePicture, spots: Sequence[Spot]) -> float:
    """Return the width for a connector's words: the whole row where nothing stands opposite."""
    other = "right" if spot.side == "left" else "left"
    shared = any(each.side == other and each.y == spot.y for each in spots)
    return node.width / 2 - PAD - 4 if shared else node.width - 2 * PAD


def _write_row(spot: Spot, room: float, types: Sequence[str]) -> str:
    name = shorten(spot.name, 12, room)
    words = " | ".join(types) if types else "gone"
    left = room - measure(name, 12) - 7
    small = words if measure(words, 9) <= left else ""
    colour = "text" if spot.connector else "bad"
    main = f'<tspan class="dagy-f-{colour}">{clean(name)}</tspan>'
    extra = f'<tspan class="dagy-type dagy-f-quiet">{clean(small)}</tspan>' if small else ""
    # Blanks keep them apart, since not every renderer counts `dx` when it aligns to the end.
    apart = f'<tspan class="dagy-type">{NO_BREAK * 3}</tspan>' if extra else ""
    if spot.side == "left":
        return f'<text x="{PAD:g}" y="{brief(spot.y + 4)}" class="dagy-name">{main}{apart}{extra}</text>'
    return (
        f'<text x="{brief(spot.x - PAD)}" y="{brief(spot.y + 4)}" text-anchor="end" class="dagy-name">'
        f"{extra}{apart}{main}</text>"
    )


def _write_foot(scene: CardScene) -> str:
    node = scene.node
    base = node.height - 8.5
    if scene.status is None:
        words = clean(shorten(_say_limits(node), 10.5, node.width - 2 * PAD))
        return f'<text x="{PAD + 3:g}" y="{brief(base)}" class="dagy-small dagy-f-quiet">{words}</text>'
    look = look_at_node(scene.status)
    took = _say_duration(scene.status, scene.now)
    room = node.width - 34 - PAD - (measure(took, 11) + 8 if took else 0)
    word = word_status(scene.status)
    reason = word_reason(scene.status)
    longer = f"{word}: {reason}"
    if reason and scene.status.reason not in REASONED and measure(longer, 11, bold=True) <= room:
        word = longer
    return (
        _tint_foot(node, look.tone)
        + write_symbol(look.strokes, 14, node.height - 20, 14, look.tone)
        + f'<text x="34" y="{brief(base)}" class="dagy-state dagy-f-{look.tone}">'
        f"{clean(shorten(word, 11, room, bold=True))}</text>"
        + (
            f'<text x="{brief(node.width - PAD)}" y="{brief(base)}" text-anchor="end" '
            f'class="dagy-time dagy-f-quiet">{took}</text>'
            if took
            else ""
        )
    )


def _tint_foot(node: NodePicture, tone: str) -> str:
    top, right = brief(node.height - FOOTER), brief(node.width)
    low, inner = brief(node.height - CORNER), brief(node.width - CORNER)
    return (
        f'<path d="M5 {top}H{right}V{low}A{CORNER:g} {CORNER:g} 0 0 1 {inner} {brief(node.height)}H5Z" '
        f'class="dagy-f-{tone}" opacity=".1"/>'
    )


def _say_limits(node: NodePicture) -> str:
    limit = f"limit {node.effective_timeout:g} s" if node.effective_timeout else ""
    return " · ".join(part for part in (node.effective_runner, limit) if part)


def _say_duration(status: NodeStatus, now: float) -> str:
    if status.started_at is None:
        return ""
    end = status.ended_at if status.ended_at is not None else now
    return word_duration(max(0.0, end - status.started_at))


def _say(scene: CardScene) -> str:
    """Return the card in one line, for the ear and for a resting pointer."""
    node = scene.node
    words = [f"{node.label or node.id} ({node.type})"]
    if scene.status is not None:
        reason = word_reason(scene.status)
        words.append(word_status(scene.status) + (f" because {reason}" if reason else ""))
    badge = _choose_badge(node)
    words += [badge[0]] if badge else []
    return ", ".join(words)


def map_findings(
    diagnostics: Sequence[DiagnosticPicture],
) -> Mapping[str, list[DiagnosticPicture]]:
    """Return node id → its diagnostics."""
    found: dict[str, list[DiagnosticPicture]] = {}
    for each in diagnostics:
        if each.node:
            found.setdefault(each.node, []).append(each)
    return found

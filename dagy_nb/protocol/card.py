"""A node's connectors in, the size of its card and the places of its connectors out.

Editor and static picture draw the same card (lengths in pixels, `y` downwards from the card's top):

| part | height | when |
| --- | --- | --- |
| header: icon, label, type | 46 | always |
| band of connectors on the top side | 22 | where there is one |
| rows, 24 each | 24 × max(left, right) | connectors on the left and right side share rows |
| band of connectors on the bottom side | 22 | where there is one |
| footer: state, duration | 26 | always |

The card is 220 wide. Connectors sit on the border: on the left and right at the middle of their row,
on the top and bottom evenly spread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dagy_nb.protocol.picture import ConnectorPicture, EdgePicture, NodePicture

WIDTH = 220.0
HEADER = 46.0
BAND = 22.0
ROW = 24.0
FOOTER = 26.0

Kind = Literal["input", "output"]
Side = Literal["left", "top", "right", "bottom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a connector sits on its card, relative to the card's top left corner.

    Attributes:
        name: The connector's name.
        kind: Input or output.
        side: Side of the card.
        x: Pixels from the left.
        y: Pixels from the top.
        connector: The connector, or None for one that only an edge still names.
    """

    name: str
    kind: Kind
    side: Side
    x: float
    y: float
    connector: ConnectorPicture | None


@dataclass(frozen=True, slots=True)
class Lost:
    """Connectors that edges name and the node's type does not have, in the order of edges."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def find_lost(
    edges: Iterable[EdgePicture], inputs: Mapping[str, set[str]], outputs: Mapping[str, set[str]]
) -> dict[str, Lost]:
    """Return node id → the connectors which its edges name in vain.

    Args:
        edges: All edges of the flow.
        inputs: Node id → names of its inputs.
        outputs: Node id → names of its outputs.
    """
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for edge in edges:
        if edge.source in outputs and edge.output not in outputs[edge.source]:
            found.setdefault(edge.source, ({}, {}))[1][edge.output] = None
        if edge.target in inputs and edge.input not in inputs[edge.target]:
            found.setdefault(edge.target, ({}, {}))[0][edge.input] = None
    return {node: Lost(tuple(ins), tuple(outs)) for node, (ins, outs) in found.items()}


def size_card(
    inputs: Sequence[ConnectorPicture], outputs: Sequence[ConnectorPicture], lost: Lost = Lost()
) -> tuple[float, float]:
    """Return width and height of a card."""
    counts = _count_sides(inputs, outputs, lost)
    bands = BAND * ((counts["top"] > 0) + (counts["bottom"] > 0))
    return WIDTH, HEADER + bands + ROW * max(counts["left"], counts["right"]) + FOOTER


def place_connectors(node: NodePicture, lost: Lost = Lost()) -> tuple[Spot, ...]:
    """Return where each connector of a card sits, inputs first; lost ones below the others."""
    entries: list[tuple[str, Kind, Side, ConnectorPicture | None]] = [
        *((each.name, "input", each.side, each) for each in node.inputs),
        *((each.name, "output", each.side, each) for each in node.outputs),
        *((name, "input", "left", None) for name in lost.inputs),
        *((name, "output", "right", None) for name in lost.outputs),
    ]
    counts = _count_sides(node.inputs, node.outputs, lost)
    first_row = HEADER + (BAND if counts["top"] else 0)
    placed: dict[Side, int] = {"left": 0, "top": 0, "right": 0, "bottom": 0}
    spots = []
    for name, kind, side, connector in entries:
        index = placed[side]
        placed[side] += 1
        if side in ("left", "right"):
            x = 0.0 if side == "left" else node.width
            y = first_row + ROW * index + ROW / 2
        else:
            x = node.width * (index + 1) / (counts[side] + 1)
            y = 0.0 if side == "top" else node.height
        spots.append(Spot(name=name, kind=kind, side=side, x=x, y=y, connector=connector))
    return tuple(spots)


def _count_sides(
    inputs: Sequence[ConnectorPicture], outputs: Sequence[ConnectorPicture], lost: Lost
) -> dict[Side, int]:
    sides = [each.side for each in (*inputs, *outputs)]
    return {
        "left": sides.count("left") + len(lost.inputs),
        "top": sides.count("top"),
        "right": sides.count("right") + len(lost.outputs),
        "bottom": sides.count("bottom"),
    }

"""Sorted columns in, the vertical place of every item out: wires as level as they can be.

Column by column, each item wants the height at which its wires are level; the nearest places that
keep order and distance are found exactly (isotonic regression by pooling neighbours).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dagy_nb.protocol.layers import Columns, Tie

GAP = 28.0
PASSING_GAP = 22.0
ROUNDS = 6
# A wire that passes columns should run level before anything else, and its ends with it: drawn as
# one curve from end to end, it then stays in the lane that was kept free for it.
PASSING_WEIGHT = 8.0
ENDING_WEIGHT = 4.0
LOOSE_WEIGHT = 0.01


def place_rows(made: Columns) -> list[float]:
    """Return the top of every item, in pixels."""
    tops = [0.0] * len(made.heights)
    for column in made.columns:
        _spread(made, column, tops, [0.0] * len(column), [1.0] * len(column))
    for _ in range(ROUNDS):
        for column in made.columns:
            _level(made, column, tops, (made.left,))
        for column in reversed(made.columns):
            _level(made, column, tops, (made.right,))
    for column in made.columns:
        _level(made, column, tops, (made.left, made.right))
    return tops


def _level(
    made: Columns,
    column: Sequence[int],
    tops: list[float],
    directions: Iterable[Sequence[Sequence[Tie]]],
) -> None:
    wanted, weights = [], []
    sides = tuple(directions)
    for item in column:
        ties = [tie for side in sides for tie in side[item]]
        weight = total = 0.0
        for tie in ties:
            pull = _weigh(made, item, tie)
            total += pull * (tops[tie.other] + tie.there - tie.here)
            weight += pull
        wanted.append(total / weight if weight else tops[item])
        weights.append(weight or LOOSE_WEIGHT)
    _spread(made, column, tops, wanted, weights)


def _weigh(made: Columns, item: int, tie: Tie) -> float:
    passing = (not made.heights[item]) + (not made.heights[tie.other])
    return (1.0, ENDING_WEIGHT, PASSING_WEIGHT)[passing]


def _spread(
    made: Columns,
    column: Sequence[int],
    tops: list[float],
    wanted: Sequence[float],
    weights: Sequence[float],
) -> None:
    """Put a column's items as near to where they want to be as order and distance allow."""
    blocks: list[tuple[float, float, int]] = []
    offsets = _stack(made, column)
    for place, offset, weight in zip(wanted, offsets, weights, strict=True):
        mean, total, count = place - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, other_total, other_count = blocks.pop()
            mean = (mean * total + other * other_total) / (total + other_total)
            total += other_total
            count += other_count
        blocks.append((mean, total, count))
    shifts = [mean for mean, _, count in blocks for _ in range(count)]
    for item, offset, shift in zip(column, offsets, shifts, strict=True):
        tops[item] = offset + shift


def _stack(made: Columns, column: Sequence[int]) -> list[float]:
    """Return the tops of a column's items when they stand as close as they may."""
    offsets, at = [], 0.0
    for item, following in zip(column, [*column[1:], None], strict=True):
        offsets.append(at)
        if following is not None:
            both_pass = not made.heights[item] or not made.heights[following]
            at += made.heights[item] + (PASSING_GAP if both_pass else GAP)
    return offsets

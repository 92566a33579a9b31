"""Boxes and wires in, columns of boxes out: every wire leads to the right, few wires cross.

The classic way of layered drawing: turn back edges round, give each box the column behind its last
predecessor, let wires that pass over columns occupy a place in each, then sort the columns by where
their neighbours stand, to and fro. Plain integers and lists; the same input gives the same columns.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

SWEEPS = 12
PATIENCE = 3
MAX_PASSING = 8_000
MAX_SWAPPED = 1_500
SWAP_ROUNDS = 4

Size = tuple[float, float]


@dataclass(frozen=True, slots=True)
class LayoutEdge:
    """An edge for the layout.

    Attributes:
        source: Node id.
        target: Node id.
        leave: Where it leaves the source, in pixels from the node's top.
        enter: Where it enters the target.
    """

    source: str
    target: str
    leave: float = 0.0
    enter: float = 0.0


@dataclass(frozen=True, slots=True)
class Tie:
    """One wire seen from one of its ends.

    Attributes:
        other: The item at the other end.
        here: Where the wire meets this item, in pixels from its top.
        there: Where it meets the other item.
    """

    other: int
    here: float
    there: float


@dataclass(slots=True)
class Columns:
    """Items in columns: the boxes 0 … n-1, then the places where wires pass a column.

    Attributes:
        heights: Item → height; 0 for a passing wire.
        columns: Column → its items from top to bottom.
        left: Item → ties to the column before.
        right: Item → ties to the column after.
    """

    heights: list[float]
    columns: list[list[int]] = field(default_factory=list)
    left: list[list[Tie]] = field(default_factory=list)
    right: list[list[Tie]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wire:
    """A wire between two boxes, given by their numbers, with where it leaves and enters them."""

    source: int
    target: int
    leave: float
    enter: float


def build_columns(heights: Sequence[float], wires: Sequence[Wire]) -> Columns:
    """Return the boxes in ordered columns.

    Args:
        heights: Box → height.
        wires: In declared order; the order decides where nothing else does.
    """
    forward = _turn_back_edges(len(heights), [w for w in wires if w.source != w.target])
    ranks = _rank(len(heights), forward)
    columns = _place_passing(list(heights), forward, ranks)
    _sort_columns(columns)
    return columns


def _turn_back_edges(count: int, wires: Sequence[Wire]) -> list[Wire]:
    """Return the wires without cycles: those that lead back to a box still being walked turn round."""
    out_of: list[list[int]] = [[] for _ in range(count)]
    for number, wire in enumerate(wires):
        out_of[wire.source].append(number)
    state = [0] * count
    turned: set[int] = set()
    for root in range(count):
        if state[root]:
            continue
        state[root] = 1
        walk = [(root, iter(out_of[root]))]
        while walk:
            box, rest = walk[-1]
            found = next(rest, None)
            if found is None:
                state[box] = 2
                walk.pop()
                continue
            target = wires[found].target
            if state[target] == 1:
                turned.add(found)
            elif not state[target]:
                state[target] = 1
                walk.append((target, iter(out_of[target])))
    return [
        Wire(w.target, w.source, w.enter, w.leave) if number in turned else w
        for number, w in enumerate(wires)
    ]


def _rank(count: int, wires: Sequence[Wire]) -> list[int]:
    """Return the column of each box: behind its predecessors, as near to its successors as it may."""
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for wire in wires:
        after[wire.source].append(wire.target)
        before[wire.target].append(wire.source)
    waiting = [len(each) for each in before]
    order = [box for box in range(count) if not waiting[box]]
    ranks = [0] * count
    for box in order:
        for target in after[box]:
            ranks[target] = max(ranks[target], ranks[box] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    for box in reversed(order):
        # Moving right shortens the wires out of the box and stretches those into it.
        if len(after[box]) > len(before[box]):
            ranks[box] = min(ranks[target] for target in after[box]) - 1
    return ranks


def _place_passing(heights: list[float], wires: Sequence[Wire], ranks: Sequence[int]) -> Columns:
    """Return unsorted columns, where wires out of one connector pass a column together."""
    made = Columns(heights=heights)
    made.columns = [[] for _ in range(max(ranks, default=-1) + 1)]
    for box, rank in enumerate(ranks):
        made.columns[rank].append(box)
    made.left = [[] for _ in heights]
    made.right = [[] for _ in heights]
    passing: dict[tuple[int, float, int], int] = {}
    for wire in sorted(wires, key=lambda each: ranks[each.target] - ranks[each.source]):
        here, here_at = wire.source, wire.leave
        span = ranks[wire.target] - ranks[wire.source]
        if span > 1 and len(passing) + span > MAX_PASSING:
            continue
        for rank in range(ranks[wire.source] + 1, ranks[wire.target]):
            key = (wire.source, wire.leave, rank)
            if key not in passing:
                passing[key] = _add_passing(made, rank)
                _tie(made, here, passing[key], here_at, 0.0)
            here, here_at = passing[key], 0.0
        _tie(made, here, wire.target, here_at, wire.enter)
    return made


def _add_passing(made: Columns, rank: int) -> int:
    item = len(made.heights)
    made.heights.append(0.0)
    made.left.append([])
    made.right.append([])
    made.columns[rank].append(item)
    return item


def _tie(made: Columns, source: int, target: int, leave: float, enter: float) -> None:
    made.right[source].append(Tie(target, leave, enter))
    made.left[target].append(Tie(source, enter, leave))


def _sort_columns(made: Columns) -> None:
    """Sort every column by its neighbours, from two beginnings, and keep the best order seen."""
    declared = [list(column) for column in made.columns]
    best, fewest = declared, -1
    for start in (declared, [column[::-1] for column in declared]):
        made.columns = [list(column) for column in start]
        crossings = _sweep(made)
        if fewest < 0 or crossings < fewest:
            best, fewest = made.columns, crossings
        if not fewest:
            break
    made.columns = best


def _sweep(made: Columns) -> int:
    """Sort the columns to and fro, leave the best order, and return how many wires cross in it."""
    places = [0.0] * len(made.heights)
    for column in made.columns:
        _number(column, places)
    best, fewest, idle = [list(c) for c in made.columns], _count_crossings(made, places), 0
    for sweep in range(SWEEPS):
        if not fewest or idle == PATIENCE:
            break
        forth = sweep % 2 == 0
        ties = made.left if forth else made.right
        for column in made.columns if forth else reversed(made.columns):
            wanted = {item: _mean_place(made, item, ties[item], places) for item in column}
            column.sort(key=wanted.__getitem__)
            _number(column, places)
        if len(made.heights) <= MAX_SWAPPED:
            _swap_neighbours(made, places)
        crossings = _count_crossings(made, places)
        idle += 1
        if crossings < fewest:
            best, fewest, idle = [list(c) for c in made.columns], crossings, 0
    made.columns = best
    return fewest


def _swap_neighbours(made: Columns, places: list[float]) -> None:
    """Swap items that stand one above the other wherever fewer wires cross then."""
    for _ in range(SWAP_ROUNDS):
        swapped = False
        for column in made.columns:
            for upper in range(len(column) - 1):
                above, below = column[upper], column[upper + 1]
                ends = [
                    (_list_ends(made, t[above], places), _list_ends(made, t[below], places))
                    for t in (made.left, made.right)
                ]
                if sum(_cross(a, b) - _cross(b, a) for a, b in ends) > 0:
                    column[upper], column[upper + 1] = below, above
                    places[above], places[below] = places[below], places[above]
                    swapped = True
        if not swapped:
            return


def _list_ends(made: Columns, ties: Sequence[Tie], places: Sequence[float]) -> list[float]:
    return [places[tie.other] + _share(made, tie.other, tie.there) for tie in ties]


def _cross(above: Sequence[float], below: Sequence[float]) -> int:
    """Return how many wires of two items cross when the first stands above the second."""
    return sum(a > b for a in above for b in below)


def _number(column: Sequence[int], places: list[float]) -> None:
    for place, item in enumerate(column):
        places[item] = float(place)


def _mean_place(made: Columns, item: int, ties: Sequence[Tie], places: Sequence[float]) -> float:
    """Return where an item would like to stand; without neighbours it stays."""
    if not ties:
        return places[item]
    total = sum(
        places[tie.other] + _share(made, tie.other, tie.there) - _share(made, item, tie.here)
        for tie in ties
    )
    return total / len(ties)


def _share(made: Columns, item: int, at: float) -> float:
    """Return a point of an item as a part of its height, below 1."""
    height = made.heights[item]
    return at / (height + 1) if height else 0.5


def _count_crossings(made: Columns, places: Sequence[float]) -> int:
    total = 0
    for column in made.columns:
        ends = sorted(
            (
                places[item] + _share(made, item, tie.here),
                places[tie.other] + _share(made, tie.other, tie.there),
            )
            for item in column
            for tie in made.right[item]
        )
        total += _count_inversions([end for _, end in ends])
    return total


def _count_inversions(values: Sequence[float]) -> int:
    total = 0
    seen: list[float] = []
    for value in values:
        at = bisect_right(seen, value)
        total += len(seen) - at
        seen.insert(at, value)
    return total

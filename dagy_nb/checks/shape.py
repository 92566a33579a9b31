"""Node ids and edges in, walks out: order, cycles with their path, reachability.

Pure graph algorithms without recursion, so a chain of 20,000 nodes is no problem. They know nothing
of types; the order of nodes and edges as declared decides wherever there is a choice, so every answer
is the same on every machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush

from dagy_nb.model.flow import EdgeSpec

Successors = Mapping[str, Sequence[str]]


def map_successors(ids: Iterable[str], edges: Iterable[EdgeSpec]) -> dict[str, list[str]]:
    """Return each node id with the ids its edges lead to, without repeats, in declared order.

    Edges with an end that is not among `ids` are left out.
    """
    found: dict[str, dict[str, None]] = {each: {} for each in ids}
    for edge in edges:
        if edge.source in found and edge.target in found:
            found[edge.source][edge.target] = None
    return {each: list(targets) for each, targets in found.items()}


def order_nodes(successors: Successors) -> tuple[str, ...]:
    """Return the ids so that every edge leads forward; among equals the declared order holds.

    Nodes on a cycle and behind one are left out.
    """
    place = {each: index for index, each in enumerate(successors)}
    names = list(successors)
    waiting = dict.fromkeys(successors, 0)
    for targets in successors.values():
        for target in targets:
            waiting[target] += 1
    ready = [place[each] for each, count in waiting.items() if count == 0]
    order: list[str] = []
    while ready:
        name = names[heappop(ready)]
        order.append(name)
        for target in successors[name]:
            waiting[target] -= 1
            if waiting[target] == 0:
                heappush(ready, place[target])
    return tuple(order)


def find_path(successors: Successors, start: str, goal: str) -> tuple[str, ...] | None:
    """Return a shortest path from `start` to `goal`, both included, or None.

    From a node to itself the path is the node alone.
    """
    came_from: dict[str, str | None] = {start: None}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        if here == goal:
            return _walk_back(came_from, here)
        for target in successors.get(here, ()):
            if target not in came_from:
                came_from[target] = here
                queue.append(target)
    return None


def find_reachable(successors: Successors, starts: Iterable[str]) -> frozenset[str]:
    """Return everything that edges lead to from `starts`, the starts included."""
    seen = set(starts)
    stack = list(seen)
    while stack:
        for target in successors.get(stack.pop(), ()):
            if target not in seen:
                seen.add(target)
                stack.append(target)
    return frozenset(seen)


def find_cycles(successors: Successors) -> tuple[tuple[str, ...], ...]:
    """Return one shortest cycle for each knot of nodes that reach each other.

    A cycle is given as its nodes in order, the first one repeated at the end: `("a", "b", "a")`.
    """
    place = {each: index for index, each in enumerate(successors)}
    knots = [sorted(knot, key=place.__getitem__) for knot in _find_knots(successors)]
    cycles = (_find_cycle(successors, knot) for knot in sorted(knots, key=lambda k: place[k[0]]))
    return tuple(cycle for cycle in cycles if cycle)


def _walk_back(came_from: Mapping[str, str | None], end: str) -> tuple[str, ...]:
    path = [end]
    while (before := came_from[path[-1]]) is not None:
        path.append(before)
    return tuple(reversed(path))


def _find_cycle(successors: Successors, knot: Sequence[str]) -> tuple[str, ...]:
    first, inside = knot[0], frozenset(knot)
    came_from: dict[str, str | None] = {first: None}
    queue = deque([first])
    while queue:
        here = queue.popleft()
        for target in successors[here]:
            if target == first:
                return (*_walk_back(came_from, here), first)
            if target in inside and target not in came_from:
                came_from[target] = here
                queue.append(target)
    return ()


def _find_knots(successors: Successors) -> Iterator[list[str]]:
    """Yield the strongly connected components (Tarjan's walk on an explicit stack)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in successors:
        if root in number:
            continue
        number[root] = lowest[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        walk = [(root, iter(successors[root]))]
        while walk:
            here, targets = walk[-1]
            target = next(targets, None)
            if target is None:
                walk.pop()
                if walk:
                    lowest[walk[-1][0]] = min(lowest[walk[-1][0]], lowest[here])
                if lowest[here] == number[here]:
                    yield _cut(stack, on_stack, here)
            elif target not in number:
                number[target] = lowest[target] = len(number)
                stack.append(target)
                on_stack.add(target)
                walk.append((target, iter(successors[target])))
            elif target in on_stack:
                lowest[here] = min(lowest[here], number[target])


def _cut(stack: list[str], on_stack: set[str], root: str) -> list[str]:
    knot: list[str] = []
    while not knot or knot[-1] != root:
        knot.append(stack.pop())
        on_stack.discard(knot[-1])
    return knot

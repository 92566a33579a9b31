"""A flow in, findings about the edges it has out: broken ends, wrong types, full ends, circles."""

from __future__ import annotations

from collections.abc import Iterator

from dagy_nb.checks.codes import find
from dagy_nb.checks.connection import (
    ConnectionVerdict,
    find_broken_end,
    has_room,
    judge_types,
    refuse,
    refuse_self_loop,
)
from dagy_nb.checks.outline import FlowOutline
from dagy_nb.checks.shape import find_cycles
from dagy_nb.model.connector import Direction
from dagy_nb.model.datatype import Verdict
from dagy_nb.model.diagnostic import Diagnostic
from dagy_nb.model.flow import EdgeSpec

Kind = tuple[str, str, str, str]
"""Node type and output, node type and input."""


def judge_edges(outline: FlowOutline) -> Iterator[tuple[EdgeSpec, ConnectionVerdict]]:
    """Yield each edge of the flow with its verdict as it stands; cycles are told apart."""
    # Thousands of edges lie between the same few connectors: each pair is judged once.
    known: dict[Kind, ConnectionVerdict] = {}
    for edge in outline.flow.edges:
        kind = _find_kind(outline, edge)
        types = known.get(kind) if kind is not None and edge.source != edge.target else None
        if types is None:
            refusal = find_broken_end(outline, edge) or refuse_self_loop(edge)
            if refusal is not None:
                yield edge, refusal
                continue
            types = judge_types(outline, edge)
            if kind is not None:
                known[kind] = types
        taken = None if types.verdict is Verdict.NO else _refuse_surplus(outline, edge)
        yield edge, taken or types


def _find_kind(outline: FlowOutline, edge: EdgeSpec) -> Kind | None:
    """Return between which connectors of which types an edge lies; None where a type is not known."""
    source, target = outline.nodes.get(edge.source), outline.nodes.get(edge.target)
    if source is None or target is None:
        return None
    if source.type not in outline.specs or target.type not in outline.specs:
        return None
    return source.type, edge.output, target.type, edge.input


def check_edges(outline: FlowOutline) -> Iterator[Diagnostic]:
    """Yield a finding for each edge that does not fit; what is open until the run is no finding."""
    for edge, answer in judge_edges(outline):
        if answer.verdict is Verdict.NO:
            yield find(answer.code, answer.reason, answer.suggestion, edge=str(edge))


def check_cycles(outline: FlowOutline) -> Iterator[Diagnostic]:
    """Yield a finding for each knot of nodes that feed each other, with one shortest circle."""
    cycles = [path for path in find_cycles(outline.successors) if len(path) > 2]
    if not cycles:
        return
    by_ends = {(edge.source, edge.target): edge for edge in reversed(outline.flow.edges)}
    for path in cycles:
        edge = by_ends[path[-2], path[-1]]
        answer = refuse("edge.cycle", edge, path=" → ".join(path))
        yield find(answer.code, answer.reason, answer.suggestion, edge=str(edge))


def _refuse_surplus(outline: FlowOutline, edge: EdgeSpec) -> ConnectionVerdict | None:
    into = outline.into[edge.target, edge.input]
    if len(into) > 1 and edge != into[0]:
        target = outline.connector(edge.target, edge.input, Direction.INPUT)
        if target is not None and not has_room(target, into[:1]):
            return refuse("edge.input_taken", edge, taken_by=str(into[0]))
    out_of = outline.out_of[edge.source, edge.output]
    if len(out_of) > 1 and edge != out_of[0]:
        source = outline.connector(edge.source, edge.output, Direction.OUTPUT)
        if source is not None and not has_room(source, out_of[:1]):
            return refuse("edge.output_taken", edge, taken_by=str(out_of[0]))
    return None

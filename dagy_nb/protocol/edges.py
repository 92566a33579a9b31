"""The edges of a flow in, their pictures out: which still fit, why not, what would fit instead."""

from __future__ import annotations

from collections.abc import Sequence

from dagy_nb.checks.connection import ConnectionVerdict, check_connection
from dagy_nb.checks.edges import judge_edges
from dagy_nb.checks.outline import FlowOutline
from dagy_nb.model.connector import ConnectorSpec
from dagy_nb.model.datatype import Verdict
from dagy_nb.model.flow import EdgeSpec
from dagy_nb.model.nearest import find_nearest
from dagy_nb.protocol.picture import EdgePicture


def draw_edges(outline: FlowOutline) -> tuple[EdgePicture, ...]:
    """Return the pictures of all edges, whether or not they still fit (D3)."""
    return tuple(_draw_edge(outline, edge, answer) for edge, answer in judge_edges(outline))


def _draw_edge(outline: FlowOutline, edge: EdgeSpec, answer: ConnectionVerdict) -> EdgePicture:
    is_broken = answer.verdict is Verdict.NO
    return EdgePicture(
        id=edge.id,
        source=edge.source,
        output=edge.output,
        target=edge.target,
        input=edge.input,
        verdict=answer.verdict.value,
        reason=answer.reason,
        broken=answer.reason if is_broken else "",
        repair=find_repair(outline, edge) if is_broken else "",
    )


def find_repair(outline: FlowOutline, edge: EdgeSpec) -> str:
    """Return the edge, as text, that would fit instead of a broken one; empty where none does.

    Of the connectors of the two nodes, the one whose name is nearest comes first.
    """
    rest = outline.flow.model_copy(
        update={"edges": tuple(each for each in outline.flow.edges if each != edge)}
    )
    for candidate in _list_candidates(outline, edge):
        answer = check_connection(rest, outline.specs, candidate)
        if answer.verdict is not Verdict.NO:
            return candidate.id
    return ""


def _list_candidates(outline: FlowOutline, edge: EdgeSpec) -> list[EdgeSpec]:
    source, target = outline.spec(edge.source), outline.spec(edge.target)
    outputs = _sort_names(edge.output, source.outputs if source else ())
    inputs = _sort_names(edge.input, target.inputs if target else ())
    pairs = [(edge.output, name) for name in inputs]
    pairs += [(name, edge.input) for name in outputs]
    pairs += [(output, name) for output in outputs for name in inputs]
    return [
        edge.model_copy(update={"output": output, "input": name})
        for output, name in dict.fromkeys(pairs)
        if (output, name) != (edge.output, edge.input)
    ]


def _sort_names(name: str, connectors: Sequence[ConnectorSpec]) -> list[str]:
    names = [each.name for each in connectors]
    return list(dict.fromkeys((*find_nearest(name, names), *names)))

"""An edge of a flow in, its picture out: whether it still fits, why not, and what would fit instead."""

from __future__ import annotations

from collections.abc import Sequence

from dagy_nb.checks.connection import (
    check_connection,
    find_broken_end,
    has_room,
    judge_types,
    refuse,
)
from dagy_nb.checks.outline import FlowOutline
from dagy_nb.model.connector import ConnectorSpec, Direction
from dagy_nb.model.datatype import Verdict
from dagy_nb.model.flow import EdgeSpec
from dagy_nb.model.nearest import find_nearest
from dagy_nb.protocol.picture import EdgePicture


def draw_edge(outline: FlowOutline, edge: EdgeSpec) -> EdgePicture:
    """Return the picture of an edge that is there, whether or not it still fits (D3)."""
    broken = find_broken_end(outline, edge)
    verdict = broken or judge_types(outline, edge)
    fault = verdict.reason if verdict.verdict is Verdict.NO else _find_crowd(outline, edge)
    return EdgePicture(
        id=edge.id,
        source=edge.source,
        output=edge.output,
        target=edge.target,
        input=edge.input,
        verdict="no" if fault else verdict.verdict.value,
        reason=fault or verdict.reason,
        broken=fault,
        repair=find_repair(outline, edge) if fault else "",
    )


def _find_crowd(outline: FlowOutline, edge: EdgeSpec) -> str:
    """Return why an edge has no room at one of its ends any more; the first one there keeps it."""
    into = outline.into.get((edge.target, edge.input), [])
    out_of = outline.out_of.get((edge.source, edge.output), [])
    for code, connector, there in (
        ("edge.input_taken", outline.connector(edge.target, edge.input, Direction.INPUT), into),
        (
            "edge.output_taken",
            outline.connector(edge.source, edge.output, Direction.OUTPUT),
            out_of,
        ),
    ):
        if connector is not None and there[0] != edge and not has_room(connector, there[:1]):
            return refuse(code, edge, taken_by=str(there[0])).reason
    return ""


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

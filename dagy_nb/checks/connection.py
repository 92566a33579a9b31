"""A flow, specs and one edge in, a verdict with its reason out: the only judge of edges (D5).

The questions are asked in one order, in Python and in the browser, so both name the same reason:
unknown node, unknown connector or wrong direction, self loop, duplicate, types that do not fit, input
taken, output taken, cycle; then the types' own verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dagy_nb.checks.outline import FlowOutline
from dagy_nb.checks.rules import RULES, Rule
from dagy_nb.checks.shape import find_path
from dagy_nb.errors import ConnectionRefused
from dagy_nb.model.connector import Cardinality, ConnectorSpec, Direction
from dagy_nb.model.datatype import Verdict, compare_accepted
from dagy_nb.model.flow import EdgeSpec, FlowSpec
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.spec import NodeSpec

__all__ = [
    "RULES",
    "ConnectionVerdict",
    "Rule",
    "check_connection",
    "find_broken_end",
    "has_room",
    "judge_types",
    "refuse",
    "refuse_self_loop",
    "require_connection",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionVerdict:
    """Whether an edge fits, with the words that Python, editor and records share.

    Attributes:
        verdict: `ok`, `unknown` (decided at run time) or `no`.
        code: `types.*` or `edge.*`.
        reason: One sentence.
        suggestion: What to do where it does not fit; may be empty.
    """

    verdict: Verdict
    code: str
    reason: str
    suggestion: str = ""


def check_connection(
    flow: FlowSpec, specs: Mapping[str, NodeSpec], edge: EdgeSpec
) -> ConnectionVerdict:
    """Say whether `edge` may be put into `flow`.

    Args:
        flow: The flow without the edge.
        specs: Node type → spec. Where the type of an end is missing, the answer is `unknown`.
        edge: The edge in question.
    """
    outline = FlowOutline(flow, specs)
    refusal = (
        find_broken_end(outline, edge)
        or refuse_self_loop(edge)
        or _refuse_duplicate(outline, edge)
        or _refuse_types(outline, edge)
        or _refuse_taken(outline, edge)
        or _refuse_cycle(outline, edge)
    )
    return refusal or judge_types(outline, edge)


def require_connection(
    flow: FlowSpec, specs: Mapping[str, NodeSpec], edge: EdgeSpec
) -> ConnectionVerdict:
    """Return the verdict of `check_connection` unless it is `no`.

    Raises:
        ConnectionRefused: With the verdict's code, reason and suggestion.
    """
    answer = check_connection(flow, specs, edge)
    if answer.verdict is Verdict.NO:
        raise ConnectionRefused(answer.reason, code=answer.code, suggestion=answer.suggestion)
    return answer


def find_broken_end(outline: FlowOutline, edge: EdgeSpec) -> ConnectionVerdict | None:
    """Return why an end of the edge does not exist, or None where both ends do."""
    for node in (edge.source, edge.target):
        if node not in outline.nodes:
            hint = suggest_names(node, outline.nodes, what="nodes")
            return refuse("edge.unknown_node", edge, node=node, hint=hint)
    return _find_broken_connector(
        outline, edge, edge.source, edge.output, Direction.OUTPUT
    ) or _find_broken_connector(outline, edge, edge.target, edge.input, Direction.INPUT)


def judge_types(outline: FlowOutline, edge: EdgeSpec) -> ConnectionVerdict:
    """Say whether the types of both ends fit; `unknown` where a node type is not defined."""
    for node_id in (edge.source, edge.target):
        if outline.spec(node_id) is None:
            return _leave_open(outline, edge, node_id)
    source = outline.connector(edge.source, edge.output, Direction.OUTPUT)
    target = outline.connector(edge.target, edge.input, Direction.INPUT)
    assert source is not None
    assert target is not None
    answer = compare_accepted(source.data_types, target.data_types)
    return ConnectionVerdict(
        verdict=answer.verdict,
        code=answer.code,
        reason=answer.reason,
        suggestion=answer.suggestion,
    )


def refuse(code: str, edge: EdgeSpec, **places: str) -> ConnectionVerdict:
    """Return the refusal of `edge` by the rule `code`, its places filled in."""
    reason, suggestion = RULES[code].fill(**_name_ends(edge), **places)
    return ConnectionVerdict(verdict=Verdict.NO, code=code, reason=reason, suggestion=suggestion)


def has_room(connector: ConnectorSpec, edges: Sequence[EdgeSpec]) -> bool:
    """Say whether a connector with these edges takes one more, by the table of `Cardinality`."""
    return takes_any_number(connector) or not edges


def takes_any_number(connector: ConnectorSpec) -> bool:
    """Say whether a connector takes any number of edges, by the table of `Cardinality`."""
    if connector.cardinality is Cardinality.MANY:
        return True
    return connector.cardinality is Cardinality.OPTIONAL and connector.direction is Direction.OUTPUT


def _name_ends(edge: EdgeSpec) -> dict[str, str]:
    return {
        "source": edge.source,
        "output": edge.output,
        "target": edge.target,
        "input": edge.input,
        "edge": str(edge),
    }


def _leave_open(outline: FlowOutline, edge: EdgeSpec, node_id: str) -> ConnectionVerdict:
    code = "edge.undefined_type"
    answer = refuse(code, edge, node=node_id, type=outline.nodes[node_id].type)
    return ConnectionVerdict(
        verdict=Verdict.UNKNOWN, code=code, reason=answer.reason, suggestion=answer.suggestion
    )


def _find_broken_connector(
    outline: FlowOutline, edge: EdgeSpec, node_id: str, name: str, direction: Direction
) -> ConnectionVerdict | None:
    spec = outline.spec(node_id)
    if spec is None or outline.connector(node_id, name, direction) is not None:
        return None
    other = Direction.INPUT if direction is Direction.OUTPUT else Direction.OUTPUT
    if outline.connector(node_id, name, other) is not None:
        return refuse("edge.direction", edge, node=node_id, connector=name, kind=direction)
    known = spec.outputs if direction is Direction.OUTPUT else spec.inputs
    hint = suggest_names(name, (each.name for each in known), what=f"{direction}s of {node_id}")
    return refuse(
        "edge.unknown_connector",
        edge,
        node=node_id,
        type=spec.type,
        kind=direction,
        connector=name,
        hint=hint,
    )


def refuse_self_loop(edge: EdgeSpec) -> ConnectionVerdict | None:
    """Return the refusal of an edge from a node to itself, or None."""
    return refuse("edge.self_loop", edge) if edge.source == edge.target else None


def _refuse_duplicate(outline: FlowOutline, edge: EdgeSpec) -> ConnectionVerdict | None:
    into = outline.into.get((edge.target, edge.input), ())
    return refuse("edge.duplicate", edge) if edge in into else None


def _refuse_types(outline: FlowOutline, edge: EdgeSpec) -> ConnectionVerdict | None:
    answer = judge_types(outline, edge)
    return answer if answer.verdict is Verdict.NO else None


def _refuse_taken(outline: FlowOutline, edge: EdgeSpec) -> ConnectionVerdict | None:
    target = outline.connector(edge.target, edge.input, Direction.INPUT)
    into = outline.into.get((edge.target, edge.input), [])
    if target is not None and not has_room(target, into):
        return refuse("edge.input_taken", edge, taken_by=str(into[0]))
    source = outline.connector(edge.source, edge.output, Direction.OUTPUT)
    if source is None or takes_any_number(source):
        return None
    out_of = outline.out_of.get((edge.source, edge.output), [])
    if out_of:
        return refuse("edge.output_taken", edge, taken_by=str(out_of[0]))
    return None


def _refuse_cycle(outline: FlowOutline, edge: EdgeSpec) -> ConnectionVerdict | None:
    # Most edges lead to a node that has none of its own yet: no walk, and no map for it, is needed.
    if all(each.source != edge.target for each in outline.flow.edges):
        return None
    way = find_path(outline.successors, edge.target, edge.source)
    if way is None:
        return None
    return refuse("edge.cycle", edge, path=" → ".join((edge.source, *way)))

"""A flow with the specs of its node types in, its picture out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dagy_nb.checks.outline import FlowOutline
from dagy_nb.engine.deadline import choose_timeout
from dagy_nb.model.connector import ConnectorSpec
from dagy_nb.model.datatype import DataType
from dagy_nb.model.diagnostic import Diagnostic
from dagy_nb.model.flow import FlowSpec, NodeEntry, ParameterSpec, Position
from dagy_nb.model.frozen import thaw
from dagy_nb.model.record import RunRecord
from dagy_nb.model.spec import NodeSpec
from dagy_nb.protocol.card import Lost, find_lost, place_connectors, size_card
from dagy_nb.protocol.edges import draw_edges
from dagy_nb.protocol.layout import LayoutEdge, arrange
from dagy_nb.protocol.picture import (
    ConnectorPicture,
    DiagnosticPicture,
    EdgePicture,
    FlowPicture,
    NodePicture,
    ParameterPicture,
)

Both = tuple[tuple[ConnectorPicture, ...], tuple[ConnectorPicture, ...]]


def draw_flow(
    spec: FlowSpec,
    specs: Mapping[str, NodeSpec],
    *,
    revision: int = 0,
    positions: Mapping[str, Position] | None = None,
    diagnostics: Iterable[Diagnostic] = (),
    undo: str = "",
    redo: str = "",
    stale: frozenset[str] = frozenset(),
    default_timeout: float | None = None,
) -> FlowPicture:
    """Return the picture of a flow.

    Args:
        spec: The flow; its edges may be broken and its types missing.
        specs: Node type → spec, of the types defined here.
        revision: Of the draft.
        positions: Node id → where it stands; all others are laid out.
        diagnostics: What a check found.
        undo: What undo would take back.
        redo: What redo would do again.
        stale: Ids of nodes whose type was redefined after the run that is shown.
        default_timeout: The setting's limit in seconds, for nodes that find none elsewhere.
    """
    outline = FlowOutline(spec, specs)
    edges = draw_edges(outline)
    connectors = _Connectors(outline)
    lost = find_lost(edges, connectors.inputs, connectors.outputs)
    limits = (spec.node_timeout, default_timeout)
    drawn = [
        _draw_node(entry, specs.get(entry.type), connectors, lost, limits, entry.id in stale)
        for entry in spec.nodes
    ]
    places = place_nodes(drawn, edges, positions or {})
    return FlowPicture(
        revision=revision,
        name=spec.name,
        description=spec.description,
        parameters=tuple(_draw_parameter(each) for each in spec.parameters),
        nodes=tuple(
            each.model_copy(update={"x": places[each.id].x, "y": places[each.id].y})
            for each in drawn
        ),
        edges=edges,
        diagnostics=tuple(draw_diagnostic(each) for each in diagnostics),
        failure_policy=spec.failure_policy,
        timeout=spec.timeout,
        node_timeout=spec.node_timeout,
        backend=spec.backend,
        undo=undo,
        redo=redo,
    )


def place_nodes(
    nodes: Sequence[NodePicture],
    edges: Sequence[EdgePicture],
    fixed: Mapping[str, Position],
) -> dict[str, Position]:
    """Return where each card stands: at its fixed place, else where the layout puts it."""
    lost = find_lost(
        edges,
        {each.id: {c.name for c in each.inputs} for each in nodes},
        {each.id: {c.name for c in each.outputs} for each in nodes},
    )
    heights: dict[tuple[str, str, str], float] = {
        (node.id, spot.kind, spot.name): spot.y
        for node in nodes
        for spot in place_connectors(node, lost.get(node.id, Lost()))
    }
    wires = [
        LayoutEdge(
            edge.source,
            edge.target,
            heights.get((edge.source, "output", edge.output), 0.0),
            heights.get((edge.target, "input", edge.input), 0.0),
        )
        for edge in edges
    ]
    return arrange({each.id: (each.width, each.height) for each in nodes}, wires, fixed)


def draw_connector(connector: ConnectorSpec) -> ConnectorPicture:
    """Return the picture of a connector."""
    return ConnectorPicture(
        name=connector.name,
        types=tuple(each.value for each in connector.data_types),
        type_key=connector.type_key,
        cardinality=connector.cardinality.value,
        side=connector.side.value,
        description=connector.description,
        required=connector.is_required,
        secret=connector.secret,
    )


def draw_diagnostic(found: Diagnostic) -> DiagnosticPicture:
    """Return the picture of a diagnostic."""
    return DiagnosticPicture(
        code=found.code,
        severity=found.severity.value,
        message=found.message,
        suggestion=found.suggestion,
        node=found.place.node,
        connector=found.place.connector,
        field=found.place.field,
        edge=found.place.edge,
    )


def find_stale(record: RunRecord, specs: Mapping[str, NodeSpec]) -> frozenset[str]:
    """Return the ids of the nodes whose type is another one now than in this run."""
    return frozenset(
        node.node_id
        for node in record.nodes.values()
        if node.node_type in specs and specs[node.node_type].version != node.node_version
    )


class _Connectors:
    """The connectors of each node; those of a missing type are guessed from its edges."""

    def __init__(self, outline: FlowOutline) -> None:
        self._outline = outline
        self._by_type: dict[str, Both] = {}
        self._inputs = _group_names(outline.into)
        self._outputs = _group_names(outline.out_of)
        self.of: dict[str, Both] = {node.id: self._find(node) for node in outline.flow.nodes}
        self.inputs = {node: {each.name for each in both[0]} for node, both in self.of.items()}
        self.outputs = {node: {each.name for each in both[1]} for node, both in self.of.items()}

    def _find(self, node: NodeEntry) -> Both:
        spec = self._outline.specs.get(node.type)
        if spec is None:
            return (
                tuple(_guess_connector(name, "left") for name in self._inputs.get(node.id, ())),
                tuple(_guess_connector(name, "right") for name in self._outputs.get(node.id, ())),
            )
        if node.type not in self._by_type:
            self._by_type[node.type] = (
                tuple(draw_connector(each) for each in spec.inputs),
                tuple(draw_connector(each) for each in spec.outputs),
            )
        return self._by_type[node.type]


def _group_names(ends: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node, name in ends:
        found.setdefault(node, []).append(name)
    return found


def _guess_connector(name: str, side: Any) -> ConnectorPicture:
    any_type = DataType.ANY.value
    return ConnectorPicture(
        name=name, types=(any_type,), type_key=any_type, cardinality="many", side=side
    )


def _draw_node(
    entry: NodeEntry,
    spec: NodeSpec | None,
    connectors: _Connectors,
    lost: Mapping[str, Lost],
    limits: tuple[float | None, float | None],
    stale: bool,
) -> NodePicture:
    inputs, outputs = connectors.of[entry.id]
    width, height = size_card(inputs, outputs, lost.get(entry.id, Lost()))
    own = entry.runner.value if entry.runner else ""
    return NodePicture(
        id=entry.id,
        type=entry.type,
        label=entry.label or entry.id,
        x=0.0,
        y=0.0,
        width=width,
        height=height,
        category=spec.category if spec else "",
        icon=spec.icon if spec else "",
        config=thaw(entry.config),
        missing=spec is None,
        stale=stale,
        unavailable=spec.unavailable if spec else "",
        version=spec.version if spec else "",
        inputs=inputs,
        outputs=outputs,
        timeout=entry.timeout,
        runner=own,
        retries=entry.retries,
        retry=entry.retry,
        trigger=entry.trigger,
        memory_mb=entry.memory_mb,
        disabled=entry.disabled,
        effective_runner=own or (spec.own_runner.value if spec else ""),
        effective_timeout=choose_timeout(entry.timeout, spec.timeout if spec else None, *limits),
    )


def _draw_parameter(parameter: ParameterSpec) -> ParameterPicture:
    return ParameterPicture(
        name=parameter.name,
        type=parameter.type.value,
        default=parameter.default,
        has_default=parameter.has_default,
        description=parameter.description,
    )

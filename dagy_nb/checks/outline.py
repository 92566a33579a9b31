"""A flow and the specs of its node types in, an outline with fast look-ups out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from dagy_nb.checks.shape import map_successors
from dagy_nb.model.connector import ConnectorSpec, Direction
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry, ParameterSpec
from dagy_nb.model.spec import NodeSpec

End = tuple[str, str]


class FlowOutline:
    """Look-ups over one frozen flow, each made once.

    Attributes:
        flow: The flow.
        specs: Node type → spec, of the types that are defined here.
    """

    def __init__(self, flow: FlowSpec, specs: Mapping[str, NodeSpec]) -> None:
        self.flow = flow
        self.specs = specs

    @cached_property
    def nodes(self) -> Mapping[str, NodeEntry]:
        """Node id → node."""
        return {node.id: node for node in self.flow.nodes}

    @cached_property
    def configured(self) -> Sequence[NodeEntry]:
        """The nodes that have a config."""
        return [node for node in self.flow.nodes if node.config]

    @cached_property
    def bare_types(self) -> Collection[str]:
        """The types of the nodes that have none, of those that are defined here."""
        bare = dict.fromkeys(node.type for node in self.flow.nodes if not node.config)
        return [name for name in bare if name in self.specs]

    @cached_property
    def parameters(self) -> Mapping[str, ParameterSpec]:
        """Parameter name → parameter."""
        return {parameter.name: parameter for parameter in self.flow.parameters}

    @cached_property
    def into(self) -> Mapping[End, list[EdgeSpec]]:
        """(node id, input) → the edges into it."""
        found: defaultdict[End, list[EdgeSpec]] = defaultdict(list)
        for edge in self.flow.edges:
            found[edge.target, edge.input].append(edge)
        return dict(found)

    @cached_property
    def out_of(self) -> Mapping[End, list[EdgeSpec]]:
        """(node id, output) → the edges out of it."""
        found: defaultdict[End, list[EdgeSpec]] = defaultdict(list)
        for edge in self.flow.edges:
            found[edge.source, edge.output].append(edge)
        return dict(found)

    @cached_property
    def fed(self) -> frozenset[str]:
        """The ids of the nodes that an edge leads into."""
        return frozenset(edge.target for edge in self.flow.edges)

    @cached_property
    def successors(self) -> Mapping[str, list[str]]:
        """Node id → the ids its edges lead to."""
        return map_successors(self.nodes, self.flow.edges)

    @cached_property
    def _connectors(self) -> dict[str, dict[tuple[str, Direction], ConnectorSpec]]:
        return {}

    def spec(self, node_id: str) -> NodeSpec | None:
        """Return the spec of a node's type, or None where node or type is unknown."""
        node = self.nodes.get(node_id)
        return None if node is None else self.specs.get(node.type)

    def connector(self, node_id: str, name: str, direction: Direction) -> ConnectorSpec | None:
        """Return a connector of a node, or None."""
        spec = self.spec(node_id)
        if spec is None:
            return None
        table = self._connectors.get(spec.type)
        if table is None:
            table = {(each.name, each.direction): each for each in spec.connectors}
            self._connectors[spec.type] = table
        return table.get((name, direction))

"""A flow's edges and the specs of its nodes in, what leads into each input out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from dagy_nb.abc import Conversion
from dagy_nb.engine.word import word
from dagy_nb.errors import FlowError
from dagy_nb.model.connector import Cardinality, ConnectorSpec, Direction
from dagy_nb.model.datatype import DataType
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.spec import NodeSpec


@word(kw_only=True)
class Source:
    """Where a value for an input comes from.

    Attributes:
        node_id: The producing node.
        output: Its output connector.
        conversion: How the value becomes what the input takes; None where nothing is to do.
    """

    node_id: str
    output: str
    conversion: Conversion | None = None


@word(kw_only=True)
class Binding:
    """An input with everything that leads into it, in the order of the flow's edges.

    Attributes:
        input: Its name.
        cardinality: How many values it takes.
        sources: Where they come from.
        is_given: Its value comes with the step, from outside the flow.
        conversion: How that value becomes what the input takes; None where nothing is to do.
    """

    input: str
    cardinality: Cardinality
    sources: tuple[Source, ...] = ()
    is_given: bool = False
    conversion: Conversion | None = None


class Wires:
    """The flow's edges by their ends, each end checked.

    Args:
        flow: The flow.
        specs: Node id → spec.
        given: Node id and input → the types of what comes from outside the flow.

    Raises:
        FlowError: `edge.unknown_node`, `edge.unknown_connector`.
    """

    def __init__(
        self,
        flow: FlowSpec,
        specs: Mapping[str, NodeSpec],
        given: Mapping[tuple[str, str], tuple[DataType, ...]],
    ) -> None:
        self._given = given
        self._inputs: dict[str, tuple[ConnectorSpec, ...]] = {}
        self._kinds: dict[tuple[int, int, str, str], tuple[Conversion | None, bool]] = {}
        self.enabled = {node.id for node in flow.nodes if not node.disabled}
        self.into: dict[tuple[str, str], list[Source]] = defaultdict(list)
        self.producers: dict[str, dict[str, None]] = defaultdict(dict)
        self.consumers: dict[str, dict[str, None]] = defaultdict(dict)
        self.caught: dict[str, dict[str, None]] = defaultdict(dict)
        for edge in flow.edges:
            self._add(edge, specs)

    def _add(self, edge: EdgeSpec, specs: Mapping[str, NodeSpec]) -> None:
        # Thousands of edges lie between the same few connectors: each pair is looked at once.
        ends = id(specs.get(edge.source)), id(specs.get(edge.target))
        key = (*ends, edge.output, edge.input)
        found = self._kinds.get(key)
        if found is None:
            found = self._kinds[key] = _look_at(edge, specs)
        conversion, can_catch = found
        source = Source(node_id=edge.source, output=edge.output, conversion=conversion)
        self.into[edge.target, edge.input].append(source)
        self.producers[edge.target][edge.source] = None
        self.consumers[edge.source][edge.target] = None
        if can_catch and edge.target in self.enabled:
            self.caught[edge.source][edge.output] = None

    def bind_all(self, node: NodeEntry, spec: NodeSpec) -> tuple[Binding, ...]:
        """Return every input of a node with what leads into it.

        Raises:
            FlowError: `input.missing`.
        """
        inputs = self._inputs.get(node.type)
        if inputs is None:
            inputs = self._inputs[node.type] = spec.inputs
        return tuple([self._bind(node, each) for each in inputs])

    def _bind(self, node: NodeEntry, connector: ConnectorSpec) -> Binding:
        sources = tuple(self.into.get((node.id, connector.name), ()))
        types = self._given.get((node.id, connector.name))
        if types is not None and not sources:
            return Binding(
                input=connector.name,
                cardinality=connector.cardinality,
                is_given=True,
                conversion=_compare(types, connector.data_types),
            )
        if not sources and connector.is_required and not node.disabled:
            raise FlowError(
                f"Nothing leads into the required input {node.id}.{connector.name}.",
                code="input.missing",
                suggestion=f"Connect an output to {node.id}.{connector.name}.",
            )
        return Binding(input=connector.name, cardinality=connector.cardinality, sources=sources)


def _look_at(edge: EdgeSpec, specs: Mapping[str, NodeSpec]) -> tuple[Conversion | None, bool]:
    """Return how values on an edge are turned into what its input takes, and whether errors go along it."""
    output = _find_connector(specs, edge, edge.source, edge.output, Direction.OUTPUT)
    into = _find_connector(specs, edge, edge.target, edge.input, Direction.INPUT)
    return _compare(output.data_types, into.data_types), DataType.ERROR in output.data_types


def _compare(sources: tuple[DataType, ...], targets: tuple[DataType, ...]) -> Conversion | None:
    if DataType.ANY in targets or all(each in targets for each in sources):
        return None
    return Conversion(sources=sources, targets=targets)


def _find_connector(
    specs: Mapping[str, NodeSpec], edge: EdgeSpec, node_id: str, name: str, direction: Direction
) -> ConnectorSpec:
    spec = specs.get(node_id)
    if spec is None:
        raise FlowError(
            f"The edge {edge} names the node {node_id!r}, which is not in the flow.",
            code="edge.unknown_node",
            suggestion="Remove the edge or add the node.",
        )
    found = spec.connector(name, direction)
    if found is None:
        raise FlowError(
            f"The edge {edge} names {name!r}, which is no {direction} of {spec.type}.",
            code="edge.unknown_connector",
            suggestion=suggest_names(name, _names(spec, direction), what=f"{direction}s"),
        )
    return found


def _names(spec: NodeSpec, direction: Direction) -> Sequence[str]:
    return [each.name for each in spec.connectors if each.direction is direction]

"""A flow's draft in, a registered node type that runs the flow as it is now out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from dagy_nb.checks.secrets import hide_secrets
from dagy_nb.errors import CheckFailed, DagyError, FlowError
from dagy_nb.flowfile.write import write_flow
from dagy_nb.model.connector import ConnectorSpec, check_identifier
from dagy_nb.model.datatype import DataType
from dagy_nb.model.diagnostic import Severity
from dagy_nb.model.flow import FlowSpec
from dagy_nb.model.frozen import FrozenMap, thaw
from dagy_nb.model.spec import NodeSpec
from dagy_nb.nodes.composite import CompositeNode
from dagy_nb.nodes.subflow import End, PinnedFlow, make_subflow

if TYPE_CHECKING:
    from dagy_nb.nodes.base import FlowNode
    from dagy_nb.session.session import Session

_VALUELESS = frozenset({DataType.ERROR, DataType.SIGNAL})


def register_subflow(
    session: Session, flow: FlowSpec, name: str, *, label: str = "", category: str = "Sub-flows"
) -> type[FlowNode]:
    """Register a node type that runs this flow.

    Its inputs are the required inputs that nothing leads into, its outputs those of the last nodes, each
    under the connector's name, or as `node_connector` where several have that; its config are the flow's
    parameters, of which those that enter secret config fields have no default. The flow is pinned: later
    edits of the draft need another call.

    Raises:
        FlowError: `flow.node_name`, `flow.recursive`.
        CheckFailed: The flow has other errors than open inputs.
        NameTaken: Another origin defines this node type.
    """
    _refuse_name(name)
    specs = session.registry.discover().specs
    _refuse_errors(session, flow)
    _refuse_recursion(session, flow, name)
    by_id = {node.id: specs[node.type] for node in flow.nodes}
    inputs = _name_ends(_find_open_inputs(flow, by_id), taken=())
    taken = [each.connector.name for each in inputs]
    outputs = _name_ends(_find_last_outputs(flow, by_id), taken=taken)
    hidden, secrets = hide_secrets(flow, specs)
    pinned = PinnedFlow(
        name=name,
        flow=flow.model_copy(update={"parameters": hidden.parameters}),
        inputs=inputs,
        outputs=outputs,
        versions=FrozenMap({spec.type: spec.version for spec in by_id.values()}),
        label=label,
        category=category,
        text=write_flow(hidden),
        secrets=secrets,
    )
    return session.registry.register(make_subflow(pinned))


def _refuse_name(name: str) -> None:
    try:
        check_identifier(name)
    except ValueError as error:
        raise FlowError(
            f"A node type cannot be named so: {error}.", code="flow.node_name"
        ) from None


def _refuse_errors(session: Session, flow: FlowSpec) -> None:
    found = session.check(flow)
    errors = [
        each for each in found if each.severity is Severity.ERROR and each.code != "input.missing"
    ]
    if errors:
        lines = "\n".join(f"  {each}" for each in errors[:10])
        raise CheckFailed(
            f"Flow {flow.name!r} cannot become a node:\n{lines}\n",
            diagnostics=found,
            suggestion="Mend these first.",
        )


def _refuse_recursion(session: Session, flow: FlowSpec, name: str) -> None:
    """Raise where the flow has a node of the type that it is to become, however deep inside."""
    classes = session.registry.snapshot().classes
    waiting: list[tuple[tuple[str, ...], FlowSpec]] = [((name,), flow)]
    seen: set[str] = set()
    while waiting:
        path, each = waiting.pop()
        for type_name in _list_types(each, classes):
            if type_name == name:
                raise FlowError(
                    f"The node type {name} would run itself: {' → '.join((*path, name))}.",
                    code="flow.recursive",
                    suggestion=f"Take {path[-1] if len(path) > 1 else name} out of the flow {flow.name}, or "
                    "give the new type another name.",
                )
            pinned = getattr(classes.get(type_name), "pinned", None)
            if type_name not in seen and isinstance(pinned, PinnedFlow):
                seen.add(type_name)
                waiting.append(((*path, type_name), pinned.flow))


def _list_types(flow: FlowSpec, classes: Mapping[str, type[FlowNode]]) -> Iterator[str]:
    """Yield the types of a flow's nodes, and of what those run inside that have no flow of their own."""
    for node in flow.nodes:
        yield node.type
        node_class = classes.get(node.type)
        if node_class is not None and issubclass(node_class, CompositeNode):
            try:
                yield from node_class.inner_types(thaw(node.config))
            except (LookupError, ValueError, DagyError):
                # Its config waits for parameters: the run's own check will see.
                continue


def _find_open_inputs(
    flow: FlowSpec, specs: Mapping[str, NodeSpec]
) -> list[tuple[str, ConnectorSpec]]:
    led = {(edge.target, edge.input) for edge in flow.edges}
    return [
        (node.id, connector)
        for node in flow.nodes
        for connector in specs[node.id].inputs
        if connector.is_required and (node.id, connector.name) not in led and not node.disabled
    ]


def _find_last_outputs(
    flow: FlowSpec, specs: Mapping[str, NodeSpec]
) -> list[tuple[str, ConnectorSpec]]:
    enabled = {node.id for node in flow.nodes if not node.disabled}
    followed = {edge.source for edge in flow.edges if edge.target in enabled}
    return [
        (node.id, connector)
        for node in flow.nodes
        for connector in specs[node.id].outputs
        if node.id in enabled - followed and not _VALUELESS.intersection(connector.data_types)
    ]


def _name_ends(ends: list[tuple[str, ConnectorSpec]], *, taken: Iterable[str]) -> tuple[End, ...]:
    counts = Counter(connector.name for _, connector in ends)
    used = set(taken)
    named: list[End] = []
    for node_id, connector in ends:
        is_free = counts[connector.name] == 1 and connector.name not in used
        name = connector.name if is_free else f"{node_id}_{connector.name}"[:100]
        while name in used:
            name = f"{name}_"
        used.add(name)
        shown = connector.model_copy(update={"name": name})
        named.append(End(connector=shown, node_id=node_id, name=connector.name))
    return tuple(named)

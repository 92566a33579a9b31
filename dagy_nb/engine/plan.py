"""A checked flow and its node classes in, the frozen plan of one run out.

A plan holds everything that a run needs, so a run finishes on the definitions it started with, however
often a cell is run again meanwhile (D3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagy_nb.abc import Conversion
from dagy_nb.checks.attempts import refuse_retries
from dagy_nb.checks.shape import find_cycles, find_reachable, map_successors, order_nodes
from dagy_nb.engine.deadline import HOOK_SECONDS, choose_timeout
from dagy_nb.engine.retry import NO_PLAN, RetryPlan, plan_retry
from dagy_nb.errors import FlowError, UnknownName
from dagy_nb.model.connector import Cardinality, ConnectorSpec, Direction
from dagy_nb.model.datatype import DataType
from dagy_nb.model.event import PlannedNode, RunQueued
from dagy_nb.model.flow import EdgeSpec, FailurePolicy, FlowSpec, NodeEntry
from dagy_nb.model.frozen import thaw
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.retry import Trigger
from dagy_nb.model.spec import NodeSpec, RunnerName

if TYPE_CHECKING:
    from dagy_nb.nodes.base import FlowNode


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """An input with everything that leads into it, in the order of the flow's edges."""

    input: str
    cardinality: Cardinality
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One node in the ordered work of a run.

    Attributes:
        node_id: The node.
        spec: What its class was when the run was planned.
        node_class: The class itself.
        config: Plain config values, parameters already put in.
        runner: Name of the runner.
        timeout: Limit of one attempt in seconds; None means none.
        retries: Further attempts after a failed one.
        retries_refused: Why asked-for retries are not made; empty where they are.
        retry: How they are made.
        trigger: When it starts, once the steps before it have ended.
        memory_mb: Limit of its memory in megabytes; None means none.
        bindings: Every input of the node.
        producers: Ids of the nodes it waits for, without repeats.
        consumers: Ids of the nodes that wait for it, without repeats.
        error_outputs: ERROR outputs with an enabled node behind them: a failure there is caught.
        hook_seconds: How long its `on_cancel` may take; 0 where it has none.
        disabled: It is skipped.
        is_sink: No enabled node waits for it, so the run's state looks at it.
    """

    node_id: str
    spec: NodeSpec
    node_class: type[FlowNode]
    config: Mapping[str, Any]
    runner: str
    timeout: float | None = None
    retries: int = 0
    retries_refused: str = ""
    retry: RetryPlan = NO_PLAN
    trigger: Trigger = Trigger.ALL_SUCCESS
    memory_mb: float | None = None
    bindings: tuple[Binding, ...] = ()
    producers: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    error_outputs: tuple[str, ...] = ()
    hook_seconds: float = 0.0
    disabled: bool = False
    is_sink: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The ordered work of one run.

    Attributes:
        run_id: The run.
        flow: The flow's name.
        parameters: The run's parameters.
        artifacts: The run's artifact folder, which may not exist yet.
        steps: Producers before consumers.
        timeout: Limit of the whole run in seconds; None means none.
        failure_policy: What an uncaught failure does.
        keep_outputs: Keep every value until the run is forgotten; else only those of sinks.
        max_parallel: How many attempts are with their runners at a time; None sets no bound.
    """

    run_id: str
    flow: str
    parameters: Mapping[str, Any]
    artifacts: Path
    steps: tuple[Step, ...]
    timeout: float | None = None
    failure_policy: FailurePolicy = FailurePolicy.CONTINUE
    keep_outputs: bool = True
    max_parallel: int | None = None


def make_plan(
    flow: FlowSpec,
    classes: Mapping[str, type[FlowNode]],
    *,
    run_id: str,
    parameters: Mapping[str, Any],
    artifacts: Path,
    default_timeout: float | None,
    timeout: float | None = None,
    node_timeout: float | None = None,
    runner: str | None = None,
    keep_outputs: bool = True,
    max_parallel: int | None = None,
) -> Plan:
    """Plan one run of a flow.

    Args:
        flow: The flow, parameters already put into its configs.
        classes: Node type → class; each carries its `spec`.
        run_id: The run.
        parameters: The run's parameters.
        artifacts: The run's artifact folder.
        default_timeout: Limit in seconds for nodes where nothing else names one; None means none.
        timeout: Limit in seconds of the whole run; None takes the flow's own, 0 means none.
        node_timeout: Limit in seconds for each node, above what node, class and flow say; 0 means none.
        runner: Runner for every node, above what node and class say.
        keep_outputs: Keep every value, else only those of the last nodes.
        max_parallel: How many nodes run at a time; None sets no bound.

    Raises:
        UnknownName: `unknown.node_type`.
        FlowError: `edge.cycle`, `edge.unknown_node`, `edge.unknown_connector`, `input.missing`: what a
            check of the flow says earlier and in more words.
    """
    specs = {node.id: _find_class(node, classes).spec for node in flow.nodes}
    wires = _Wires(flow, specs)
    by_id = {node.id: node for node in flow.nodes}
    steps = [
        _plan_step(
            by_id[node_id],
            classes[by_id[node_id].type],
            wires,
            runner=runner,
            timeout=choose_timeout(
                node_timeout,
                by_id[node_id].timeout,
                specs[node_id].timeout,
                flow.node_timeout,
                default_timeout,
            ),
        )
        for node_id in _order(flow)
    ]
    return Plan(
        run_id=run_id,
        flow=flow.name,
        parameters=dict(parameters),
        artifacts=artifacts,
        steps=tuple(steps),
        timeout=choose_timeout(timeout, flow.timeout),
        failure_policy=flow.failure_policy,
        keep_outputs=keep_outputs,
        max_parallel=max_parallel,
    )


def describe_queued(
    plan: Plan,
    *,
    at: float,
    flow_hash: str = "",
    parent_run_id: str = "",
    backend: str = "kernel",
    backend_reason: str = "",
) -> RunQueued:
    """Return the fact that a run of this plan was accepted at `at`."""
    return RunQueued(
        at=at,
        run_id=plan.run_id,
        flow=plan.flow,
        flow_hash=flow_hash,
        backend=backend,
        backend_reason=backend_reason,
        parent_run_id=parent_run_id,
        parameters=dict(plan.parameters),
        artifacts=str(plan.artifacts),
        nodes=tuple(
            PlannedNode(
                node_id=step.node_id,
                node_type=step.spec.type,
                node_version=step.spec.version,
                runner=step.runner,
                timeout=step.timeout,
            )
            for step in plan.steps
        ),
    )


def find_dependents(plan: Plan, node_id: str) -> list[str]:
    """Return the ids of all nodes that need `node_id`, directly or through others, in order."""
    reached = find_reachable({each.node_id: each.consumers for each in plan.steps}, (node_id,))
    return [
        each.node_id for each in plan.steps if each.node_id in reached and each.node_id != node_id
    ]


class _Wires:
    """The flow's edges by their ends, each end checked."""

    def __init__(self, flow: FlowSpec, specs: Mapping[str, NodeSpec]) -> None:
        self.enabled = {node.id for node in flow.nodes if not node.disabled}
        self.into: dict[tuple[str, str], list[Source]] = defaultdict(list)
        self.producers: dict[str, dict[str, None]] = defaultdict(dict)
        self.consumers: dict[str, dict[str, None]] = defaultdict(dict)
        self.caught: dict[str, dict[str, None]] = defaultdict(dict)
        for edge in flow.edges:
            self._add(edge, specs)

    def _add(self, edge: EdgeSpec, specs: Mapping[str, NodeSpec]) -> None:
        output = _find_connector(specs, edge, edge.source, edge.output, Direction.OUTPUT)
        into = _find_connector(specs, edge, edge.target, edge.input, Direction.INPUT)
        source = Source(
            node_id=edge.source, output=edge.output, conversion=_plan_conversion(output, into)
        )
        self.into[edge.target, edge.input].append(source)
        self.producers[edge.target][edge.source] = None
        self.consumers[edge.source][edge.target] = None
        if DataType.ERROR in output.data_types and edge.target in self.enabled:
            self.caught[edge.source][edge.output] = None


def _plan_step(
    node: NodeEntry,
    node_class: type[FlowNode],
    wires: _Wires,
    *,
    runner: str | None,
    timeout: float | None,
) -> Step:
    spec = node_class.spec
    asked = node.retries if node.retries is not None else spec.retries
    refused = refuse_retries(spec) if asked else ""
    consumers = tuple(wires.consumers[node.id])
    return Step(
        node_id=node.id,
        spec=spec,
        node_class=node_class,
        config=thaw(node.config),
        runner=runner or _choose_runner(node, spec),
        timeout=timeout,
        retries=0 if refused else asked,
        retries_refused=refused,
        retry=plan_retry(node, node_class),
        trigger=node.trigger,
        memory_mb=node.memory_mb if node.memory_mb is not None else spec.memory_mb,
        bindings=tuple(_bind(node, each, wires) for each in spec.inputs),
        producers=tuple(wires.producers[node.id]),
        consumers=consumers,
        error_outputs=tuple(wires.caught[node.id]),
        hook_seconds=HOOK_SECONDS if "on_cancel" in node_class.traits.hooks else 0.0,
        disabled=node.disabled,
        is_sink=not node.disabled and not any(each in wires.enabled for each in consumers),
    )


def _bind(node: NodeEntry, connector: ConnectorSpec, wires: _Wires) -> Binding:
    sources = tuple(wires.into.get((node.id, connector.name), ()))
    if not sources and connector.is_required and not node.disabled:
        raise FlowError(
            f"Nothing leads into the required input {node.id}.{connector.name}.",
            code="input.missing",
            suggestion=f"Connect an output to {node.id}.{connector.name}.",
        )
    return Binding(input=connector.name, cardinality=connector.cardinality, sources=sources)


def _plan_conversion(output: ConnectorSpec, into: ConnectorSpec) -> Conversion | None:
    """Return None where every value of the output is what the input takes, as it is."""
    targets = into.data_types
    if DataType.ANY in targets or all(each in targets for each in output.data_types):
        return None
    return Conversion(sources=output.data_types, targets=targets)


def _choose_runner(node: NodeEntry, spec: NodeSpec) -> str:
    if node.runner is not None:
        return node.runner.value
    if spec.runner is not None:
        return spec.runner.value
    return (RunnerName.INLINE if spec.is_async else RunnerName.THREAD).value


def _find_class(node: NodeEntry, classes: Mapping[str, type[FlowNode]]) -> type[FlowNode]:
    try:
        return classes[node.type]
    except KeyError:
        raise UnknownName(
            f"Node {node.id!r} has the type {node.type!r}, which is not defined here.",
            code="unknown.node_type",
            suggestion=suggest_names(node.type, classes, what="node types")
            or "Run the cell that defines it.",
        ) from None


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


def _order(flow: FlowSpec) -> tuple[str, ...]:
    successors = map_successors((node.id for node in flow.nodes), flow.edges)
    order = order_nodes(successors)
    if len(order) < len(flow.nodes):
        path = " → ".join(find_cycles(successors)[0])
        raise FlowError(
            f"The edges lead in a circle: {path}.",
            code="edge.cycle",
            suggestion="Remove one edge of it.",
        )
    return order

"""A checked flow and its node classes in, the plan of one run out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagy_nb.checks.attempts import refuse_retries
from dagy_nb.checks.shape import find_cycles, map_successors, order_nodes
from dagy_nb.engine.deadline import HOOK_SECONDS, choose_timeout
from dagy_nb.engine.inner import plan_inner
from dagy_nb.engine.keeping import NOTHING, Keeping
from dagy_nb.engine.plan import Plan, Step
from dagy_nb.engine.retry import plan_retry
from dagy_nb.engine.secrecy import mark_secrets
from dagy_nb.engine.wires import Wires
from dagy_nb.errors import FlowError, UnknownName
from dagy_nb.model.datatype import DataType
from dagy_nb.model.flow import FlowSpec, NodeEntry
from dagy_nb.model.frozen import thaw
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.spec import NodeSpec
from dagy_nb.nodes.composite import CompositeNode

if TYPE_CHECKING:
    from dagy_nb.nodes.base import FlowNode

NESTED = "nested"
"""Name of the runner of nodes that run other nodes; nobody asks for it."""


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
    given: Mapping[tuple[str, str], tuple[DataType, ...]] | None = None,
    inside: tuple[str, ...] = (),
    plans_inner: bool = True,
    keeping: Keeping = NOTHING,
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
        given: Node id and input → the types of what comes from outside: for a run inside a node.
        inside: The types of the composite nodes around this flow, the outermost first.
        plans_inner: Plan what composite nodes run inside; for that, configs must be free of expressions.
        keeping: What is taken from earlier runs and kept for later ones.

    Raises:
        UnknownName: `unknown.node_type`.
        FlowError: `edge.cycle`, `edge.unknown_node`, `edge.unknown_connector`, `input.missing`: what a
            check of the flow says earlier and in more words.
    """
    specs = {node.id: _find_class(node, classes).spec for node in flow.nodes}
    wires = Wires(flow, specs, given or {})
    by_id = {node.id: node for node in flow.nodes}
    inner = partial(
        plan_inner,
        make=make_plan,
        classes=classes,
        parameters=parameters,
        runner=runner,
        inside=inside,
        default_timeout=choose_timeout(flow.node_timeout, default_timeout),
        node_timeout=node_timeout,
    )
    composite = (
        {
            name
            for name in {node.type for node in flow.nodes}
            if issubclass(classes[name], CompositeNode)
        }
        if plans_inner
        else set()
    )
    steps = [
        _plan_step(
            by_id[node_id],
            classes[by_id[node_id].type],
            wires,
            runner=runner,
            inner=inner(by_id[node_id], classes[by_id[node_id].type])
            if by_id[node_id].type in composite
            else None,
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
        steps=mark_secrets(steps),
        timeout=choose_timeout(timeout, flow.timeout),
        failure_policy=flow.failure_policy,
        keep_outputs=keep_outputs,
        max_parallel=max_parallel,
        keeping=keeping,
    )


def _plan_step(
    node: NodeEntry,
    node_class: type[FlowNode],
    wires: Wires,
    *,
    runner: str | None,
    timeout: float | None,
    inner: Plan | None,
) -> Step:
    spec = node_class.spec
    asked = node.retries if node.retries is not None else spec.retries
    refused = refuse_repeating(spec, inner) if asked else ""
    consumers = tuple(wires.consumers[node.id])
    return Step(
        node_id=node.id,
        spec=spec,
        node_class=node_class,
        config=thaw(node.config) if node.config else {},
        runner=NESTED if inner else runner or (node.runner or spec.own_runner).value,
        timeout=timeout,
        retries=0 if refused else asked,
        retries_refused=refused,
        retry=plan_retry(node, node_class),
        trigger=node.trigger,
        memory_mb=node.memory_mb if node.memory_mb is not None else spec.memory_mb,
        bindings=wires.bind_all(node, spec),
        producers=tuple(wires.producers[node.id]),
        consumers=consumers,
        error_outputs=tuple(wires.caught[node.id]),
        hook_seconds=_find_patience(node_class, inner),
        inner=inner,
        disabled=node.disabled,
        is_sink=not node.disabled and wires.enabled.isdisjoint(consumers),
    )


def refuse_repeating(spec: NodeSpec, inner: Plan | None) -> str:
    """Return why a step is never tried again by itself: for its own sake, or for what it runs inside."""
    own = refuse_retries(spec)
    if own or inner is None:
        return own
    return next(filter(None, (refuse_repeating(each.spec, each.inner) for each in inner.steps)), "")


def _find_patience(node_class: type[FlowNode], inner: Plan | None) -> float:
    """Return how long a step may take to end, once it is told to: inner runs must end before outer ones."""
    own = HOOK_SECONDS if "on_cancel" in node_class.traits.hooks else 0.0
    return own + inner.depth * (HOOK_SECONDS + 1.0) if inner else own


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

"""A checked flow and its node classes in, the frozen plan of one run out.

A plan holds everything that a run needs, so a run finishes on the definitions it started with, however
often a cell is run again meanwhile (D3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagy_nb.checks.attempts import refuse_retries
from dagy_nb.checks.shape import find_cycles, find_reachable, map_successors, order_nodes
from dagy_nb.engine.deadline import HOOK_SECONDS, choose_timeout
from dagy_nb.engine.inner import plan_inner
from dagy_nb.engine.keeping import NOTHING, Keeping
from dagy_nb.engine.recall import Recall
from dagy_nb.engine.retry import NO_PLAN, RetryPlan, plan_retry
from dagy_nb.engine.secrecy import mark_secrets
from dagy_nb.engine.wires import Binding, Wires
from dagy_nb.engine.word import word
from dagy_nb.errors import FlowError, UnknownName
from dagy_nb.model.datatype import DataType
from dagy_nb.model.event import PlannedNode, RunQueued
from dagy_nb.model.flow import FailurePolicy, FlowSpec, NodeEntry
from dagy_nb.model.frozen import thaw
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.quick import make_quick
from dagy_nb.model.retry import Trigger
from dagy_nb.model.spec import NodeSpec, RunnerName
from dagy_nb.nodes.composite import CompositeNode
from dagy_nb.nodes.digest import digest

if TYPE_CHECKING:
    from dagy_nb.nodes.base import FlowNode

_make_planned = make_quick(PlannedNode)
NESTED = "nested"
"""Name of the runner of nodes that run other nodes; nobody asks for it."""


@word(kw_only=True)
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
        inner: What it runs inside itself, with the definitions of now; None where it runs no other nodes.
        given: Input → value from outside the flow, where its binding says so.
        secret_outputs: Its outputs whose values are never shown nor kept.
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
    inner: Plan | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    secret_outputs: frozenset[str] = frozenset()

    @property
    def code_version(self) -> str:
        """The hash of its code with that of everything it runs inside."""
        if self.inner is None:
            return self.spec.version
        return digest([self.spec.version, *(each.code_version for each in self.inner.steps)])


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
        keeping: What is taken from earlier runs and kept for later ones.
        recall: What the runs of these very steps tell each other.
        nodes: What is recorded of the steps when a run is accepted, where that is known already.
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
    keeping: Keeping = NOTHING
    recall: Recall = field(default_factory=Recall, compare=False, repr=False)
    nodes: tuple[PlannedNode, ...] | None = field(default=None, compare=False, repr=False)

    @property
    def depth(self) -> int:
        """How many runs lie inside each other here, this one counted."""
        return 1 + max((each.inner.depth for each in self.steps if each.inner), default=0)


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


def describe_queued(
    plan: Plan,
    *,
    at: float,
    flow_hash: str = "",
    parent_run_id: str = "",
    parent_node_id: str = "",
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
        parent_node_id=parent_node_id,
        resumed_from=plan.keeping.resumed.run_id if plan.keeping.resumed else "",
        parameters=dict(plan.parameters),
        artifacts=str(plan.artifacts),
        nodes=describe_steps(plan) if plan.nodes is None else plan.nodes,
    )


def describe_steps(plan: Plan) -> tuple[PlannedNode, ...]:
    """Return what is recorded of the steps when a run is accepted."""
    return tuple(
        _make_planned(
            node_id=step.node_id,
            node_type=step.spec.type,
            node_version=step.spec.version,
            runner=step.runner,
            timeout=step.timeout,
        )
        for step in plan.steps
    )


def require_step(plan: Plan, node_id: str) -> None:
    """Raise where a plan has no such node.

    Raises:
        UnknownName: `unknown.node`.
    """
    known = [step.node_id for step in plan.steps]
    if node_id not in known:
        raise UnknownName(
            f"Run {plan.run_id} has no node {node_id!r}.",
            code="unknown.node",
            suggestion=suggest_names(node_id, known, what="nodes"),
        )


def find_dependents(plan: Plan, node_id: str) -> list[str]:
    """Return the ids of all nodes that need `node_id`, directly or through others, in order."""
    reached = find_reachable({each.node_id: each.consumers for each in plan.steps}, (node_id,))
    return [
        each.node_id for each in plan.steps if each.node_id in reached and each.node_id != node_id
    ]


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
    refused = _refuse_retries(spec, inner) if asked else ""
    consumers = tuple(wires.consumers[node.id])
    return Step(
        node_id=node.id,
        spec=spec,
        node_class=node_class,
        config=thaw(node.config) if node.config else {},
        runner=NESTED if inner else runner or _choose_runner(node, spec),
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


def _refuse_retries(spec: NodeSpec, inner: Plan | None) -> str:
    """Return why a step is never tried again: for itself, or for what it would run inside again."""
    own = refuse_retries(spec)
    if own or inner is None:
        return own
    return next(filter(None, (_refuse_retries(each.spec, each.inner) for each in inner.steps)), "")


def _find_patience(node_class: type[FlowNode], inner: Plan | None) -> float:
    """Return how long a step may take to end, once it is told to: inner runs must end before outer ones."""
    own = HOOK_SECONDS if "on_cancel" in node_class.traits.hooks else 0.0
    return own + inner.depth * (HOOK_SECONDS + 1.0) if inner else own


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

"""The frozen work of one run, and the answers to what is asked of it: no classes of users are looked into.

A plan holds everything that a run needs, so a run finishes on the definitions it started with, however
often a cell is run again meanwhile (D3).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagy_nb.checks.shape import find_reachable
from dagy_nb.engine.keeping import NOTHING, Keeping
from dagy_nb.engine.recall import Recall
from dagy_nb.engine.retry import NO_PLAN, RetryPlan
from dagy_nb.engine.wires import Binding
from dagy_nb.engine.word import word
from dagy_nb.errors import UnknownName
from dagy_nb.model.event import PlannedNode, RunQueued
from dagy_nb.model.flow import FailurePolicy
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.quick import make_quick
from dagy_nb.model.retry import Trigger
from dagy_nb.model.spec import NodeSpec
from dagy_nb.nodes.digest import digest

if TYPE_CHECKING:
    from dagy_nb.nodes.base import FlowNode

_make_planned = make_quick(PlannedNode)


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


class Steps(tuple[Step, ...]):  # noqa: SLOT001 - what was found is kept in its dictionary
    """The steps of a plan, producers before consumers; what is asked of them all is found once.

    Runs of an unchanged flow have one and the same.
    """

    def __reduce__(self) -> tuple[type[Steps], tuple[tuple[Step, ...]]]:
        return Steps, (tuple(self),)

    @cached_property
    def by_id(self) -> Mapping[str, Step]:
        """Node id → step, in order."""
        return {step.node_id: step for step in self}

    @cached_property
    def enabled(self) -> tuple[Step, ...]:
        """Those that may run, each with those that it runs inside itself behind it."""
        found: list[Step] = []
        for step in self:
            if not step.disabled:
                found.append(step)
                found += step.inner.steps.enabled if step.inner is not None else ()
        return tuple(found)

    @cached_property
    def specs(self) -> Mapping[str, NodeSpec]:
        """Node type → spec, also of those that steps run inside themselves."""
        found: dict[str, NodeSpec] = {}
        for step in self:
            if step.inner is not None:
                found |= step.inner.steps.specs
            found[step.spec.type] = step.spec
        return found

    @cached_property
    def runners(self) -> frozenset[str]:
        """Names of the runners that the enabled ones need."""
        return frozenset(step.runner for step in self.enabled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The ordered work of one run.

    Attributes:
        run_id: The run.
        flow: The flow's name.
        parameters: The run's parameters.
        secret_parameters: Names of those that are not recorded.
        hides_given: What comes in from outside the flow is secret.
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
    steps: Steps
    timeout: float | None = None
    failure_policy: FailurePolicy = FailurePolicy.CONTINUE
    keep_outputs: bool = True
    max_parallel: int | None = None
    keeping: Keeping = NOTHING
    secret_parameters: frozenset[str] = frozenset()
    hides_given: bool = False
    recall: Recall = field(default_factory=Recall, compare=False, repr=False)
    nodes: tuple[PlannedNode, ...] | None = field(default=None, compare=False, repr=False)

    @property
    def recorded_parameters(self) -> dict[str, Any]:
        """The parameters that are recorded."""
        hidden = self.secret_parameters
        return {name: value for name, value in self.parameters.items() if name not in hidden}

    @property
    def depth(self) -> int:
        """How many runs lie inside each other here, this one counted."""
        return 1 + max((each.inner.depth for each in self.steps if each.inner), default=0)


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
        parameters=plan.recorded_parameters,
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
    require_node(plan.run_id, node_id, plan.steps.by_id)


def require_node(run_id: str, node_id: str, known: Collection[str]) -> None:
    """Raise where a run has no such node.

    Raises:
        UnknownName: `unknown.node`.
    """
    if node_id not in known:
        raise UnknownName(
            f"Run {run_id} has no node {node_id!r}.",
            code="unknown.node",
            suggestion=suggest_names(node_id, known, what="nodes"),
        )


def find_dependents(plan: Plan, node_id: str) -> list[str]:
    """Return the ids of all nodes that need `node_id`, directly or through others, in order."""
    reached = find_reachable({each.node_id: each.consumers for each in plan.steps}, (node_id,))
    return [
        each.node_id for each in plan.steps if each.node_id in reached and each.node_id != node_id
    ]

"""A plan and what was recorded of its flow in, the figures that rules look at out, with their sources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagy_nb.model.spec import OriginKind, RunnerName

if TYPE_CHECKING:
    from dagy_nb.engine.plan import Plan

_PROCESS = RunnerName.PROCESS.value


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and where it comes from; None where nothing is known."""

    value: float | None
    source: str

    def __str__(self) -> str:
        told = "not known" if self.value is None else tell_number(self.value)
        return f"{told} ({self.source})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What is known of a run before it starts.

    Attributes:
        nodes: How many nodes it runs.
        memory_mb: The largest memory limit among them.
        seconds: How long it takes.
    """

    nodes: Figure
    memory_mb: Figure
    seconds: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a run asks of a backend, beside its figures.

    Attributes:
        cell_types: Node types defined in cells, of which there is no module to import.
        hard_limits: Nodes whose limits must end the work whatever it does.
        reuse: Whether kept outputs are to be used again.
    """

    cell_types: tuple[str, ...] = ()
    hard_limits: tuple[str, ...] = ()
    reuse: bool = False


def estimate_run(plan: Plan, find_duration: Callable[[str], float | None]) -> Estimate:
    """Return the figures of a run.

    Args:
        plan: The run.
        find_duration: Flow → seconds of its last completed run, or None; asked only where needed.
    """
    enabled = plan.steps.enabled
    limits = {each.node_id: each.memory_mb for each in enabled if each.memory_mb is not None}
    if limits:
        most = max(limits, key=lambda node_id: limits[node_id])
        memory = Figure(limits[most], f"the limit of {most}")
    else:
        memory = Figure(None, "no node has a memory limit")
    return Estimate(
        nodes=Figure(sum(not step.disabled for step in plan.steps), "the flow"),
        memory_mb=memory,
        seconds=_estimate_seconds(plan, find_duration),
    )


def find_needs(plan: Plan, *, reuse: bool = False) -> Needs:
    """Return what the nodes of a run ask of a backend."""
    enabled = plan.steps.enabled
    specs = {each.spec.type: each.spec for each in enabled}
    return Needs(
        cell_types=tuple(
            name for name, spec in specs.items() if spec.origin.kind is OriginKind.CELL
        ),
        hard_limits=tuple(
            each.node_id
            for each in enabled
            if each.runner == _PROCESS or each.memory_mb is not None
        ),
        reuse=reuse,
    )


def _estimate_seconds(plan: Plan, find_duration: Callable[[str], float | None]) -> Figure:
    recorded = find_duration(plan.flow)
    if recorded is not None:
        return Figure(round(recorded, 3), "its last completed run")
    if plan.timeout is not None:
        return Figure(plan.timeout, "its limit; no completed run is recorded")
    return Figure(None, "no completed run is recorded, and it has no limit")


def tell_number(value: float) -> str:
    """Return a number in words, to the sixth digit behind its point.

    Example:
        >>> tell_number(1234567.5)
        '1,234,567.5'
    """
    return f"{value:,.6f}".rstrip("0").rstrip(".")

"""A flow and the specs of its node types in, everything that keeps it from running out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from dagy_nb.checks.attempts import check_attempts
from dagy_nb.checks.codes import find
from dagy_nb.checks.config import CheckConfig, check_configs
from dagy_nb.checks.edges import check_cycles, check_edges
from dagy_nb.checks.inputs import check_inputs
from dagy_nb.checks.limits import check_limits
from dagy_nb.checks.outline import FlowOutline
from dagy_nb.checks.parameters import check_parameters
from dagy_nb.checks.secrets import check_secrets
from dagy_nb.model.diagnostic import Diagnostic, Severity
from dagy_nb.model.flow import FlowSpec, NodeEntry
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.spec import NodeSpec


def check_flow(
    flow: FlowSpec,
    specs: Mapping[str, NodeSpec],
    *,
    parameters: Mapping[str, Any] | None = None,
    check_config: CheckConfig | None = None,
    runners: Collection[str] | None = None,
) -> tuple[Diagnostic, ...]:
    """Return all findings; the flow can run where none of them is an error.

    What cannot be known before the run is no finding. What is wrong with a disabled node is a
    warning, since the node does not run.

    Args:
        flow: The flow.
        specs: Node type → spec, of the types that are defined here.
        parameters: A run's values; None checks the flow alone, with its defaults.
        check_config: Node type and config in, `(field path, what is wrong)` out; without it only
            the expressions in configs are checked.
        runners: Names of the runners that are here; None does not compare.
    """
    return FlowCheck(flow, specs, runners=runners).run(parameters, check_config)


class FlowCheck:
    """The check of one flow, which can be made again: what only hangs on the flow is looked at once.

    Args:
        flow: The flow.
        specs: Node type → spec, of the types that are defined here.
        runners: Names of the runners that are here; None does not compare.
    """

    def __init__(
        self,
        flow: FlowSpec,
        specs: Mapping[str, NodeSpec],
        *,
        runners: Collection[str] | None = None,
    ) -> None:
        self.flow = flow
        self._outline = FlowOutline(flow, specs)
        self._runners = runners

    def run(
        self,
        parameters: Mapping[str, Any] | None = None,
        check_config: CheckConfig | None = None,
    ) -> tuple[Diagnostic, ...]:
        """Return all findings of now; configs may name what changes, such as files.

        Args:
            parameters: As `check_flow` takes them.
            check_config: As `check_flow` takes it.
        """
        found = (
            *_check_content(self.flow),
            *check_parameters(self.flow, parameters),
            *self._about_nodes,
            *check_configs(self._outline, check_config, _known_values(self.flow, parameters)),
            *self._about_wiring,
        )
        return tuple(_soften(found, self._disabled)) if self._disabled else found

    @cached_property
    def _disabled(self) -> Collection[str]:
        return {node.id for node in self.flow.nodes if node.disabled}

    @cached_property
    def _about_nodes(self) -> tuple[Diagnostic, ...]:
        return (
            *check_limits(self.flow),
            *_check_nodes(self._outline, self._runners),
            *check_attempts(self._outline),
            *check_secrets(self.flow, self._outline.specs),
        )

    @cached_property
    def _about_wiring(self) -> tuple[Diagnostic, ...]:
        outline = self._outline
        return (*check_inputs(outline), *check_edges(outline), *check_cycles(outline))


def _check_content(flow: FlowSpec) -> Iterator[Diagnostic]:
    if not flow.nodes:
        yield find(
            "flow.nothing_to_run",
            "The flow has no nodes yet.",
            "Add one from the palette, or with flow.add(…).",
        )
    elif all(node.disabled for node in flow.nodes):
        yield find(
            "flow.nothing_to_run", "All nodes of the flow are disabled.", "Enable one of them."
        )


def _known_values(flow: FlowSpec, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    defaults = {each.name: each.default for each in flow.parameters if each.has_default}
    return {**defaults, **(parameters or {})}


def _check_nodes(outline: FlowOutline, runners: Collection[str] | None) -> Iterator[Diagnostic]:
    for node in outline.flow.nodes:
        spec = outline.specs.get(node.type)
        if spec is None:
            yield _describe_unknown(outline, node)
            continue
        if spec.unavailable:
            yield find(
                "node.unavailable", f"{node.type} cannot run here: {spec.unavailable}", node=node.id
            )
        asked = node.runner or spec.runner
        if runners is not None and asked is not None and asked not in runners:
            yield find(
                "node.unknown_runner",
                f"{node.id} asks for the runner {asked}, which is not here.",
                f"The runners are: {', '.join(runners)}.",
                node=node.id,
                field="runner",
            )


def _describe_unknown(outline: FlowOutline, node: NodeEntry) -> Diagnostic:
    near = suggest_names(node.type, outline.specs, what="node types")
    return find(
        "node.unknown_type",
        f"The node type {node.type!r} of {node.id} is not defined here.",
        f"Run the cell that defines it, or import its module. {near}",
        node=node.id,
    )


def _soften(found: Iterable[Diagnostic], disabled: Collection[str]) -> Iterator[Diagnostic]:
    for each in found:
        if each.place.node in disabled and each.code != "node.unknown_type":
            yield each.model_copy(update={"severity": Severity.WARNING})
        else:
            yield each

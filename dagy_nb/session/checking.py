"""Flows and the node types of now in, what a check finds in them out; nothing runs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from dagy_nb.engine.inner import MAX_DEPTH
from dagy_nb.errors import CheckFailed, ConfigError
from dagy_nb.model.diagnostic import Diagnostic, Severity
from dagy_nb.model.expression import find_texts, resolve_value
from dagy_nb.nodes.composite import CompositeNode
from dagy_nb.session.inner import dump_config, find_inner_problems
from dagy_nb.session.planning import Planner

if TYPE_CHECKING:
    from dagy_nb.abc import Runner
    from dagy_nb.model.flow import FlowSpec
    from dagy_nb.model.spec import NodeSpec
    from dagy_nb.nodes.base import FlowNode
    from dagy_nb.nodes.registry import Registry


class CheckedFlows:
    """Checks flows with the node types and the runners of a session.

    Args:
        registry: Which node types there are.
        runners: Runner name → runner.
    """

    def __init__(self, registry: Registry, runners: Mapping[str, Runner]) -> None:
        self.registry = registry
        self.runners = dict(runners)
        self._planner = Planner()

    def adopt(self, node_class: type[FlowNode]) -> str:
        """Make sure that a class is registered, and return its type's name.

        Raises:
            DefinitionError: `node.no_execute` for a class that cannot run.
            NameTaken: Another origin has this name.
        """
        spec = vars(node_class).get("spec")
        if spec is None or self.registry.snapshot().classes.get(spec.type) is not node_class:
            self.registry.register(node_class)
        return node_class.spec.type

    def check(self, flow: FlowSpec, *, inside: tuple[str, ...] = ()) -> list[Diagnostic]:
        """Return what a check of the flow finds with the node types of now.

        Args:
            flow: The flow.
            inside: The types of the nodes inside which the flow would run, the outermost first.
        """
        check = self._planner.find_check(flow, self.registry.snapshot(), self.runners)
        check_config = partial(self._find_config_problems, inside=inside)
        return list(check.run(check_config=check_config))

    def refuse_config(self, type_name: str, node_id: str, config: Mapping[str, Any]) -> None:
        """Raise where config values do not fit; fields that are expressions wait for the run.

        Raises:
            ConfigError: `config.invalid`.
        """
        known = {
            key: resolve_value(value, {})
            for key, value in config.items()
            if not _waits_for_run(value)
        }
        open_fields = config.keys() - known.keys()
        problems = [
            (place, words)
            for place, words in self._find_config_problems(type_name, known)
            if place.split(".")[0] not in open_fields
        ]
        if problems:
            told = "; ".join(f"{at}: {words}" if at else words for at, words in problems)
            raise ConfigError(f"The config of {node_id} does not fit: {told}.", problems=problems)

    def refuse_errors(self, flow: FlowSpec) -> None:
        """Raise where a check finds errors.

        Raises:
            CheckFailed: `flow.check_failed`.
        """
        found = self.check(flow)
        errors = [each for each in found if each.severity is Severity.ERROR]
        if errors:
            lines = "\n".join(f"  {each}" for each in errors[:10])
            more = f"\n  … and {len(errors) - 10} more" if len(errors) > 10 else ""
            raise CheckFailed(
                f"Flow {flow.name!r} cannot run:\n{lines}{more}\n",
                diagnostics=found,
                suggestion="Mend these first.",
            )

    def hide_secrets(self, flow: FlowSpec) -> FlowSpec:
        """Return a flow as it is recorded: a mask stands for each secret of its configs."""
        return self._planner.find_recorded(flow, self.registry.snapshot(), self.runners)

    def list_specs(self, flow: FlowSpec) -> dict[str, NodeSpec]:
        """Return the specs of a flow's node types by name, of those that are known."""
        specs = self.registry.snapshot().specs
        return {node.type: specs[node.type] for node in flow.nodes if node.type in specs}

    def _find_config_problems(
        self, type_name: str, config: Mapping[str, Any], *, inside: tuple[str, ...] = ()
    ) -> list[tuple[str, str]]:
        now = self.registry.snapshot()
        node_class = now.classes.get(type_name)
        if node_class is None:
            return []
        try:
            node = node_class.create(config)
        except ConfigError as error:
            return list(error.problems)
        if not issubclass(node_class, CompositeNode):
            return []
        if len(inside) >= MAX_DEPTH or (type_name in inside and not node_class.nests_in_itself):
            return [("", f"it runs itself: {' → '.join((*inside, type_name))}")]
        check = partial(self.check, inside=(*inside, type_name))
        return find_inner_problems(node_class, dump_config(node), now.specs, check)


def _waits_for_run(value: object) -> bool:
    """Say whether a config value holds an expression, or what only looks like one, at any depth."""
    return any("${" in text.replace("$${", "") for _, text in find_texts(value))

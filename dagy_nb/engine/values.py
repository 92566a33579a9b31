"""Outputs of finished nodes in, inputs of the next ones out: the only place that holds a run's values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagy_nb.abc import Conversion, NodeCall
from dagy_nb.model.connector import Cardinality

if TYPE_CHECKING:
    from dagy_nb.engine.plan import Plan, Step
    from dagy_nb.engine.wires import Binding

Conversions = tuple[Conversion | None, ...]


class RunValues:
    """The values of one run, by node and output."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._values: dict[str, Mapping[str, Any]] = {}

    def keep(self, node_id: str, outputs: Mapping[str, Any]) -> None:
        """Take over a node's outputs."""
        self._values[node_id] = outputs

    def drop(self, node_id: str) -> None:
        """Let go of a node's outputs."""
        self._values.pop(node_id, None)

    def clear(self) -> None:
        """Let go of everything."""
        self._values.clear()

    def read(self) -> dict[str, Any]:
        """Return `node.output` → value of everything that is held now."""
        return {
            f"{node_id}.{name}": value
            for node_id, outputs in list(self._values.items())
            for name, value in outputs.items()
        }

    def make_call(self, step: Step, attempt: int) -> NodeCall:
        """Return the call of a step whose producers have ended."""
        inputs: dict[str, Any] = {}
        conversions: dict[str, Conversions] = {}
        for binding in step.bindings:
            inputs[binding.input], needed = self._gather(binding)
            if binding.is_given:
                value: Any = step.given.get(binding.input)
                inputs[binding.input] = value
                is_many = binding.cardinality is Cardinality.MANY and value is not None
                needed = (binding.conversion,) * (len(value) if is_many else 1)
            if any(needed):
                conversions[binding.input] = needed
        return NodeCall(
            run_id=self._plan.run_id,
            node_id=step.node_id,
            attempt=attempt,
            node_class=step.node_class,
            config=step.config,
            inputs=inputs,
            parameters=self._plan.parameters,
            artifacts=self._plan.artifacts,
            timeout=step.timeout,
            memory_mb=step.memory_mb,
            conversions=conversions,
        )

    def _gather(self, binding: Binding) -> tuple[Any, Conversions]:
        live = [
            each for each in binding.sources if each.output in self._values.get(each.node_id, ())
        ]
        values = [self._values[each.node_id][each.output] for each in live]
        conversions = tuple(each.conversion for each in live)
        if binding.cardinality is Cardinality.MANY:
            return values, conversions
        return (values[0] if values else None), conversions

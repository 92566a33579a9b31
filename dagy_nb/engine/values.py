"""Outputs of finished nodes in, inputs of the next ones out: the only place that holds a run's values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dagy_nb.abc import Conversion, NodeCall
from dagy_nb.engine.kept_values import KeptValues
from dagy_nb.errors import UnknownOutput
from dagy_nb.model.connector import Cardinality
from dagy_nb.model.frozen import thaw
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.quick import make_quick

if TYPE_CHECKING:
    from dagy_nb.engine.plan import Plan, Step
    from dagy_nb.engine.wires import Binding, Source

_make_call = make_quick(NodeCall)
_MANY = Cardinality.MANY
Conversions = tuple[Conversion | None, ...]


class _OnDisk:
    """Stands in a text for a value that was not read."""

    def __repr__(self) -> str:
        return "<kept on disk>"


_ON_DISK = _OnDisk()


class RunOutputs(Mapping[str, Any]):
    """`node.output` → value; what is kept on disk is read when it is first asked for.

    Args:
        values: Node id → output → value.
    """

    def __init__(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        node_id, _, output = name.partition(".")
        try:
            return self._values[node_id][output]
        except KeyError:
            raise self._refuse(name) from None

    def __iter__(self) -> Iterator[str]:
        for node_id, outputs in self._values.items():
            for name in outputs:
                yield f"{node_id}.{name}"

    def __len__(self) -> int:
        return sum(map(len, self._values.values()))

    def __contains__(self, name: object) -> bool:
        node_id, _, output = str(name).partition(".")
        return output in self._values.get(node_id, ())

    def __repr__(self) -> str:
        shown = {
            f"{node_id}.{name}": getattr(outputs, "loaded", outputs).get(name, _ON_DISK)
            for node_id, outputs in self._values.items()
            for name in outputs
        }
        return repr(shown)

    def _refuse(self, name: str) -> UnknownOutput:
        return UnknownOutput(
            f"The run has no value {name!r}: outputs are there of nodes that completed.",
            suggestion=suggest_names(name, self, what="outputs"),
        )

    def of(self, node_id: str) -> Mapping[str, Any]:
        """Return output → value of one node."""
        return self._values.get(node_id, {})


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

    def spill(self, node_id: str, kept: KeptValues | None) -> None:
        """Let go of values that can be read from where they are kept.

        Args:
            node_id: The node.
            kept: Its outputs there; None leaves the node's own where they are not.
        """
        held = self._values.get(node_id)
        if isinstance(held, KeptValues):
            held.forget()
        elif held is not None and kept is not None:
            self._values[node_id] = kept

    def clear(self) -> None:
        """Let go of everything."""
        self._values.clear()

    def read(self) -> RunOutputs:
        """Return `node.output` → value of everything that is held now; kept ones are read when asked for."""
        return RunOutputs(dict(self._values))

    def of(self, node_id: str) -> Mapping[str, Any] | None:
        """Return a node's outputs where they are held."""
        return self._values.get(node_id)

    def walk(self, step: Step) -> Iterator[tuple[Source, Any]]:
        """Yield what leads into a step with the value that it brings."""
        for binding in step.bindings:
            for source in binding.sources:
                held = self._values.get(source.node_id)
                if held is not None and source.output in held:
                    yield source, held[source.output]

    def make_call(self, step: Step, attempt: int) -> NodeCall:
        """Return the call of a step whose producers have ended."""
        inputs: dict[str, Any] = {}
        conversions: dict[str, Conversions] = {}
        for binding in step.bindings:
            inputs[binding.input], needed = self._gather(binding)
            if binding.is_given:
                value: Any = step.given.get(binding.input)
                inputs[binding.input] = value
                is_many = binding.cardinality is _MANY and value is not None
                needed = (binding.conversion,) * (len(value) if is_many else 1)
            if needed and any(needed):
                conversions[binding.input] = needed
        return _make_call(
            run_id=self._plan.run_id,
            node_id=step.node_id,
            attempt=attempt,
            node_class=step.node_class,
            # A body may change what it gets; the plan's own config is for every attempt and run.
            config=thaw(step.config) if step.config else step.config,
            inputs=inputs,
            parameters=self._plan.parameters,
            artifacts=self._plan.artifacts,
            timeout=step.timeout,
            memory_mb=step.memory_mb,
            conversions=conversions,
            secret_outputs=step.secret_outputs,
        )

    def _gather(self, binding: Binding) -> tuple[Any, Conversions]:
        sources, is_many = binding.sources, binding.cardinality is _MANY
        if len(sources) == 1 and not is_many and sources[0].conversion is None:  # nearly all are
            source = sources[0]
            held = self._values.get(source.node_id)
            if held is None or source.output not in held:
                return None, ()
            return held[source.output], ()
        live = [each for each in sources if each.output in self._values.get(each.node_id, ())]
        values = [self._values[each.node_id][each.output] for each in live]
        conversions = tuple(each.conversion for each in live)
        if is_many:
            return values, conversions
        return (values[0] if values else None), conversions

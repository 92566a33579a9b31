"""The values that enter a node in, kept for `replay` out: the wire tap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from dagy_nb.engine.content import Content, HoldsSecret, NoDigest, digest_value
from dagy_nb.engine.secrecy import find_secret_config
from dagy_nb.engine.wires import Source
from dagy_nb.errors import StoreError
from dagy_nb.model.connector import Cardinality
from dagy_nb.model.kept import KeptInputs, KeptValue, Packed

if TYPE_CHECKING:
    from dagy_nb.abc import Conversion
    from dagy_nb.engine.output_store import OutputStore
    from dagy_nb.engine.plan import Plan, Step
    from dagy_nb.engine.wires import Binding

MAX_BYTES = 256_000_000

Place = tuple[str, str]
"""Node id and output."""

WasSo = Callable[[Source, Any, Content], bool]
"""Source, its value and its content now → whether it surely was the same when the node got it."""


class Tap:
    """Keeps what enters the nodes of one run; any thread may use it.

    Args:
        plan: The run's plan.
        outputs: Where it is kept.
        now: Seconds since the epoch, UTC.
    """

    def __init__(self, plan: Plan, outputs: OutputStore, now: Callable[[], float]) -> None:
        self._plan = plan
        self._outputs = outputs
        self._now = now
        self._secrets = {
            (step.node_id, name) for step in plan.steps for name in step.secret_outputs
        }
        if plan.hides_given:
            self._secrets |= {
                (source.node_id, source.output)
                for step in plan.steps
                for source, _ in walk_given(step)
            }

    def pack(
        self, step: Step, attempt: int, values: Mapping[tuple[str, str], Any], was_so: WasSo
    ) -> Callable[[], None]:
        """Turn what enters a step into bytes now; return what writes them later.

        Args:
            step: The step.
            attempt: Which attempt.
            values: Node id and output → value; also of what `walk_given` tells.
            was_so: Says whether a value surely is what the node got.
        """
        packing = _Packing(self._outputs, self._secrets, was_so)
        for binding in step.bindings:
            packing.take(binding.input, _list_sources(step, binding), values)
        secret = set(_find_secret_fields(step))
        config = {name: each for name, each in step.config.items() if name not in secret}
        kept = KeptInputs(
            run_id=self._plan.run_id,
            node_id=step.node_id,
            attempt=attempt,
            node_type=step.spec.type,
            node_version=step.spec.version,
            at=self._now(),
            inputs=packing.inputs,
            many=tuple(
                each.input for each in step.bindings if each.cardinality is Cardinality.MANY
            ),
            config=to_jsonable_python(config, fallback=repr),
            secret_config=tuple(sorted(secret)),
            parameters=to_jsonable_python(self._plan.recorded_parameters, fallback=repr),
            conversions=packing.conversions,
            left_out=packing.left_out,
            touched=tuple(packing.touched),
        )
        return partial(self._outputs.tap, kept, tuple(packing.packed))


class _Packing:
    """The inputs of one step on their way into bytes."""

    def __init__(self, outputs: OutputStore, secrets: set[tuple[str, str]], was_so: WasSo) -> None:
        self._outputs = outputs
        self._secrets = secrets
        self._was_so = was_so
        self._size = 0
        self.packed: list[Packed] = []
        self.inputs: dict[str, tuple[KeptValue, ...]] = {}
        self.conversions: dict[str, Any] = {}
        self.left_out: dict[str, str] = {}
        self.touched: dict[str, None] = {}

    def take(self, name: str, sources: Sequence[Source], values: Mapping[Place, Any]) -> None:
        """Pack what enters one input."""
        live = [each for each in sources if (each.node_id, each.output) in values]
        made = []
        for source in live:
            value = values[source.node_id, source.output]
            packed = self._pack(name, source, value)
            if packed is None:
                return
            made.append(packed)
        self.packed += made
        self.inputs[name] = tuple(each.value for each in made)
        if any(each.conversion for each in live):
            self.conversions[name] = [_write(each.conversion) for each in live]

    def _pack(self, name: str, source: Source, value: Any) -> Packed | None:
        if (source.node_id, source.output) in self._secrets:
            self.left_out[name] = "it is secret"
            return None
        content = self._look(name, source, value)
        if name in self.left_out:
            return None
        if _measure(value) + self._size > MAX_BYTES:
            self.left_out[name] = f"it is larger than {MAX_BYTES / 1e6:,.0f} MB"
            return None
        try:
            packed = self._outputs.pack(value, content)
        except StoreError as error:
            self.left_out[name] = error.reason
            return None
        self._size += packed.value.size
        return packed

    def _look(self, name: str, source: Source, value: Any) -> Content | None:
        """Return a value's content, and note whether it surely is what the node got."""
        try:
            content = digest_value(value)
        except HoldsSecret as error:
            self.left_out[name] = f"it {error}"
            return None
        except NoDigest:
            self.touched[name] = None
            return None
        if not self._was_so(source, value, content):
            self.touched[name] = None
        return content


def walk_given(step: Step) -> Iterator[tuple[Source, Any]]:
    """Yield what a step inside another node is given by that node, each value as from a source of its own."""
    for binding in step.bindings:
        if binding.is_given:
            yield from _walk_given(step, binding)


def _walk_given(step: Step, binding: Binding) -> Iterator[tuple[Source, Any]]:
    given = step.given.get(binding.input)
    is_many = binding.cardinality is Cardinality.MANY
    values = [] if given is None else given if is_many else [given]
    for number, value in enumerate(values):
        name = f"{binding.input} {number}"
        yield Source(node_id="", output=name, conversion=binding.conversion), value


def _list_sources(step: Step, binding: Binding) -> Sequence[Source]:
    if binding.is_given:
        return [source for source, _ in _walk_given(step, binding)]
    return binding.sources


def _find_secret_fields(step: Step) -> Iterator[str]:
    """Yield the config fields that are secrets, or hold one."""
    try:
        config = step.node_class.create(step.config).config
    except Exception:  # noqa: BLE001 - a config's own checks may raise anything: then nothing is told
        yield from step.config
        return
    hidden = find_secret_config(step)
    yield from hidden
    for name in step.config.keys() - hidden:
        try:
            digest_value(getattr(config, name, None))
        except HoldsSecret:
            yield name
        except NoDigest:
            continue


def _measure(value: Any) -> int:
    """Return about how many bytes a value has, where it says so itself."""
    usage = getattr(value, "memory_usage", None)
    if callable(usage):
        try:
            total = usage()
            return int(total.sum() if hasattr(total, "sum") else total)
        except Exception:  # noqa: BLE001 - a foreign class may mean something else by it
            return 0
    size = getattr(value, "nbytes", 0)
    return size if isinstance(size, int) else 0


def _write(conversion: Conversion | None) -> list[list[str]] | None:
    if conversion is None:
        return None
    return [[str(each) for each in conversion.sources], [str(each) for each in conversion.targets]]

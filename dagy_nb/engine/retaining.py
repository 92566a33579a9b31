"""What a node made in, its contents noted and its values on their way to be kept out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dagy_nb.engine.content import Content, NoDigest, digest_value
from dagy_nb.engine.edits import list_edits
from dagy_nb.engine.identity import Found, Identity
from dagy_nb.engine.ingredients import hash_own_key, refuse_keeping, refuse_reuse
from dagy_nb.engine.weight import is_fixed, is_light
from dagy_nb.errors import StoreError
from dagy_nb.model.kept import KeptOutputs

if TYPE_CHECKING:
    from dagy_nb.engine.output_store import OutputStore
    from dagy_nb.engine.plan import Plan, Step
    from dagy_nb.engine.values import RunValues
    from dagy_nb.model.event import Preview
    from dagy_nb.model.kept import Packed

_Shared = tuple[str, Any, Content, bool]
"""An input, its value now, its content when it was looked at, and whether it is secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What one node made.

    Attributes:
        step: The node.
        outputs: Output connector → value.
        previews: Output connector → bounded look at it.
        identity: What it was made of; None where that cannot be told.
        seconds: How long it took.
        at: When, in seconds since the epoch, UTC.
        holds_failures: Something that it ran inside itself failed.
    """

    step: Step
    outputs: Mapping[str, Any]
    previews: Mapping[str, Preview]
    identity: Identity | None
    seconds: float
    at: float
    holds_failures: bool = False

    def with_outputs(self, outputs: Mapping[str, Any]) -> Made:
        """Return the same with other values."""
        return replace(self, outputs=outputs)

    def with_identity(self, identity: Identity) -> Made:
        """Return the same, knowing what it was made of."""
        return replace(self, identity=identity)


@dataclass(slots=True)
class Writing:
    """Bytes on their way to where they are kept: called, it writes them.

    Attributes:
        outputs: Where they are kept.
        kept: What is noted of them.
        packed: The bytes; let go of when they are written.
        check: Called before; where it raises, nothing is written.
        is_done: They are written.
    """

    outputs: OutputStore
    kept: KeptOutputs
    packed: tuple[Packed, ...]
    check: Callable[[], None]
    is_done: bool = False

    def __call__(self) -> None:
        """Write."""
        packed, check = self.packed, self.check
        self.packed, self.check = (), _do_nothing  # let go of, even where it cannot be written
        check()
        self.outputs.put(self.kept, packed)
        self.is_done = True


class Retainer:
    """Turns what the nodes of one run made into what is kept; any thread may use it.

    Args:
        plan: The run's plan.
        outputs: Where it is kept.
        values: The run's values; where they are given, nothing is kept of a node of which one was changed
            in place after it had been looked at.
    """

    def __init__(self, plan: Plan, outputs: OutputStore, values: RunValues | None = None) -> None:
        self._plan = plan
        self._outputs = outputs
        self._values = values
        self._steps = plan.steps.by_id
        self._handing: set[str] = set()

    def name_key(self, step: Step, identity: Identity, *, is_own: bool = False) -> str:
        """Return under which key a step's outputs are kept.

        Args:
            step: The step.
            identity: What they are made of.
            is_own: Whether no other run may take them but one that goes on with this one.
        """
        key = identity.key
        return hash_own_key(key, self._plan.run_id) if is_own or refuse_reuse(step) else key

    def note_shared(self, made: Made) -> None:
        """Note that a node handed on what others have too; to be called before its inputs are let go of."""
        made_here = [each for each in made.outputs.values() if not is_fixed(each)]
        if not made_here or self._values is None:
            return
        if any(
            value is each and self._is_shared(self._steps[source.node_id])
            for source, value in self._values.walk(made.step)
            for each in made_here
        ):
            self._handing.add(made.step.node_id)

    def read(self, made: Made) -> dict[str, Found]:
        """Return output connector → content, or why it has none."""
        secret = made.step.secret_outputs
        return {
            name: self._read_one(value, hide=name in secret) for name, value in made.outputs.items()
        }

    def pack(self, made: Made, contents: Mapping[str, Found]) -> Writing | None:
        """Turn values into bytes now; return what writes them later, None where they must not be kept.

        Of a node that ran elsewhere the key tells the text that is loaded here, maybe not the one that ran.

        Raises:
            StoreError: A value cannot be turned into bytes; `outputs.changed`.
        """
        identity = made.identity
        if identity is None or refuse_keeping(made.step) or list_edits(made.step):
            return None
        told = dict(_require_told(made, contents))
        shared = list(self._list_shared(made, identity))
        self._refuse_changed(made, (each for each in shared if is_light(each[1])))
        heavy = [each for each in shared if not is_light(each[1])]
        packed = {
            name: self._outputs.pack(value, told[name]) for name, value in made.outputs.items()
        }
        kept = KeptOutputs(
            key=self.name_key(made.step, identity, is_own=made.holds_failures),
            recipe=identity.recipe,
            flow=self._plan.flow,
            node_id=made.step.node_id,
            run_id=self._plan.run_id,
            at=made.at,
            seconds=made.seconds,
            outputs={name: each.value for name, each in packed.items()},
            previews=made.previews,
            ingredients=identity.ingredients,
        )
        check = partial(self._refuse_changed, made, heavy) if heavy else _do_nothing
        return Writing(self._outputs, kept, tuple(packed.values()), check)

    def read_value(self, value: Any) -> Found:
        """Return the content of one value, or why it has none."""
        return self._read_one(value, hide=False)

    def _list_shared(self, made: Made, identity: Identity) -> Iterator[_Shared]:
        """Yield what entered a node, and may have been changed in place since it was looked at."""
        for name, parts in identity.entered.items():
            for source, content in parts:
                producer = self._steps[source.node_id]
                if not (self._is_shared(producer) or made.step.retries):
                    continue  # nobody else had it
                held = self._values.of(source.node_id) if self._values is not None else None
                loaded = getattr(held, "loaded", held) or {}
                value = loaded.get(source.output)
                if not (is_fixed(value) or content.files):
                    yield name, value, content, source.output in producer.secret_outputs

    def _is_shared(self, step: Step) -> bool:
        return len(step.consumers) > 1 or step.node_id in self._handing

    def _refuse_changed(self, made: Made, shared: Iterable[_Shared]) -> None:
        for name, value, content, hide in shared:
            if self._read_one(value, hide=hide) != content:
                raise StoreError(
                    f"What {made.step.node_id} made is not kept: its input `{name}` was changed in place.",
                    code="outputs.changed",
                    suggestion=f"Copy a value before you change it: `{name} = {name}.copy()`.",
                )

    def _read_one(self, value: Any, *, hide: bool) -> Found:
        try:
            content = digest_value(value, folder=self._plan.artifacts)
        except NoDigest as error:
            return str(error)
        return Content(self._outputs.veil(content.digest)) if hide else content


def _require_told(made: Made, contents: Mapping[str, Found]) -> Iterator[tuple[str, Content]]:
    for name, each in contents.items():
        if isinstance(each, str):
            raise StoreError(
                f"What {made.step.node_id} made is not kept: its output `{name}` {each}.",
                code="outputs.unhashable",
                suggestion="Return plain values, tables, arrays, or objects that can be pickled.",
            )
        yield name, each


def _do_nothing() -> None:
    """Find nothing wrong."""

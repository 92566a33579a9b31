"""Steps of a plan and the contents of their outputs in, what each step is made of and its key out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic.types import Secret

from dagy_nb.engine.content import Content
from dagy_nb.engine.ingredients import (
    NotReusable,
    gather_fixed,
    gather_inputs,
    hash_key,
)
from dagy_nb.engine.word import word
from dagy_nb.model.kept import Ingredients

if TYPE_CHECKING:
    from dagy_nb.engine.plan import Plan, Step
    from dagy_nb.engine.wires import Source

Found = Content | str
"""The content of an output, or why it has none, with `it` for the value."""

Find = Callable[[str, str], Found | None]
"""Node id and output → its content; None where it has no value."""


@word()
class Identity:
    """What a step is made of.

    Attributes:
        fixed: What decides its outputs apart from what enters it.
        entered: What enters it.
        recipe: The hash of `fixed`.
        key: The hash of all.
    """

    fixed: Ingredients
    entered: Mapping[str, Sequence[tuple[Source, Content]]]
    recipe: str
    key: str

    @property
    def ingredients(self) -> Ingredients:
        """All that decides its outputs."""
        return replace(self.fixed, inputs=gather_inputs(self.entered))


class Identities:
    """Finds out what the steps of one plan are made of; any thread may use it.

    Args:
        plan: The plan.
        veil: Hashes secrets so that the hash says nothing.

    Attributes:
        steps: Node id → step.
    """

    def __init__(self, plan: Plan, veil: Callable[[str], str]) -> None:
        self.steps = plan.steps.by_id
        given = plan.parameters
        secret = {name: Secret(given[name]) for name in plan.secret_parameters if name in given}
        self._parameters = {**given, **secret}
        self._veil = veil
        self._fixed: dict[Hashable, tuple[Ingredients, str]] = {}

    def fixed(self, step: Step) -> tuple[Ingredients, str]:
        """Return what decides a step's outputs apart from what enters it, and the hash of that.

        Raises:
            NotReusable: It cannot be told apart from others.
        """
        cls = step.node_class
        is_own = bool(step.config) or step.inner is not None or cls.traits.default_config is None
        known = self._fixed.get(step.node_id if is_own else cls) or self._fixed.get(step.node_id)
        if known is None:
            known = gather_fixed(step, self._parameters, self._veil)
            # Of steps that have nothing of their own, one stands for all of its class, but for what files
            # hold: a step between them may write those.
            is_own = is_own or any(each.files for each in known[0].config.values())
            self._fixed[step.node_id if is_own else cls] = known
        return known

    def identify(self, step: Step, find: Find) -> Identity:
        """Return what a step is made of, given the contents of the outputs that lead into it.

        Raises:
            NotReusable: It cannot be told apart from others.
        """
        fixed, recipe = self.fixed(step)
        entered = _find_entered(step, find)
        return Identity(fixed, entered, recipe, hash_key(recipe, entered))


def _find_entered(step: Step, find: Find) -> Mapping[str, Sequence[tuple[Source, Content]]]:
    entered = {}
    for binding in step.bindings:
        if binding.is_given:
            raise NotReusable("it stands inside another node")
        parts = []
        for source in binding.sources:
            found = find(source.node_id, source.output)
            if isinstance(found, str):
                raise NotReusable(f"what enters `{binding.input}` {found}")
            if found is not None:
                parts.append((source, found))
        entered[binding.input] = parts
    return entered

"""The steps of a plan in, the same steps knowing which of their outputs are secret out.

An output is secret where its connector says so, and where a secret may have come through: a node that hands
on what it is given (Branch, Merge, Map, a sub-flow …) makes no secret less so. What a user's own node makes
of a secret is as secret as it declares.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import replace
from typing import Any, Protocol, TypeVar, cast

from dagy_nb.engine.contract import find_secret_outputs
from dagy_nb.engine.wires import Binding
from dagy_nb.model.datatype import DataType
from dagy_nb.model.spec import NodeSpec
from dagy_nb.nodes.base import FlowNode

Place = tuple[str, str]
"""Node id and connector."""


class _Step(Protocol):
    """What is asked of a `dagy_nb.engine.plan.Step`."""

    @property
    def node_id(self) -> str: ...
    @property
    def node_class(self) -> type[FlowNode]: ...
    @property
    def spec(self) -> NodeSpec: ...
    @property
    def bindings(self) -> tuple[Binding, ...]: ...
    @property
    def inner(self) -> Any: ...
    @property
    def is_sink(self) -> bool: ...
    @property
    def secret_outputs(self) -> frozenset[str]: ...


S = TypeVar("S", bound=_Step)


def mark_secrets(steps: Iterable[S], *, given: bool = False) -> tuple[S, ...]:
    """Return the steps with their secret outputs.

    Args:
        steps: Producers before consumers.
        given: What comes in from outside the flow is secret.
    """
    marked: list[S] = []
    secret: set[Place] = set()
    for step in steps:
        each = _mark(step, secret, given=given)
        secret.update((each.node_id, name) for name in each.secret_outputs)
        marked.append(each)
    return tuple(marked)


def _mark(step: S, secret: Set[Place], *, given: bool) -> S:
    declared = find_secret_outputs(step.node_class)
    takes_secret = (bool(secret) or given) and _takes_secret(step, secret, given=given)
    inner = _mark_inner(step.inner, given=takes_secret)
    if step.node_class.passes_values and (takes_secret or _ends_secret(inner)):
        declared |= _list_values(step)
    if not declared and inner is step.inner:
        return step
    return cast("S", replace(cast("Any", step), secret_outputs=declared, inner=inner))


def _takes_secret(step: _Step, secret: Set[Place], *, given: bool) -> bool:
    return any(
        (binding.is_given and given)
        or any((source.node_id, source.output) in secret for source in binding.sources)
        for binding in step.bindings
    )


def _mark_inner(inner: Any, *, given: bool) -> Any:
    # Without secrets from outside, the inner plan was marked when it was made.
    return replace(inner, steps=mark_secrets(inner.steps, given=True)) if inner and given else inner


def _ends_secret(inner: Any) -> bool:
    return inner is not None and any(each.is_sink and each.secret_outputs for each in inner.steps)


def _list_values(step: _Step) -> frozenset[str]:
    """Return the outputs that carry a value; errors tell of it, and hide what they would quote."""
    return frozenset(
        each.name for each in step.spec.outputs if DataType.ERROR not in each.data_types
    )

"""The steps of a plan in, the same steps knowing which of their outputs are secret out.

An output is secret where its connector says so, and where a secret may have come through: a node that hands
on what it is given (Branch, Merge, Map, a sub-flow …) makes no secret less so. What a user's own node makes
of a secret is as secret as it declares.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import replace
from weakref import WeakKeyDictionary

from dagy_nb.checks.secrets import find_secrets, may_keep_secrets
from dagy_nb.engine.contract import find_secret_outputs
from dagy_nb.engine.plan import Plan, Step, Steps
from dagy_nb.model.datatype import DataType

Place = tuple[str, str]
"""Node id and connector."""


_MAY_KEEP: WeakKeyDictionary[type, bool] = WeakKeyDictionary()


def find_secret_config(step: Step) -> frozenset[str]:
    """Return the names of the config fields of a step that hold secrets, by what their schemas say."""
    may_keep = _MAY_KEEP.get(step.node_class)
    if may_keep is None:
        may_keep = _MAY_KEEP[step.node_class] = may_keep_secrets(step.spec.config_schema)
    if not may_keep or not step.config:
        return frozenset()
    inside = step.inner.steps.specs if step.inner is not None else {}
    specs = {**inside, step.spec.type: step.spec}
    found = find_secrets(step.spec.type, step.config, specs)
    return frozenset(path.partition(".")[0] for path, _ in found)


def mark_secrets(steps: Iterable[Step], *, given: bool = False) -> Steps:
    """Return the steps with their secret outputs.

    Args:
        steps: Producers before consumers.
        given: What comes in from outside the flow is secret.
    """
    marked: list[Step] = []
    secret: set[Place] = set()
    for step in steps:
        each = _mark(step, secret, given=given)
        secret.update((each.node_id, name) for name in each.secret_outputs)
        marked.append(each)
    return Steps(marked)


def _mark(step: Step, secret: Set[Place], *, given: bool) -> Step:
    declared = find_secret_outputs(step.node_class)
    takes_secret = (bool(secret) or given) and _takes_secret(step, secret, given=given)
    inner = _mark_inner(step.inner, given=takes_secret)
    if step.node_class.passes_values and (takes_secret or _ends_secret(inner)):
        declared |= _list_values(step)
    if not declared and inner is step.inner:
        return step
    return replace(step, secret_outputs=declared, inner=inner)


def _takes_secret(step: Step, secret: Set[Place], *, given: bool) -> bool:
    return any(
        (binding.is_given and given)
        or any((source.node_id, source.output) in secret for source in binding.sources)
        for binding in step.bindings
    )


def _mark_inner(inner: Plan | None, *, given: bool) -> Plan | None:
    # Without secrets from outside, the inner plan was marked when it was made.
    if inner is None or not given:
        return inner
    return replace(inner, steps=mark_secrets(inner.steps, given=True), hides_given=True)


def _ends_secret(inner: Plan | None) -> bool:
    return inner is not None and any(each.is_sink and each.secret_outputs for each in inner.steps)


def _list_values(step: Step) -> frozenset[str]:
    """Return the outputs that carry a value; errors tell of it, and hide what they would quote."""
    return frozenset(
        each.name for each in step.spec.outputs if DataType.ERROR not in each.data_types
    )

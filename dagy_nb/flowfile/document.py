"""A `FlowSpec` in, the plain document that its text says out, in one fixed order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from dagy_nb.errors import FlowTextError
from dagy_nb.flowfile.attempts import describe_retry
from dagy_nb.flowfile.scalars import write_scalar
from dagy_nb.model.flow import FailurePolicy, FlowSpec, NodeEntry, ParameterSpec
from dagy_nb.model.frozen import thaw
from dagy_nb.model.retry import Trigger

_MAX_KEY = 1_000


def make_document(flow: FlowSpec) -> dict[str, Any]:
    """Return the flow as dicts, lists and scalars; fields at their default are left out.

    Raises:
        FlowTextError: `text.unwritable` for a value without a YAML form.
    """
    document: dict[str, Any] = {"format": flow.format, "name": flow.name}
    if flow.description:
        document["description"] = flow.description
    if flow.failure_policy is not FailurePolicy.CONTINUE:
        document["failure_policy"] = flow.failure_policy.value
    document |= _limits(timeout=flow.timeout, node_timeout=flow.node_timeout)
    if flow.backend is not None:
        document["backend"] = flow.backend
    if flow.parameters:
        document["parameters"] = {each.name: _declare(each) for each in flow.parameters}
    if flow.nodes:
        document["nodes"] = {each.id: _describe(each) for each in flow.nodes}
    if flow.edges:
        document["edges"] = [str(edge) for edge in flow.edges]
    return document | _read_extra(flow.extra, "the flow")


def same(left: Any, right: Any) -> bool:
    """Say whether two plain values read the same in YAML, where 1, 1.0 and true differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)


def _declare(parameter: ParameterSpec) -> dict[str, Any]:
    declared: dict[str, Any] = {"type": parameter.type.value}
    if parameter.has_default:
        declared["default"] = _make_plain(parameter.default, f"parameter {parameter.name}")
    if parameter.description:
        declared["description"] = parameter.description
    return declared


def _describe(node: NodeEntry) -> dict[str, Any]:
    described: dict[str, Any] = {"type": node.type}
    if node.label:
        described["label"] = node.label
    if node.config:
        described["config"] = _make_plain(node.config, f"config of {node.id}")
    described |= _limits(timeout=node.timeout)
    if node.runner is not None:
        described["runner"] = node.runner.value
    if node.retries is not None:
        described["retries"] = node.retries
    if node.retry is not None:
        described["retry"] = describe_retry(node.retry)
    if node.trigger is not Trigger.ALL_SUCCESS:
        described["trigger"] = node.trigger.value
    described |= _limits(memory_mb=node.memory_mb)
    if node.disabled:
        described["disabled"] = True
    return described | _read_extra(node.extra, f"node {node.id}")


def _limits(**limits: float | None) -> dict[str, Any]:
    return {
        name: int(value) if value.is_integer() and value < 1e15 else value
        for name, value in limits.items()
        if value is not None and math.isfinite(value)
    }


def _read_extra(extra: Mapping[str, Any], what: str) -> dict[str, Any]:
    for name in extra:
        if not name.startswith("x-"):
            raise _refuse(what, f"its further field {name!r} does not start with x-")
    return {name: _make_plain(value, f"{name} of {what}") for name, value in extra.items()}


def _make_plain(value: Any, what: str) -> Any:
    """Return a value as records hold it: dates, paths and the like become text."""
    try:
        made = to_jsonable_python(thaw(value), inf_nan_mode="constants")
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        raise _refuse(what, str(error)) from None
    _check_plain(made, what)
    return made


def _check_plain(value: Any, what: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise _refuse(what, f"{value} is no finite number")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or len(write_scalar(key)) > _MAX_KEY:
                raise _refuse(what, f"{str(key)[:40]!r} cannot be a key")
            _check_plain(item, what)
    if isinstance(value, list):
        for item in value:
            _check_plain(item, what)


def _refuse(what: str, why: str) -> FlowTextError:
    return FlowTextError(
        f"The {what} has no form in flow text: {why}.".replace("The the", "The"),
        code="text.unwritable",
        suggestion="Use text, numbers, true or false, lists and mappings.",
    )

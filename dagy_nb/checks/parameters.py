"""A flow's parameters and the values of a run in, findings out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from numbers import Integral, Real
from typing import Any

from dagy_nb.checks.codes import find
from dagy_nb.model.diagnostic import Diagnostic
from dagy_nb.model.flow import FlowSpec, ParameterSpec, ParameterType
from dagy_nb.model.nearest import suggest_names


def check_parameters(flow: FlowSpec, values: Mapping[str, Any] | None) -> Iterator[Diagnostic]:
    """Yield what is wrong with the declared defaults, and with a run's values where given."""
    for parameter in flow.parameters:
        if parameter.has_default:
            yield from _check_value(parameter, parameter.default, "default")
    if values is not None:
        yield from check_values(flow, values)


def check_values(flow: FlowSpec, values: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Yield what keeps a run from starting with these values."""
    declared = {parameter.name: parameter for parameter in flow.parameters}
    for name, value in values.items():
        if name in declared:
            yield from _check_value(declared[name], value, "value")
        else:
            yield find(
                "parameter.unknown",
                f"Flow {flow.name!r} has no parameter {name!r}.",
                suggest_names(name, declared, what="parameters"),
                field=name,
            )
    for parameter in flow.parameters:
        if not parameter.has_default and parameter.name not in values:
            yield find(
                "parameter.missing",
                f"The parameter {parameter.name!r} has no default and was given no value.",
                f"Give it: {parameter.name}=…",
                field=parameter.name,
            )


def describe_misfit(value: Any, kind: ParameterType) -> str:
    """Return why a value is not of this parameter type, or empty where it is.

    Example:
        >>> describe_misfit("two", ParameterType.INTEGER)
        'it is the text "two"'
    """
    if not _fits(value, kind):
        return f"it is {_name_value(value)}"
    return _describe_odd(value)


def _check_value(parameter: ParameterSpec, value: Any, what: str) -> Iterator[Diagnostic]:
    misfit = describe_misfit(value, parameter.type)
    if misfit:
        yield find(
            "parameter.type",
            f"The {what} of parameter {parameter.name!r} does not fit type {parameter.type}: {misfit}.",
            _advise(parameter.type),
            field=parameter.name,
        )


def _fits(value: Any, kind: ParameterType) -> bool:
    match kind:
        case ParameterType.STRING:
            return isinstance(value, str)
        case ParameterType.BOOLEAN:
            return isinstance(value, bool)
        case ParameterType.INTEGER:
            return isinstance(value, Integral) and not isinstance(value, bool)
        case ParameterType.NUMBER:
            return isinstance(value, Real) and not isinstance(value, bool)
        case ParameterType.ARRAY:
            return isinstance(value, list | tuple)
        case ParameterType.OBJECT:
            return isinstance(value, Mapping)
        case ParameterType.ANY:
            return True


def _describe_odd(value: Any) -> str:
    """Return what in a value records and flow text cannot hold, or empty."""
    if value is None or isinstance(value, str | Integral):
        return ""
    if isinstance(value, Real):
        return "" if math.isfinite(value) else f"{value} is no finite number"
    if isinstance(value, Mapping):
        keys = [key for key in value if not isinstance(key, str)]
        if keys:
            return f"the key {keys[0]!r} is no text"
        return next(filter(None, map(_describe_odd, value.values())), "")
    if isinstance(value, list | tuple):
        return next(filter(None, map(_describe_odd, value)), "")
    return f"it holds a {type(value).__name__}"


def _name_value(value: Any) -> str:
    if isinstance(value, str):
        shown = value if len(value) <= 40 else f"{value[:37]}…"
        return f'the text "{shown}"'
    if value is None or isinstance(value, bool | int | float):
        return f"{value}"
    return f"a {type(value).__name__}"


def _advise(kind: ParameterType) -> str:
    if kind is ParameterType.ANY:
        return "Parameters are plain values; lead data in by a node."
    article = "an" if kind in {"integer", "array", "object"} else "a"
    return f"Give {article} {kind}, or declare another type."

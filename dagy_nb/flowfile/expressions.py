"""A flow and a run's parameters in, the values and the flow with all expressions resolved out."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from dagy_nb.checks.parameters import check_values
from dagy_nb.errors import FlowError, FlowTextError
from dagy_nb.flowfile.tree import parse_text
from dagy_nb.flowfile.values import plain
from dagy_nb.model.expression import resolve_value
from dagy_nb.model.flow import FlowSpec, NodeEntry, ParameterType
from dagy_nb.model.frozen import FrozenMap, thaw

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


def resolve_parameters(spec: FlowSpec, values: Mapping[str, Any]) -> FlowSpec:
    """Return the flow with each `${params.NAME}` replaced by its value, types kept.

    Args:
        spec: The flow.
        values: Parameter → value, as `read_parameter_values` returns them.

    Raises:
        FlowError: `expression.unsupported`, `parameter.undeclared`.
    """
    nodes = tuple(_resolve_node(node, values) for node in spec.nodes)
    if all(new is old for new, old in zip(nodes, spec.nodes, strict=True)):
        return spec
    return spec.model_copy(update={"nodes": nodes})


def read_parameter_values(spec: FlowSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every parameter of the flow for one run, defaults included, as plain values.

    A text for a parameter of another type is read as that type: `"2"` is 2 for an integer.

    Args:
        spec: The flow.
        values: What the run sets, as Python values.

    Raises:
        FlowError: `parameter.unknown`, `parameter.missing`, `parameter.type`.

    Example:
        >>> spec = FlowSpec(name="f", parameters=[ParameterSpec(name="month", type="integer")])
        >>> read_parameter_values(spec, {"month": "2"})
        {'month': 2}
    """
    declared = {parameter.name: parameter for parameter in spec.parameters}
    read = {
        name: read_text_value(declared[name].type, value)
        if name in declared and isinstance(value, str)
        else value
        for name, value in values.items()
    }
    for problem in check_values(spec, read):
        raise FlowError(problem.message, code=problem.code, suggestion=problem.suggestion)
    defaults = {name: each.default for name, each in declared.items() if each.has_default}
    return {name: _make_plain({**defaults, **read}[name]) for name in declared}


def read_parameter_texts(spec: FlowSpec, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return what a person typed as `-p NAME=TEXT` as the values of one run, defaults included.

    Raises:
        FlowError: `parameter.unknown`, `parameter.missing`, `parameter.type`.
    """
    return read_parameter_values(spec, read_texts(spec, texts))


def read_texts(spec: FlowSpec, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return what a person typed as `read_parameter_values` takes it.

    Where the type is `any`, the text is read as YAML: `2` is a number, `UA` a text.
    """
    declared = {parameter.name: parameter.type for parameter in spec.parameters}
    return {
        name: read_yaml_value(text) if declared.get(name) is ParameterType.ANY else text
        for name, text in texts.items()
    }


def read_text_value(kind: ParameterType, text: str) -> Any:
    """Return a text as a value of this type, or the text itself where it is none."""
    match kind:
        case ParameterType.STRING | ParameterType.ANY:
            return text
        case ParameterType.BOOLEAN:
            word = text.strip().lower()
            return True if word in _TRUE else False if word in _FALSE else text
        case _:
            value = read_yaml_value(text)
            return text if value is None else value


def read_yaml_value(text: str) -> Any:
    """Return a text as the YAML value it says, or the text itself where it is no YAML."""
    try:
        tree = parse_text(text)
    except FlowTextError:
        return text
    return None if tree is None else plain(tree)


def _resolve_node(node: NodeEntry, values: Mapping[str, Any]) -> NodeEntry:
    if not node.config:
        return node
    try:
        resolved = FrozenMap(resolve_value(node.config, values))
    except KeyError as error:
        raise FlowError(
            f"The config of {node.id} names the parameter {error.args[0]!r}, which the flow does not have.",
            code="parameter.undeclared",
            suggestion="Declare it in the flow's parameters.",
        ) from None
    return node if resolved == node.config else node.model_copy(update={"config": resolved})


def _make_plain(value: Any) -> Any:
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, Mapping):
        return {key: _make_plain(item) for key, item in value.items()}
    return [_make_plain(item) for item in thaw(value)]

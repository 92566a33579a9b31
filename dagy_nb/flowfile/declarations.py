"""The text's parameters in, parameter specs out."""

from __future__ import annotations

from typing import Any

from dagy_nb.flowfile.fields import (
    check_name,
    expect_choice,
    expect_mapping,
    expect_text,
    split_fields,
)
from dagy_nb.flowfile.values import Mapping, Scalar, Value, plain
from dagy_nb.model.flow import ParameterSpec, ParameterType

FIELDS = ("type", "default", "description")


def read_parameters(value: Value) -> tuple[ParameterSpec, ...]:
    """Read `{month: {type: integer, default: 1}, carrier: UA}`.

    A mapping with any of the fields `type`, `default`, `description` is a declaration; any other value
    is the default, and its type is inferred.
    """
    declared = expect_mapping(value, "parameters", "`month: {type: integer, default: 1}`")
    return tuple(_read_one(key, item) for key, item in declared.items)


def infer_type(value: Any) -> ParameterType:
    """Return the parameter type of a default value."""
    match value:
        case bool():
            return ParameterType.BOOLEAN
        case int():
            return ParameterType.INTEGER
        case float():
            return ParameterType.NUMBER
        case str():
            return ParameterType.STRING
        case list() | tuple():
            return ParameterType.ARRAY
        case dict():
            return ParameterType.OBJECT
        case _:
            return ParameterType.ANY


def _read_one(key: Scalar, value: Value) -> ParameterSpec:
    name = check_name(key.value, "The parameter", key.place)
    if not _is_declaration(value):
        default = plain(value)
        return ParameterSpec(name=name, type=infer_type(default), default=default, has_default=True)
    assert isinstance(value, Mapping)
    what = f"The parameter {name}"
    fields, _ = split_fields(value, FIELDS, what)
    default = plain(fields["default"]) if "default" in fields else None
    kind = infer_type(default)
    if "type" in fields:
        text = expect_choice(fields["type"], f"The type of parameter {name}", list(ParameterType))
        kind = ParameterType(text)
    description = ""
    if "description" in fields:
        description = expect_text(fields["description"], f"The description of {name}")
    return ParameterSpec(
        name=name,
        type=kind,
        default=default,
        has_default="default" in fields,
        description=description,
    )


def _is_declaration(value: Value) -> bool:
    return isinstance(value, Mapping) and any(key.value in FIELDS for key, _ in value.items)

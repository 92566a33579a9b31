"""A user's parameter declarations in, parameter specs out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from dagy_nb.errors import FlowError
from dagy_nb.flowfile.declarations import infer_type
from dagy_nb.model.flow import ParameterSpec, ParameterType
from dagy_nb.session.entries import tell_problem

_FIELDS = frozenset({"type", "default", "description"})


def read_declarations(declared: Mapping[str, Any]) -> tuple[ParameterSpec, ...]:
    """Turn `{"month": 1}` or `{"month": {"type": "integer", "default": 1}}` into specs.

    A mapping counts as a declaration when it is not empty and has no other keys than `type`,
    `default` and `description`; any other value is the default, and its type is inferred.

    Raises:
        FlowError: `parameter.invalid`, naming the parameter.
    """
    if not isinstance(declared, Mapping):
        raise FlowError(
            f"{declared!r} declares no parameters: it must be a mapping from name to default.",
            code="parameter.invalid",
            suggestion='Write parameters={"month": 1}.',
        )
    return tuple(_read_one(name, value) for name, value in declared.items())


def _read_one(name: str, value: Any) -> ParameterSpec:
    try:
        made = _make_spec(name, value)
        to_jsonable_python(made.default)
    except (ValidationError, TypeError, PydanticSerializationError) as error:
        problem = tell_problem(error) if isinstance(error, ValidationError) else str(error)
        types = ", ".join(ParameterType)
        raise FlowError(
            f"The parameter {name!r} is not declared rightly: {problem}.",
            code="parameter.invalid",
            suggestion=f"Give a default, or a mapping with type (one of {types}), default, "
            "description.",
        ) from None
    return made


def _make_spec(name: str, value: Any) -> ParameterSpec:
    if isinstance(value, Mapping) and value and set(value) <= _FIELDS:
        fields = {"type": infer_type(value.get("default")), **value}
        return ParameterSpec(name=name, has_default="default" in value, **fields)
    return ParameterSpec(name=name, type=infer_type(value), default=value, has_default=True)

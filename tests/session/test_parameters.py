"""Declarations of parameters are read as a user means them."""

from __future__ import annotations

from typing import Any

import pytest

from dagy_nb.errors import FlowError
from dagy_nb.model.flow import ParameterType
from dagy_nb.session.parameters import read_declarations


@pytest.mark.parametrize(
    ("declared", "kind", "default", "has_default"),
    [
        (1, ParameterType.INTEGER, 1, True),
        (1.5, ParameterType.NUMBER, 1.5, True),
        (True, ParameterType.BOOLEAN, True, True),
        ("x", ParameterType.STRING, "x", True),
        ([1], ParameterType.ARRAY, [1], True),
        ({"a": 1}, ParameterType.OBJECT, {"a": 1}, True),
        (None, ParameterType.ANY, None, True),
        ({}, ParameterType.OBJECT, {}, True),
        ({"type": "integer"}, ParameterType.INTEGER, None, False),
        ({"default": "x"}, ParameterType.STRING, "x", True),
        ({"type": "integer", "default": 2}, ParameterType.INTEGER, 2, True),
    ],
)
def test_a_declaration_gives_type_and_default(
    declared: Any, kind: ParameterType, default: Any, has_default: bool
) -> None:
    (spec,) = read_declarations({"p": declared})

    assert (spec.type, spec.default, spec.has_default) == (kind, default, has_default)


@pytest.mark.parametrize(("name", "declared"), [("1x", 1), ("p", {"type": "float"})])
def test_a_wrong_declaration_is_refused_by_name(name: str, declared: Any) -> None:
    with pytest.raises(FlowError) as caught:
        read_declarations({name: declared})

    assert caught.value.code == "parameter.invalid"
    assert repr(name) in caught.value.reason

"""Expressions stand for parameters with their types; parameter values fit or are refused by name."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.errors import FlowError
from dagy_nb.flowfile.expressions import (
    read_parameter_texts,
    read_parameter_values,
    resolve_parameters,
)
from dagy_nb.model.expression import (
    ParameterReference,
    find_texts,
    read_text,
    resolve_value,
)
from dagy_nb.model.flow import FlowSpec, NodeEntry, ParameterSpec, ParameterType
from dagy_nb.model.frozen import thaw
from tests.strategies import plain_values, texts


def declare(kind: str, *default: Any, name: str = "p") -> ParameterSpec:
    return ParameterSpec(
        name=name, type=kind, default=default[0] if default else None, has_default=bool(default)
    )


def flow(*parameters: ParameterSpec, **config: Any) -> FlowSpec:
    return FlowSpec(
        name="f", parameters=parameters, nodes=[NodeEntry(id="a", type="A", config=config)]
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("${params.month}", ParameterReference("month")),
        ("${ params.month }", ParameterReference("month")),
        ("${params._m1}", ParameterReference("_m1")),
        ("plain", "plain"),
        ("$", "$"),
        ("{a}", "{a}"),
        ("$$", "$$"),
        ("$${params.month}", "${params.month}"),
        ("a $${x} b $${y}", "a ${x} b ${y}"),
    ],
)
def test_a_text_is_a_reference_or_itself(text: str, read: Any) -> None:
    assert read_text(text) == read


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("in ${params.month}", "alone"),
        ("${params.month} ", "alone"),
        ("${params.a}${params.b}", "alone"),
        ("${params.a + 1}", "alone"),
        ("${month}", "Only `${params.NAME}`"),
        ("${secrets.token}", "Only `${params.NAME}`"),
        ("${params.}", "alone"),
        ("${params.1a}", "alone"),
        ("${", "$${"),
        ("$${a} ${b}", "$${"),
    ],
)
def test_anything_else_with_the_mark_is_refused_with_the_way_out(text: str, advice: str) -> None:
    with pytest.raises(FlowError) as caught:
        read_text(text)

    assert caught.value.code == "expression.unsupported"
    assert advice in caught.value.suggestion


@given(texts)
def test_an_escaped_text_reads_as_itself(text: str) -> None:
    assert read_text(text.replace("${", "$${")) == text


@given(plain_values)
def test_a_field_that_is_one_expression_keeps_the_value_and_its_type(value: Any) -> None:
    resolved = resolve_value({"x": "${params.p}", "y": ["${params.p}"]}, {"p": value})

    assert resolved == {"x": value, "y": [value]}
    assert type(resolved["x"]) is type(value)


def test_expressions_are_found_at_every_depth_with_their_path():
    config = {"a": "${params.x}", "b": {"c": ["x", "${params.y}"]}, "d": "plain", "e": 1}

    assert list(find_texts(config)) == [("a", "${params.x}"), ("b.c.1", "${params.y}")]


def test_a_flow_is_resolved_for_a_run_and_stays_as_it_was():
    spec = flow(
        declare("integer"), month="${params.p}", text="$${kept}", inner=[{"m": "${params.p}"}]
    )
    resolved = resolve_parameters(spec, {"p": 2})

    assert thaw(resolved.nodes[0].config) == {"month": 2, "text": "${kept}", "inner": [{"m": 2}]}
    assert spec.nodes[0].config["month"] == "${params.p}"


def test_a_flow_without_expressions_is_not_copied():
    spec = flow(month=2)

    assert resolve_parameters(spec, {}) is spec


def test_an_undeclared_parameter_is_refused_by_name():
    with pytest.raises(FlowError) as caught:
        resolve_parameters(flow(month="${params.p}"), {})

    assert caught.value.code == "parameter.undeclared"
    assert "'p'" in caught.value.reason


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("integer", 2, 2),
        ("integer", "2", 2),
        ("integer", "-2", -2),
        ("integer", np.int64(2), 2),
        ("number", 2, 2),
        ("number", "2.5", 2.5),
        ("number", np.float64(2.5), 2.5),
        ("boolean", True, True),
        ("boolean", "yes", True),
        ("boolean", "0", False),
        ("string", "2", "2"),
        ("string", "", ""),
        ("array", [1, 2], [1, 2]),
        ("array", (1, 2), [1, 2]),
        ("array", "[1, UA]", [1, "UA"]),
        ("object", {"a": 1}, {"a": 1}),
        ("object", "{a: 1}", {"a": 1}),
        ("any", None, None),
        ("any", "2", "2"),
        ("any", [np.int64(1)], [1]),
    ],
)
def test_a_value_of_the_parameter_s_type_is_taken(kind: str, given: Any, value: Any) -> None:
    read = read_parameter_values(flow(declare(kind)), {"p": given})["p"]

    assert read == value
    assert type(read) is type(value)
    json.dumps(read)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("integer", 2.0), ("integer", "2.5"), ("integer", "two"), ("integer", True), ("integer", None),
        ("number", "x"), ("number", False), ("number", float("nan")), ("number", ".inf"),
        ("boolean", 1), ("boolean", "maybe"), ("string", 2), ("array", "1"), ("array", {"a": 1}),
        ("array", {1, 2}), ("object", [1]), ("object", "[1]"), ("any", object()), ("any", {1: 2}),
        ("any", [float("inf")]), ("array", [object()]), ("integer", ""), ("array", "["),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(kind: str, given: Any) -> None:
    with pytest.raises(FlowError) as caught:
        read_parameter_values(flow(declare(kind)), {"p": given})

    assert caught.value.code == "parameter.type"
    assert "'p'" in caught.value.reason


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"year": 2013, "mnth": 2}, "parameter.unknown", "Did you mean `month`?"),
        ({"month": 2}, "parameter.missing", "year=…"),
    ],
)
def test_unknown_and_missing_parameters_are_named(
    given: dict[str, Any], code: str, words: str
) -> None:
    spec = flow(declare("integer", 1, name="month"), declare("integer", name="year"))

    with pytest.raises(FlowError) as caught:
        read_parameter_values(spec, given)

    assert caught.value.code == code
    assert words in caught.value.suggestion


def test_defaults_stand_in_for_what_a_run_leaves_out():
    spec = flow(declare("integer", 1, name="month"), declare("any", None, name="carrier"))

    assert read_parameter_values(spec, {}) == {"month": 1, "carrier": None}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("any", "2", 2),
        ("any", "UA", "UA"),
        ("any", "[1, 2]", [1, 2]),
        ("any", "", None),
        ("any", "a: b: c", "a: b: c"),
        ("any", "!!python/name:os.system", "!!python/name:os.system"),
        ("string", "2", "2"),
        ("integer", "2", 2),
    ],
)
def test_what_is_typed_on_a_command_line_is_read_by_the_parameter_s_type(
    kind: str, text: str, value: Any
) -> None:
    assert read_parameter_texts(flow(declare(kind)), {"p": text}) == {"p": value}


@given(st.sampled_from(ParameterType), texts)
def test_any_typed_text_is_a_value_or_a_coded_error(kind: ParameterType, text: str) -> None:
    spec = flow(declare(kind))
    try:
        read = read_parameter_texts(spec, {"p": text})
    except FlowError as error:
        code = error.code
    else:
        code = ""
        assert read_parameter_values(spec, read) == read or isinstance(read["p"], str)

    assert code in {"", "parameter.type"}

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from dagy_nb.errors import DagyError
from dagy_nb.nodes.result import ExecutionResult
from dagy_nb.nodes.secrets import drop_secrets

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(), json_values, max_size=4),
    st.dictionaries(st.text(), json_values, max_size=3),
)
def test_a_result_comes_back_from_its_dict_form_and_from_pickle(outputs, metadata):
    result = ExecutionResult(outputs=outputs, metadata=metadata)

    assert ExecutionResult.from_dict(result.to_dict()) == result
    assert pickle.loads(pickle.dumps(result)) == result


def test_values_are_the_users_own():
    table = [1]

    assert ExecutionResult(outputs={"x": table}).outputs["x"] is table
    assert ExecutionResult(outputs={"x": table}).to_dict()["outputs"]["x"] == [1]


def test_a_result_is_frozen():
    result = ExecutionResult(outputs={"x": 1}, metadata={"a": [1]})

    with pytest.raises(TypeError):
        result.outputs["x"] = 2
    with pytest.raises(AttributeError):
        result.outputs = {}
    with pytest.raises(TypeError):
        result.metadata["a"] = 2


def test_secrets_are_left_out_and_looked_up_again():
    result = ExecutionResult(outputs={"key": SecretStr("canary"), "x": 1})

    data = result.to_dict()

    assert data["outputs"] == {"x": 1}
    again = ExecutionResult.from_dict(data, secrets={"key": SecretStr("canary")})
    assert again == result


def test_a_newer_dict_form_is_refused():
    with pytest.raises(DagyError) as caught:
        ExecutionResult.from_dict({"schema_version": 2})

    assert caught.value.code == "node.result_version"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"a": SecretStr("x"), "b": 1}, {"b": 1}),
        ([1, SecretStr("x"), {"c": SecretStr("y")}], [1, {}]),
        ((SecretStr("x"), 2), (2,)),
        ("plain", "plain"),
    ],
)
def test_secrets_are_dropped_at_every_depth(value, kept):
    assert drop_secrets(value) == kept

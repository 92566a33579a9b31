from __future__ import annotations

from random import random

import pytest
from pydantic import Field, create_model, field_validator

from dagy_nb.errors import ConfigError, DefinitionError
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.nodes.base import FlowNode, NodeMeta
from dagy_nb.nodes.config import RESERVED_FIELDS, NodeConfig, describe_config, read_config
from dagy_nb.session.entries import OPTIONS


class Nested(NodeConfig):
    low: int = 0


class Settings(NodeConfig):
    must: int
    frozen: FrozenMap = FrozenMap({"deep": (1, 2)})
    nested: Nested = Nested()
    tags: tuple[str, ...] = Field(default_factory=lambda: ("a",))

    @field_validator("must")
    @classmethod
    def _be_even(cls, value: int) -> int:
        if value % 2:
            msg = "must be even"
            raise ValueError(msg)
        return value


def test_a_missing_field_is_told():
    with pytest.raises(ConfigError) as caught:
        read_config(Settings, None, node_type="X")

    assert caught.value.problems == (("must", "it needs a value"),)


def test_a_missing_field_is_told_with_what_it_is():
    model = create_model("Described", __base__=NodeConfig, when=(str, Field(description="In CEL.")))

    with pytest.raises(ConfigError) as caught:
        read_config(model, None, node_type="X")

    assert caught.value.problems == (("when", "it needs a value (In CEL)"),)


@pytest.mark.parametrize(
    ("values", "path", "words"),
    [
        ({"must": 2, "tag": 1}, "tag", "there is no such field (did you mean `tags`?)"),
        (
            {"must": 2, "zzz": 1},
            "zzz",
            "there is no such field (the fields are: must, frozen, nested, tags)",
        ),
        ({"must": 2, "nested": {"high": 1}}, "nested.high", "there is no such field"),
        (
            {"must": 2, "timeot": 1},
            "timeot",
            "there is no such field (did you mean the option `timeout`?)",
        ),
        (
            {"must": 2, "timeout": 1},
            "timeout",
            "there is no such field (it is an option of the node, beside its config)",
        ),
    ],
)
def test_a_field_that_is_not_there_is_told_with_those_that_are(values, path, words):
    with pytest.raises(ConfigError) as caught:
        read_config(Settings, values, node_type="X")

    assert caught.value.problems == ((path, words),)


@pytest.mark.parametrize(
    "default", [object(), random, {"deep": [object()]}], ids=["object", "function", "deep"]
)
def test_a_default_that_has_no_plain_form_is_refused(default):
    """Its text would be another one in every kernel, and nothing could be recorded of it."""
    model = create_model("Config", __base__=NodeConfig, thing=(object, default))

    with pytest.raises(DefinitionError, match="`thing`") as caught:
        describe_config("X", model)
    assert caught.value.code == "node.config_default"
    assert "make anything else an input" in caught.value.suggestion


def test_a_validator_of_the_user_is_told_in_its_own_words():
    with pytest.raises(ConfigError) as caught:
        read_config(Settings, {"must": 3}, node_type="X")

    assert caught.value.problems == (("must", "must be even"),)


def test_a_nested_problem_has_a_dotted_path():
    with pytest.raises(ConfigError) as caught:
        read_config(Settings, {"must": 2, "nested": {"low": "x"}, "tags": ["a", 1]}, node_type="X")

    assert [path for path, _ in caught.value.problems] == ["nested.low", "tags.1"]


def test_defaults_are_plain_values():
    schema, defaults = describe_config("X", Settings)

    assert schema["required"] == ("must",)
    assert defaults == {"frozen": {"deep": [1, 2]}, "nested": {"low": 0}, "tags": ["a"]}


def test_the_reserved_words_are_those_of_flow_add():
    assert {"id", "config"} | OPTIONS == RESERVED_FIELDS


def test_instances_share_their_default_config_only_where_it_cannot_change():
    def make(**fields):
        config = create_model("Config", __base__=NodeConfig, **fields)
        return NodeMeta(
            "Made", (FlowNode,), {"Config": config, "execute": lambda self: 1}, register=False
        )

    shared, own, fresh = (
        make(a=(int, 1)),
        make(a=(list, [])),
        make(a=(float, Field(default_factory=random))),
    )

    assert shared().config is shared().config
    own().config.a.append(1)
    assert own().config.a == []
    assert fresh().config.a != fresh().config.a

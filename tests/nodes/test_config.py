from __future__ import annotations

from random import random

import pytest
from pydantic import Field, create_model, field_validator

from dagy_nb.errors import ConfigError
from dagy_nb.nodes.base import FlowNode, NodeMeta
from dagy_nb.nodes.config import RESERVED_FIELDS, NodeConfig, describe_config, read_config
from dagy_nb.session.entries import OPTIONS


class Nested(NodeConfig):
    low: int = 0


class Settings(NodeConfig):
    must: int
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

    assert caught.value.problems == (("must", "Field required"),)


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
    assert defaults == {"nested": {"low": 0}, "tags": ["a"]}


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

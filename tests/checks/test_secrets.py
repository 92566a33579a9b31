"""Secrets in a flow's configs are found along the schemas, and a flow is recorded without them."""

from __future__ import annotations

from typing import Any

import pytest

from dagy_nb.checks.codes import CODES
from dagy_nb.checks.flow import check_flow
from dagy_nb.checks.secrets import MASK, hide_secrets
from dagy_nb.model.flow import FlowSpec, ParameterSpec
from tests.checks.specs import SPECS, flow, spec, table

WORD = {"type": "string", "format": "password", "writeOnly": True}
LOCK = spec(
    "Lock",
    config_schema={
        "$defs": {"Word": WORD},
        "properties": {
            "word": {"anyOf": [{"$ref": "#/$defs/Word"}, {"type": "null"}]},
            "by_name": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Word"}},
            "users": {"items": {"properties": {"word": {"$ref": "#/$defs/Word"}, "name": {}}}},
            "number": {"oneOf": [{"type": "integer"}, {"allOf": [WORD]}]},
        },
    },
)
ALL = {**SPECS, **table(LOCK)}
MONTH = ParameterSpec(name="month", type="integer", default=1, has_default=True)


def locked(*parameters: ParameterSpec, **config: Any) -> FlowSpec:
    return flow({"a": "Load", "lock": {"type": "Lock", "config": config}}, parameters=parameters)


@pytest.mark.parametrize(
    ("value", "code", "advice"),
    [
        ("abc", "secret.in_text", "os.environ"),
        (MASK, "secret.not_recorded", "Set word"),
        ("${params.month}", "secret.in_parameter", "os.environ"),
    ],
)
def test_a_secret_in_a_config_is_a_finding_that_does_not_show_it(
    value: str, code: str, advice: str
) -> None:
    (found,) = check_flow(locked(MONTH, word=value), ALL)

    assert (found.code, str(found.place)) == (code, "lock.word")
    assert found.severity is CODES[code][0]
    assert advice in found.suggestion
    assert "abc" not in str(found)


SECRETS = [
    ({"word": "abc"}, {"word": MASK}, ["lock.word"]),
    ({"word": None}, {"word": None}, []),
    ({"by_name": {"ada": "abc"}}, {"by_name": {"ada": MASK}}, ["lock.by_name.ada"]),
    (
        {"users": [{"name": "ada"}, {"name": "bob", "word": "abc"}]},
        {"users": [{"name": "ada"}, {"name": "bob", "word": MASK}]},
        ["lock.users.1.word"],
    ),
    ({"number": 7}, {"number": MASK}, ["lock.number"]),
    ({"other": ["abc"]}, {"other": ["abc"]}, []),
    ({"users": "no list"}, {"users": "no list"}, []),
]


@pytest.mark.parametrize(("config", "hidden", "places"), SECRETS, ids=repr)
def test_secrets_of_a_config_are_found_and_hidden_at_every_depth(
    config: Any, hidden: Any, places: list[str]
) -> None:
    told = locked(MONTH, **config)

    assert [str(each.place) for each in check_flow(told, ALL)] == places
    assert hide_secrets(told, ALL) == (locked(MONTH, **hidden), frozenset())


def test_secrets_of_a_config_inside_a_config_are_found_and_hidden() -> None:
    each = spec(
        "Each", config_schema={"properties": {"inner": {"x-config-of": "type"}, "type": {}}}
    )
    types = {**ALL, **table(each)}

    def tell(word: str) -> FlowSpec:
        inner = {"type": "Lock", "inner": {"word": word}}
        return flow({"e": {"type": "Each", "config": {"type": "Each", "inner": inner}}})

    (found,) = check_flow(tell("abc"), types)
    assert (found.code, str(found.place)) == ("secret.in_text", "e.inner.inner.word")
    assert hide_secrets(tell("abc"), types)[0] == tell(MASK)
    for odd in ({"type": "Gone", "inner": {}}, {"type": ["Lock"], "inner": 3}, {"type": "Lock"}):
        strange = flow({"e": {"type": "Each", "config": odd}})
        assert hide_secrets(strange, types)[0] == strange


def test_a_parameter_that_enters_a_secret_field_is_recorded_without_its_default() -> None:
    word = ParameterSpec(name="word", default="abc", has_default=True)
    told = locked(MONTH, word, word="${params.word}")

    recorded, names = hide_secrets(told, ALL)

    assert names == {"word"}
    assert recorded == locked(MONTH, ParameterSpec(name="word"), word="${params.word}")


def test_a_flow_without_secrets_is_recorded_as_it_is() -> None:
    told = flow({"a": {"type": "Load", "config": {"month": 2}}}, parameters=[MONTH])

    assert hide_secrets(told, ALL)[0] is told

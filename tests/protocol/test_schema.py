"""One text describes all messages, the same every time, without anything optional."""

from __future__ import annotations

import json
import subprocess
import sys

from dagy_nb.protocol.schema import build_schema, write_schema
from tests.protocol.examples import EXAMPLES, REPLIES, REQUESTS
from tests.source import ROOT


def test_the_command_prints_the_same_text_in_every_process():
    done = [
        subprocess.run(
            [sys.executable, "-m", "dagy_nb.protocol.schema"],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert done == [write_schema()] * 2


def list_members(name):
    members = build_schema()["$defs"][name]["oneOf"]
    return {member["$ref"].removeprefix("#/$defs/") for member in members}


def test_the_roots_name_every_message():
    assert list_members("Request") == {type(each).__name__ for each in REQUESTS.values()}
    assert list_members("Reply") == {type(each).__name__ for each in REPLIES.values()}


def test_every_field_is_required_and_none_is_unknown():
    for name, body in build_schema()["$defs"].items():
        if "properties" in body:
            assert body["required"] == list(body["properties"]), name
            assert body["additionalProperties"] is False, name


def test_every_reference_leads_somewhere():
    document = build_schema()
    names = set()

    def collect(value):
        if isinstance(value, dict):
            names.update([value["$ref"]] if "$ref" in value else [])
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                collect(item)

    collect(document)
    assert names <= {f"#/$defs/{name}" for name in document["$defs"]}


def test_the_examples_are_what_the_schema_describes():
    """A small reader of the schema: it knows the words that stand in it, and no others."""
    document = build_schema()
    seen_words = set()

    def fits(value, schema):
        seen_words.update(schema)
        if "$ref" in schema:
            return fits(value, document["$defs"][schema["$ref"].removeprefix("#/$defs/")])
        if "oneOf" in schema:
            return sum(fits(value, each) for each in schema["oneOf"]) == 1
        if "anyOf" in schema:
            return any(fits(value, each) for each in schema["anyOf"])
        if "const" in schema:
            return value == schema["const"]
        if "enum" in schema:
            return value in schema["enum"]
        return fits_type(value, schema)

    def fits_type(value, schema):
        match schema.get("type"):
            case "object":
                known = schema.get("properties", {})
                more = schema.get("additionalProperties", True)
                return (
                    isinstance(value, dict)
                    and set(schema.get("required", ())) <= set(value)
                    and all(fits(value[key], body) for key, body in known.items())
                    and all(
                        more is True or (more is not False and fits(item, more))
                        for key, item in value.items()
                        if key not in known
                    )
                )
            case "array":
                items = schema["items"]
                if isinstance(items, list):
                    return len(value) == len(items) and all(map(fits, value, items))
                return isinstance(value, list) and all(fits(item, items) for item in value)
            case "string":
                return isinstance(value, str)
            case "integer":
                return isinstance(value, int) and not isinstance(value, bool)
            case "number":
                return isinstance(value, int | float) and not isinstance(value, bool)
            case "boolean":
                return isinstance(value, bool)
            case "null":
                return value is None
            case None:
                return True
        return False

    for name, message in EXAMPLES.items():
        value = json.loads(json.dumps(message.model_dump(mode="json")))
        root = "Request" if name in REQUESTS else "Reply"
        assert fits(value, document["$defs"][root]), name
        assert not fits({**value, "more": 1}, document["$defs"][root]), name
        assert not fits({**value, "kind": "other"}, document["$defs"][root]), name
    assert "discriminator" not in seen_words

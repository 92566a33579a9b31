"""All messages and pictures in, one JSON schema document out.

`python -m dagy_nb.protocol.schema` prints it; the browser's types are generated from that text, so
it is the same text every time. It describes what is on the wire (pydantic's serialisation mode):
every field is always sent, so none is optional, in both directions.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from dagy_nb.model.edit import Edit
from dagy_nb.protocol.message import Reply, Request

Json = dict[str, Any]

_UNIONS: dict[str, tuple[Any, str]] = {
    "Edit": (Edit, "One change of a flow."),
    "Request": (Request, "What a browser sends."),
    "Reply": (Reply, "What a browser hears."),
}
_MODE: JsonSchemaMode = "serialization"


class _WireSchema(GenerateJsonSchema):
    """Every field is sent, also those that have a default."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return True


def build_schema() -> Json:
    """Return the schema document: every model under `$defs`, the roots are `Request` and `Reply`."""
    adapters = [(name, _MODE, TypeAdapter(union)) for name, (union, _) in _UNIONS.items()]
    bodies, document = TypeAdapter.json_schemas(adapters, schema_generator=_WireSchema)
    unions = {name: _name_members(bodies[(name, _MODE)]) for name in _UNIONS}
    definitions = {name: _plain(body) for name, body in document["$defs"].items()}
    named = {name: _refer(body, unions) for name, body in definitions.items()}
    for name, (_, description) in _UNIONS.items():
        named[name] = {"title": name, "description": description, **unions[name]}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Protocol",
        "description": "Everything that crosses between Python and a browser.",
        "oneOf": [{"$ref": "#/$defs/Request"}, {"$ref": "#/$defs/Reply"}],
        "$defs": dict(sorted(named.items())),
    }


def write_schema() -> str:
    """Return the document as text, equal for equal models."""
    return json.dumps(build_schema(), indent=2, ensure_ascii=False) + "\n"


def _name_members(union: Json) -> Json:
    return {"oneOf": union["oneOf"]}


def _plain(schema: Any, *, named: bool = True) -> Any:
    """Leave out what describes no shape, and write tuples in the words of draft 07.

    A title of a field, or a default beside a reference, would become a type of its own in TypeScript.
    """
    if isinstance(schema, list):
        return [_plain(item, named=False) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out: Json = {}
    for key, value in schema.items():
        if key in {"discriminator", "default"} or (key == "title" and not named):
            continue
        if key == "properties":
            out[key] = {name: _plain(body, named=False) for name, body in value.items()}
        else:
            out["items" if key == "prefixItems" else key] = _plain(value, named=False)
    return out


def _refer(schema: Any, unions: dict[str, Json]) -> Any:
    """Put a reference where a named union stands written out."""
    if isinstance(schema, list):
        return [_refer(item, unions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    for name, union in unions.items():
        if schema == union:
            return {"$ref": f"#/$defs/{name}"}
    return {key: _refer(value, unions) for key, value in schema.items()}


if __name__ == "__main__":
    sys.stdout.write(write_schema())

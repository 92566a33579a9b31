"""A flow and the schemas of its configs in; where secrets stand in it, and the same flow without them, out.

A config field is secret where its schema says `writeOnly`, as those of `SecretStr` do. A field that is itself
the config of another node type says by `x-config-of` which field names that type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dagy_nb.checks.codes import find
from dagy_nb.errors import FlowError
from dagy_nb.model.diagnostic import Diagnostic
from dagy_nb.model.expression import ParameterReference, read_text
from dagy_nb.model.flow import FlowSpec, NodeEntry
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.model.spec import NodeSpec

MASK = "**********"
"""What stands for a secret in a recorded flow."""
_ADVICE = (
    "Have the node read it where it runs, as from os.environ, or lead it in from an output that is declared "
    "secret."
)
_CONFIG_OF = "x-config-of"
Schema = Mapping[str, Any]


def check_secrets(flow: FlowSpec, specs: Mapping[str, NodeSpec]) -> Iterator[Diagnostic]:
    """Yield the secrets that stand in a flow's configs, and those that a recorded flow lost."""
    for node in _list_keepers(flow, specs):
        for path, value in find_secrets(node.type, node.config, specs):
            name = _read_name(value)
            if value == MASK:
                yield find(
                    "secret.not_recorded",
                    f"{path} of {node.id} is a secret, which was not recorded with the flow.",
                    f"Set {path} in the config of {node.id}.",
                    node=node.id,
                    field=path,
                )
            elif name:
                yield find(
                    "secret.in_parameter",
                    f"{path} of {node.id} is a secret, and the parameter {name!r} that enters it is typed by "
                    "whoever runs the flow.",
                    _ADVICE,
                    node=node.id,
                    field=path,
                )
            else:
                yield find(
                    "secret.in_text",
                    f"{path} of {node.id} is a secret, and stands in the flow's text.",
                    _ADVICE,
                    node=node.id,
                    field=path,
                )


def hide_secrets(flow: FlowSpec, specs: Mapping[str, NodeSpec]) -> tuple[FlowSpec, frozenset[str]]:
    """Return a flow as it may be recorded, and the names of the parameters that enter secret fields.

    `MASK` takes the place of secrets in configs; parameters that enter secret fields have no default. So
    flows that differ in nothing but a secret are one version.
    """
    nodes: dict[str, NodeEntry] = {}
    names: set[str] = set()
    for node in _list_keepers(flow, specs):
        config, found = _hide_config(node.type, node.config, specs)
        nodes[node.id] = node.model_copy(update={"config": FrozenMap(config)})
        names.update(filter(None, (_read_name(value) for _, value in found)))
    if not nodes:
        return flow, frozenset()
    parameters = tuple(
        each.model_copy(update={"default": None, "has_default": False})
        if each.name in names
        else each
        for each in flow.parameters
    )
    kept = tuple(nodes.get(each.id, each) for each in flow.nodes)
    hidden = flow.model_copy(update={"nodes": kept, "parameters": parameters})
    return hidden, frozenset(names)


def find_secrets(
    type_name: str, config: Mapping[str, Any], specs: Mapping[str, NodeSpec]
) -> list[tuple[str, Any]]:
    """Return the dotted path and the value of each secret in a config of a node type."""
    return _hide_config(type_name, config, specs)[1]


def may_keep_secrets(schema: Any) -> bool:
    """Say whether a config of this schema may hold secrets."""
    if isinstance(schema, Mapping):
        is_one = schema.get("writeOnly") is True or _CONFIG_OF in schema
        return is_one or any(map(may_keep_secrets, schema.values()))
    return isinstance(schema, list | tuple) and any(map(may_keep_secrets, schema))


def _list_keepers(flow: FlowSpec, specs: Mapping[str, NodeSpec]) -> Iterator[NodeEntry]:
    """Yield the nodes with a config that may hold secrets."""
    keeps: dict[str, bool] = {}
    for node in flow.nodes:
        spec = specs.get(node.type)
        if spec is None or not node.config:
            continue
        if node.type not in keeps:
            keeps[node.type] = may_keep_secrets(spec.config_schema)
        if keeps[node.type]:
            yield node


def _hide_config(
    type_name: str, config: Mapping[str, Any], specs: Mapping[str, NodeSpec]
) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    schema = specs[type_name].config_schema
    walk = _Walk(schema.get("$defs", {}))
    hidden, found = dict(walk.hide([schema], config, "")), walk.found
    for name, field in schema.get("properties", {}).items():
        inner_type, inner = config.get(field.get(_CONFIG_OF, "")), config.get(name)
        if isinstance(inner_type, str) and inner_type in specs and isinstance(inner, Mapping):
            hidden[name], inside = _hide_config(inner_type, inner, specs)
            found += [(f"{name}.{path}", value) for path, value in inside]
    return hidden, found


class _Walk:
    """One walk through a config along its schema.

    Attributes:
        found: Dotted path and value of each secret.
    """

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions
        self.found: list[tuple[str, Any]] = []

    def hide(self, schemas: Sequence[Schema], value: Any, path: str) -> Any:
        """Return a value with `MASK` for its secrets; any of the schemas may be the one it follows."""
        schemas = [one for each in schemas for one in self._spread(each)]
        if value is not None and any(each.get("writeOnly") is True for each in schemas):
            self.found.append((path, value))
            return value if _read_name(value) else MASK
        if isinstance(value, Mapping):
            return {
                key: self.hide(_list_fields(schemas, key), item, f"{path}.{key}".lstrip("."))
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            inside = [each["items"] for each in schemas if isinstance(each.get("items"), Mapping)]
            return [self.hide(inside, item, f"{path}.{at}") for at, item in enumerate(value)]
        return value

    def _spread(self, schema: Schema) -> Iterator[Schema]:
        yield schema
        name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
        inside = [self._definitions[name]] if name in self._definitions else []
        for way in ("anyOf", "oneOf", "allOf"):
            inside += schema.get(way, ())
        for each in inside:
            yield from self._spread(each)


def _list_fields(schemas: Sequence[Schema], key: str) -> list[Schema]:
    found = []
    for each in schemas:
        field = each.get("properties", {}).get(key, each.get("additionalProperties"))
        if isinstance(field, Mapping):
            found.append(field)
    return found


def _read_name(value: Any) -> str:
    """Return the parameter that a config value stands for, or empty."""
    if not isinstance(value, str):
        return ""
    try:
        read = read_text(value)
    except FlowError:
        return ""
    return read.name if isinstance(read, ParameterReference) else ""

"""Two descriptions in, what changed between them in words out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dagy_nb.model.connector import ConnectorSpec
from dagy_nb.model.flow import FlowSpec
from dagy_nb.model.spec import NodeSpec


def tell_node_changes(before: NodeSpec, after: NodeSpec) -> list[str]:
    """Return what a new definition of a node type changed, one entry for each change."""
    told = [
        *_tell_items("", _connectors(before), _connectors(after)),
        *_tell_items("config field", _fields(before), _fields(after)),
        *(
            f"{name}: {_word(old)} → {_word(new)}"
            for name in ("runner", "timeout", "retries", "memory_mb")
            if (old := getattr(before, name)) != (new := getattr(after, name))
        ),
        *(["how it is tried again"] if before.retry != after.retry else []),
    ]
    if before.version == after.version:
        return told or ["the same definition"]
    return told or ["the code"]


def tell_flow_changes(before: FlowSpec, after: FlowSpec) -> list[str]:
    """Return what a new text of a flow changed, one entry for each change."""
    told = [
        *_tell_items("node", _nodes(before), _nodes(after)),
        *_tell_items("parameter", _parameters(before), _parameters(after)),
    ]
    told += [f"edge {each} is gone" for each in before.edges if each not in after.edges]
    told += [f"edge {each} is new" for each in after.edges if each not in before.edges]
    told += [
        f"{name}: {_word(old)} → {_word(new)}"
        for name in ("description", "failure_policy", "timeout", "node_timeout", "backend")
        if (old := getattr(before, name)) != (new := getattr(after, name))
    ]
    return told


def _tell_items(what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[str]:
    for name in before:
        if name not in after:
            yield f"{what} {name} is gone".strip()
        elif before[name] != after[name]:
            yield f"{what} {name} changed".strip()
    for name in after:
        if name not in before:
            yield f"{what} {name} is new".strip()


def _connectors(spec: NodeSpec) -> dict[str, ConnectorSpec]:
    return {f"{each.direction} {each.name}": each for each in spec.connectors}


def _fields(spec: NodeSpec) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = spec.config_schema.get("properties", {})
    return fields


def _nodes(spec: FlowSpec) -> dict[str, Any]:
    return {each.id: each for each in spec.nodes}


def _parameters(spec: FlowSpec) -> dict[str, Any]:
    return {each.name: each for each in spec.parameters}


def _word(value: object) -> str:
    return "none" if value in (None, "") else str(value)

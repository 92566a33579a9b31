"""The nodes' configs in, findings out: expressions first, then the node type's own check."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dagy_nb.checks.codes import find
from dagy_nb.checks.outline import FlowOutline
from dagy_nb.errors import FlowError
from dagy_nb.model.diagnostic import Diagnostic
from dagy_nb.model.expression import ParameterReference, find_texts, read_text, resolve_value
from dagy_nb.model.flow import NodeEntry
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.spec import NodeSpec

CheckConfig = Callable[[str, Mapping[str, Any]], Sequence[tuple[str, str]]]
"""Node type and config in, `(field path, what is wrong)` out."""


def check_configs(
    outline: FlowOutline, check_config: CheckConfig | None, values: Mapping[str, Any]
) -> Iterator[Diagnostic]:
    """Yield what is wrong with the config of each node.

    Args:
        outline: The flow.
        check_config: The node types' own check; without it only expressions are looked at.
        values: What is known of the parameters' values. A config that names any other parameter
            waits for the run, since half a config cannot be judged rightly.
    """
    # What a class says of no config at all, it says of every node of it; mostly nothing.
    bare = {name: check_config(name, {}) for name in outline.bare_types} if check_config else {}
    for node in outline.flow.nodes if any(bare.values()) else outline.configured:
        if not node.config:
            for path, words in bare.get(node.type, ()):
                yield _describe(node, outline.specs[node.type], path, words)
            continue
        names, findings = _check_expressions(outline, node)
        yield from findings
        spec = outline.specs.get(node.type)
        if findings or spec is None or check_config is None or not names <= values.keys():
            continue
        for path, words in check_config(node.type, resolve_value(node.config, values)):
            yield _describe(node, spec, path, words)


def _check_expressions(
    outline: FlowOutline, node: NodeEntry
) -> tuple[frozenset[str], list[Diagnostic]]:
    names: set[str] = set()
    findings = []
    for path, text in find_texts(node.config):
        try:
            read = read_text(text)
        except FlowError as error:
            findings.append(
                find(error.code, error.reason, error.suggestion, node=node.id, field=path)
            )
            continue
        if isinstance(read, ParameterReference):
            names.add(read.name)
            if read.name not in outline.parameters:
                findings.append(_describe_undeclared(outline, node, path, read))
    return frozenset(names), findings


def _describe_undeclared(
    outline: FlowOutline, node: NodeEntry, path: str, reference: ParameterReference
) -> Diagnostic:
    return find(
        "parameter.undeclared",
        f"{reference} names no parameter of flow {outline.flow.name!r}.",
        suggest_names(reference.name, outline.parameters, what="parameters")
        if outline.parameters
        else f"Declare it: parameters: {{{reference.name}: …}}.",
        node=node.id,
        field=path,
    )


def _describe(node: NodeEntry, spec: NodeSpec, path: str, words: str) -> Diagnostic:
    fields = spec.config_schema.get("properties", {})
    if path in node.config and path not in fields:
        return find(
            "config.unknown_field",
            f"{node.type} has no config field {path!r}.",
            suggest_names(path, fields, what="fields"),
            node=node.id,
            field=path,
        )
    if path not in node.config and path in spec.config_schema.get("required", ()):
        return find(
            "config.missing",
            f"{node.type} needs a value for {path!r}.",
            f"Set {path} in the config of {node.id}.",
            node=node.id,
            field=path,
        )
    message = f"{path}: {words}" if path else words
    message = message if message.endswith("?") else message.rstrip(".") + "."
    return find("config.invalid", message, node=node.id, field=path)

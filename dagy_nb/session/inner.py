"""The config of a node that runs other nodes in, what is wrong with what it runs inside out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagy_nb.errors import DagyError
from dagy_nb.model.diagnostic import Diagnostic, Severity
from dagy_nb.model.frozen import thaw
from dagy_nb.model.nearest import suggest_names

if TYPE_CHECKING:
    from dagy_nb.model.flow import FlowSpec
    from dagy_nb.model.spec import NodeSpec
    from dagy_nb.nodes.composite import CompositeNode

CheckFlow = Callable[["FlowSpec"], Sequence[Diagnostic]]


def find_inner_problems(
    node_class: type[CompositeNode],
    config: Mapping[str, Any],
    specs: Mapping[str, NodeSpec],
    check: CheckFlow,
) -> list[tuple[str, str]]:
    """Return `(field path, what is wrong)` for what keeps the inner flow from running.

    Args:
        node_class: A composite node type.
        config: Its checked config, as plain values.
        specs: Node type → spec, of the types that are defined here.
        check: What a check of the inner flow finds.
    """
    flow = node_class.inner_flow(config)
    is_pinned = hasattr(node_class, "pinned")
    for node in flow.nodes:
        if node.type not in specs:
            near = suggest_names(node.type, specs, what="node types")
            words = f"there is no node type {node.type!r}. {near}".strip().rstrip(".")
            return [("", f"inside, {words}") if is_pinned else ("node", words)]
    by_id = {node.id: specs[node.type] for node in flow.nodes}
    try:
        given = node_class.given_inputs(config, by_id)
    except DagyError as error:
        return [("input", f"{error.reason} {error.suggestion}".strip().rstrip("."))]
    return [
        _tell(each, is_pinned=is_pinned)
        for each in check(flow)
        if each.severity is Severity.ERROR
        and not (each.code == "input.missing" and (each.place.node, each.place.connector) in given)
    ]


def dump_config(node: Any) -> dict[str, Any]:
    """Return the checked config of a node as plain values."""
    plain: dict[str, Any] = thaw(node.config.model_dump())
    return plain


def _tell(found: Diagnostic, *, is_pinned: bool) -> tuple[str, str]:
    words = f"{found.message} {found.suggestion}".strip().rstrip(".")
    if is_pinned:
        return "", f"inside, {found.place.node or 'the flow'}: {words}"
    if found.code == "node.unknown_runner":
        return "node_options.runner", words
    if found.code.startswith("config."):
        return f"node_config.{found.place.field}".rstrip("."), words
    return "node", words

"""A node of a flow and its class in, the plan of what it runs inside itself out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from dagy_nb.errors import FlowError
from dagy_nb.model.flow import NodeEntry
from dagy_nb.model.frozen import thaw
from dagy_nb.nodes.base import FlowNode
from dagy_nb.nodes.composite import CompositeNode

MAX_DEPTH = 20


class _Nestable(Protocol):
    @property
    def depth(self) -> int: ...


P = TypeVar("P", bound=_Nestable)


def plan_inner(
    node: NodeEntry,
    node_class: type[FlowNode],
    make: Callable[..., P],
    *,
    classes: Mapping[str, type[FlowNode]],
    parameters: Mapping[str, Any],
    runner: str | None,
    inside: tuple[str, ...],
    **limits: float | None,
) -> P | None:
    """Return the plan of a composite node's inner run, without a run id; None for any other node.

    Args:
        node: The node.
        node_class: Its class.
        make: `make_plan`.
        classes: Node type → class, as they are now: the inner run keeps to these.
        parameters: Of the outer run.
        runner: Runner for every node, above what nodes and classes say.
        inside: The types of the composite nodes around this one, the outermost first.
        limits: The outer plan's `default_timeout` and `node_timeout`.

    Raises:
        FlowError: `flow.recursive`, `flow.too_deep`, and whatever keeps the inner flow from being planned.
    """
    if node.disabled or not issubclass(node_class, CompositeNode):
        return None
    _refuse_recursion(node, node_class, inside)
    config = thaw(node_class.create(thaw(node.config)).config.model_dump())
    flow = node_class.inner_flow(config)
    specs = {each.id: classes[each.type].spec for each in flow.nodes if each.type in classes}
    return make(
        flow,
        classes,
        run_id="",
        parameters=node_class.inner_parameters(config, parameters),
        artifacts=Path(),
        runner=runner or (node.runner.value if node.runner is not None else None),
        given=node_class.given_inputs(config, specs),
        inside=(*inside, node.type),
        **limits,
    )


def _refuse_recursion(
    node: NodeEntry, node_class: type[CompositeNode], inside: tuple[str, ...]
) -> None:
    if node.type in inside and not node_class.nests_in_itself:
        path = " → ".join((*inside[inside.index(node.type) :], node.type))
        raise FlowError(
            f"The node type {node.type} runs itself: {path}.",
            code="flow.recursive",
            suggestion=f"Take the node {node.id!r} out of the flow inside it.",
        )
    if len(inside) >= MAX_DEPTH:
        raise FlowError(
            f"Node {node.id!r} lies {len(inside)} runs deep; {MAX_DEPTH} are allowed.",
            code="flow.too_deep",
            suggestion="Put what is inside into one node.",
        )

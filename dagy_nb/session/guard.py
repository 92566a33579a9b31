"""What a user wants to put into a flow in, its type's name or a refusal with its code out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dagy_nb.checks.connection import require_connection
from dagy_nb.errors import FlowError, UnknownName
from dagy_nb.model.edit import AddNode, Connect, Edit
from dagy_nb.model.nearest import suggest_names
from dagy_nb.nodes.base import FlowNode

if TYPE_CHECKING:
    from dagy_nb.model.flow import FlowSpec
    from dagy_nb.model.spec import NodeSpec
    from dagy_nb.session.session import Session


def name_type(node: object, session: Session) -> str:
    """Return the name of a node class's type, or a type's name if there is such.

    Raises:
        UnknownName: `unknown.node_type`.
        DefinitionError: `node.unavailable`, `node.no_execute`.
        FlowError: `flow.no_node`.
    """
    if isinstance(node, str):
        return session.registry.get(node).spec.type
    if not (isinstance(node, type) and issubclass(node, FlowNode)):
        raise FlowError(
            f"{node!r} is no node.",
            code="flow.no_node",
            suggestion="Give a FlowNode class, a function made with @node, or a type's name.",
        )
    return session.adopt(node)


def refuse_edit(flow: FlowSpec, edit: Edit, specs: Mapping[str, NodeSpec]) -> None:
    """Raise where an edit brings a node of an unknown type, or an edge that does not fit.

    Args:
        flow: The flow before the edit.
        edit: The edit.
        specs: Node type → spec.

    Raises:
        UnknownName: `unknown.node_type`.
        ConnectionRefused: With the code, reason and suggestion that the editor shows too.
    """
    if isinstance(edit, AddNode) and edit.node.type not in specs:
        raise UnknownName(
            f"No node type is named {edit.node.type!r}.",
            code="unknown.node_type",
            suggestion=suggest_names(edit.node.type, specs, what="node types"),
        )
    if isinstance(edit, Connect):
        require_connection(flow, specs, edit.edge)

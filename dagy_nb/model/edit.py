"""One change of a flow, with its inverse: `apply(apply(flow, edit), invert(flow, edit)) == flow`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, FiniteFloat

from dagy_nb.errors import FlowError
from dagy_nb.model.connector import Name
from dagy_nb.model.flow import EdgeSpec, FailurePolicy, FlowSpec, NodeEntry, ParameterSpec
from dagy_nb.model.frozen import FrozenMap, FrozenModel
from dagy_nb.model.retry import RetrySpec, Trigger
from dagy_nb.model.spec import RunnerName


class AddNode(FrozenModel):
    """Put a node into the flow, at the end or at `index`."""

    kind: Literal["add_node"] = "add_node"
    node: NodeEntry
    index: int | None = None


class RemoveNode(FrozenModel):
    """Take a node out, with all its edges."""

    kind: Literal["remove_node"] = "remove_node"
    id: Name


class Connect(FrozenModel):
    """Put an edge into the flow, at the end or at `index`."""

    kind: Literal["connect"] = "connect"
    edge: EdgeSpec
    index: int | None = None


class Disconnect(FrozenModel):
    """Take an edge out."""

    kind: Literal["disconnect"] = "disconnect"
    edge: EdgeSpec


class SetConfig(FrozenModel):
    """Replace a node's whole config."""

    kind: Literal["set_config"] = "set_config"
    id: Name
    config: FrozenMap


class SetOptions(FrozenModel):
    """Replace a node's reserved options."""

    kind: Literal["set_options"] = "set_options"
    id: Name
    label: str = ""
    timeout: FiniteFloat | None = Field(None, ge=0)
    runner: RunnerName | None = None
    retries: int | None = Field(None, ge=0, le=100)
    retry: RetrySpec | None = None
    trigger: Trigger = Trigger.ALL_SUCCESS
    memory_mb: FiniteFloat | None = Field(None, gt=0)
    disabled: bool = False


class RenameNode(FrozenModel):
    """Give a node another id; its edges follow."""

    kind: Literal["rename_node"] = "rename_node"
    id: Name
    to: Name


class SetFlow(FrozenModel):
    """Replace the flow's own fields; nodes and edges stay, and so do parameters where none are given.

    A browser gives none: what it was shown of a default may not be the whole of it.
    """

    kind: Literal["set_flow"] = "set_flow"
    description: str = ""
    parameters: tuple[ParameterSpec, ...] | None = None
    failure_policy: FailurePolicy = FailurePolicy.CONTINUE
    timeout: FiniteFloat | None = Field(None, gt=0)
    node_timeout: FiniteFloat | None = Field(None, ge=0)
    backend: str | None = Field(None, min_length=1, max_length=100)


class ReplaceFlow(FrozenModel):
    """Put another description of the same flow in place of this one."""

    kind: Literal["replace_flow"] = "replace_flow"
    flow: FlowSpec


class Batch(FrozenModel):
    """Several edits as one: all or none."""

    kind: Literal["batch"] = "batch"
    edits: tuple[Edit, ...]
    label: str = ""


Edit = Annotated[
    AddNode
    | RemoveNode
    | Connect
    | Disconnect
    | SetConfig
    | SetOptions
    | RenameNode
    | SetFlow
    | ReplaceFlow
    | Batch,
    Field(discriminator="kind"),
]
Batch.model_rebuild()


def apply_edit(flow: FlowSpec, edit: Edit) -> FlowSpec:
    """Return the flow after `edit`; the given flow stays as it was.

    Raises:
        FlowError: `edit.unknown_node`, `edit.unknown_edge`, `edit.node_taken`, `edit.edge_taken`,
            `edit.other_flow`, `edit.parameter_taken`, `edit.invalid`.
    """
    match edit:
        case AddNode():
            _refuse_taken(flow, edit.node.id)
            return _with(flow, nodes=_insert(flow.nodes, edit.node, edit.index))
        case RemoveNode():
            find_node(flow, edit.id)
            return _with(
                flow,
                nodes=tuple(node for node in flow.nodes if node.id != edit.id),
                edges=tuple(e for e in flow.edges if edit.id not in (e.source, e.target)),
            )
        case Connect():
            if _has_edge(flow, edit.edge):
                raise FlowError(f"{edit.edge} is already there.", code="edit.edge_taken")
            return _with(flow, edges=_insert(flow.edges, edit.edge, edit.index))
        case Disconnect():
            _edge_index(flow, edit.edge)
            return _with(flow, edges=tuple(e for e in flow.edges if e != edit.edge))
        case SetConfig():
            return _replace_node(flow, edit.id, config=edit.config)
        case SetOptions():
            return _replace_node(flow, edit.id, **_options(edit))
        case RenameNode():
            return _rename(flow, edit)
        case SetFlow():
            return _set_flow(flow, edit)
        case ReplaceFlow():
            return _replace_flow(flow, edit)
        case Batch():
            for each in edit.edits:
                flow = apply_edit(flow, each)
            return flow
    raise _refuse_foreign(edit)


def invert_edit(flow: FlowSpec, edit: Edit) -> Edit:
    """Return the edit that leads from `apply_edit(flow, edit)` back to `flow`, order included."""
    if _meets_broken_edges(flow, edit):
        return ReplaceFlow(flow=flow)
    match edit:
        case AddNode():
            return RemoveNode(id=edit.node.id)
        case RemoveNode():
            return _invert_remove(flow, edit)
        case Connect():
            return Disconnect(edge=edit.edge)
        case Disconnect():
            return Connect(edge=edit.edge, index=_edge_index(flow, edit.edge))
        case SetConfig():
            return SetConfig(id=edit.id, config=find_node(flow, edit.id).config)
        case SetOptions():
            return SetOptions(id=edit.id, **_options(find_node(flow, edit.id)))
        case RenameNode():
            return RenameNode(id=edit.to, to=edit.id)
        case SetFlow():
            return SetFlow(**{name: getattr(flow, name) for name in _FLOW_FIELDS})
        case ReplaceFlow():
            return ReplaceFlow(flow=flow)
        case Batch():
            inverses = []
            for each in edit.edits:
                inverses.append(invert_edit(flow, each))
                flow = apply_edit(flow, each)
            return Batch(edits=tuple(reversed(inverses)), label=edit.label)
    raise _refuse_foreign(edit)


def describe_edit(edit: Edit) -> str:
    """Return what an edit does in a few words, for undo buttons."""
    match edit:
        case AddNode():
            return f"add {edit.node.id}"
        case RemoveNode():
            return f"remove {edit.id}"
        case Connect():
            return f"connect {edit.edge}"
        case Disconnect():
            return f"disconnect {edit.edge}"
        case SetConfig():
            return f"configure {edit.id}"
        case SetOptions():
            return f"set options of {edit.id}"
        case RenameNode():
            return f"rename {edit.id} to {edit.to}"
        case SetFlow():
            return "change the flow"
        case ReplaceFlow():
            return "replace the flow"
        case Batch():
            return edit.label or f"{len(edit.edits)} changes"


_FLOW_FIELDS = (
    "description",
    "parameters",
    "failure_policy",
    "timeout",
    "node_timeout",
    "backend",
)
_OPTION_FIELDS = (
    "label",
    "timeout",
    "runner",
    "retries",
    "retry",
    "trigger",
    "memory_mb",
    "disabled",
)


def _options(source: SetOptions | NodeEntry) -> dict[str, Any]:
    return {name: getattr(source, name) for name in _OPTION_FIELDS}


def _with(flow: FlowSpec, **changes: Any) -> FlowSpec:
    return flow.model_copy(update=changes)


def _insert(items: tuple[Any, ...], item: Any, index: int | None) -> tuple[Any, ...]:
    at = len(items) if index is None else index
    return (*items[:at], item, *items[at:])


def find_node(flow: FlowSpec, node_id: str) -> NodeEntry:
    """Return the node of this id.

    Raises:
        FlowError: `edit.unknown_node`.
    """
    node = flow.node(node_id)
    if node is None:
        known = ", ".join(each.id for each in flow.nodes[:20]) or "none"
        raise FlowError(
            f"Flow {flow.name!r} has no node {node_id!r}.",
            code="edit.unknown_node",
            suggestion=f"Its nodes are: {known}.",
        )
    return node


def _refuse_foreign(edit: object) -> FlowError:
    return FlowError(
        f"{edit!r} is no edit of a flow.",
        code="edit.invalid",
        suggestion="Give the classes of dagy_nb.model.edit, such as AddNode and Connect.",
    )


def _has_edge(flow: FlowSpec, edge: EdgeSpec) -> bool:
    # By field: comparing whole models costs twenty times as much, for each edge of the flow.
    return any(
        each.input == edge.input
        and each.target == edge.target
        and each.output == edge.output
        and each.source == edge.source
        for each in flow.edges
    )


def _edge_index(flow: FlowSpec, edge: EdgeSpec) -> int:
    if edge not in flow.edges:
        raise FlowError(f"Flow {flow.name!r} has no edge {edge}.", code="edit.unknown_edge")
    return flow.edges.index(edge)


def _refuse_taken(flow: FlowSpec, node_id: str) -> None:
    if flow.node(node_id) is not None:
        raise FlowError(
            f"Flow {flow.name!r} already has a node {node_id!r}.",
            code="edit.node_taken",
            suggestion="Choose another id.",
        )


def _replace_node(flow: FlowSpec, node_id: str, **changes: Any) -> FlowSpec:
    old = find_node(flow, node_id)
    new = old.model_copy(update=changes)
    return _with(flow, nodes=tuple(new if node is old else node for node in flow.nodes))


def _meets_broken_edges(flow: FlowSpec, edit: Edit) -> bool:
    """Say whether broken edges wait for the id an edit brings; a plain inverse would lose them."""
    fresh = edit.node.id if isinstance(edit, AddNode) else ""
    if isinstance(edit, RenameNode) and edit.to != edit.id:
        fresh = edit.to
    return bool(fresh) and any(fresh in (edge.source, edge.target) for edge in flow.edges)


def _set_flow(flow: FlowSpec, edit: SetFlow) -> FlowSpec:
    fields = {name: getattr(edit, name) for name in _FLOW_FIELDS}
    if edit.parameters is None:
        fields["parameters"] = flow.parameters
    names = [parameter.name for parameter in fields["parameters"]]
    twins = [name for name in names if names.count(name) > 1]
    if twins:
        raise FlowError(
            f"The parameter {twins[0]!r} stands twice.",
            code="edit.parameter_taken",
            suggestion="Rename or remove one of them.",
        )
    return _with(flow, **fields)


def _replace_flow(flow: FlowSpec, edit: ReplaceFlow) -> FlowSpec:
    if edit.flow.name != flow.name:
        raise FlowError(
            f"Flow {flow.name!r} cannot become flow {edit.flow.name!r}.", code="edit.other_flow"
        )
    return edit.flow


def _rename(flow: FlowSpec, edit: RenameNode) -> FlowSpec:
    if edit.to != edit.id:
        _refuse_taken(flow, edit.to)
    renamed = _replace_node(flow, edit.id, id=edit.to)
    # A broken edge may have waited for the new id: two edges can become one.
    edges = dict.fromkeys(_redirect(edge, edit) for edge in flow.edges)
    return _with(renamed, edges=tuple(edges))


def _redirect(edge: EdgeSpec, edit: RenameNode) -> EdgeSpec:
    return edge.model_copy(
        update={
            "source": edit.to if edge.source == edit.id else edge.source,
            "target": edit.to if edge.target == edit.id else edge.target,
        }
    )


def _invert_remove(flow: FlowSpec, edit: RemoveNode) -> Edit:
    node = find_node(flow, edit.id)
    back: list[Any] = [AddNode(node=node, index=flow.nodes.index(node))]
    back += [
        Connect(edge=edge, index=index)
        for index, edge in enumerate(flow.edges)
        if edit.id in (edge.source, edge.target)
    ]
    return Batch(edits=tuple(back), label=f"add {edit.id}")

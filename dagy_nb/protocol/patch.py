"""Two pictures of one flow in, the patch that leads from the first to the second out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from dagy_nb.protocol.message import Patch
from dagy_nb.protocol.picture import EdgePicture, FlowPicture, NodePicture

Item = TypeVar("Item", NodePicture, EdgePicture)


def diff_flow(before: FlowPicture, after: FlowPicture, reply_to: str = "") -> Patch:
    """Return what changed; a browser at `before` that applies it has `after`.

    Whoever applies it takes removed items out, puts changed ones in their old place and new ones at
    the end; an order is sent only where that gives another one.
    """
    nodes, removed_nodes, node_order = _diff_items(before.nodes, after.nodes)
    edges, removed_edges, edge_order = _diff_items(before.edges, after.edges)
    return Patch(
        base_revision=before.revision,
        revision=after.revision,
        reply_to=reply_to,
        nodes=nodes,
        removed_nodes=removed_nodes,
        node_order=node_order,
        edges=edges,
        removed_edges=removed_edges,
        edge_order=edge_order,
        diagnostics=after.diagnostics,
        parameters=after.parameters,
        description=after.description,
        failure_policy=after.failure_policy,
        timeout=after.timeout,
        node_timeout=after.node_timeout,
        backend=after.backend,
        undo=after.undo,
        redo=after.redo,
    )


def _diff_items(
    before: Sequence[Item], after: Sequence[Item]
) -> tuple[tuple[Item, ...], tuple[str, ...], tuple[str, ...]]:
    """Return new or changed items, the ids of removed ones, and the order where it is needed."""
    old = {each.id: each for each in before}
    new = {each.id: each for each in after}
    changed = tuple(each for each in after if old.get(each.id) != each)
    removed = tuple(item_id for item_id in old if item_id not in new)
    kept = [item_id for item_id in old if item_id in new]
    added = [each.id for each in changed if each.id not in old]
    order = list(new)
    return changed, removed, () if kept + added == order else tuple(order)

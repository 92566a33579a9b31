// Two pictures of a flow in, the patch that leads from one to the other out.
import type { EdgePicture, FlowPicture, Patch } from '../src/protocol/generated';

export function diff(before: FlowPicture, after: FlowPicture, replyTo: string): Patch {
  const { description, parameters, diagnostics, failure_policy, timeout, node_timeout, backend } =
    after;
  return {
    kind: 'patch',
    base_revision: before.revision,
    revision: after.revision,
    reply_to: replyTo,
    nodes: changed(before.nodes, after.nodes),
    removed_nodes: removed(before.nodes, after.nodes),
    node_order: after.nodes.map(node => node.id),
    edges: changed<EdgePicture>(before.edges, after.edges),
    removed_edges: removed(before.edges, after.edges),
    edge_order: after.edges.map(edge => edge.id),
    diagnostics,
    parameters,
    description,
    failure_policy,
    timeout,
    node_timeout,
    backend,
    undo: after.undo,
    redo: after.redo
  };
}

function changed<Item extends { readonly id: string }>(
  before: readonly Item[],
  after: readonly Item[]
): readonly Item[] {
  const known = new Map(before.map(item => [item.id, item]));
  return after.filter(item => known.get(item.id) !== item);
}

function removed(
  before: readonly { readonly id: string }[],
  after: readonly { readonly id: string }[]
): readonly string[] {
  const kept = new Set(after.map(item => item.id));
  return before.map(item => item.id).filter(id => !kept.has(id));
}

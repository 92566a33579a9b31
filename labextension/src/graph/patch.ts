// A picture and the kernel's news in, the next picture out; what did not change keeps its identity.
import type { FlowPicture, Patch, RunPicture, StatusChanged } from '../protocol/generated';
import type { Positions } from './edit';

interface Named {
  readonly id: string;
}

export function applyPatch(flow: FlowPicture, patch: Patch): FlowPicture {
  return {
    ...flow,
    revision: patch.revision,
    description: patch.description,
    parameters: patch.parameters,
    nodes: mergeItems(flow.nodes, patch.nodes, patch.removed_nodes, patch.node_order),
    edges: mergeItems(flow.edges, patch.edges, patch.removed_edges, patch.edge_order),
    diagnostics: patch.diagnostics,
    failure_policy: patch.failure_policy,
    timeout: patch.timeout,
    node_timeout: patch.node_timeout,
    backend: patch.backend,
    undo: patch.undo,
    redo: patch.redo
  };
}

/** Put nodes elsewhere; nodes that stay where they are keep their identity. */
export function placeNodes(flow: FlowPicture, positions: Positions): FlowPicture {
  let changed = false;
  const nodes = flow.nodes.map(node => {
    const at = positions[node.id];
    if (!at || (at.x === node.x && at.y === node.y)) return node;
    changed = true;
    return { ...node, x: at.x, y: at.y };
  });
  return changed ? { ...flow, nodes } : flow;
}

/** The run after a status message: the same run's nodes are merged, another run takes its place. */
export function mergeStatus(run: RunPicture | null, news: StatusChanged): RunPicture {
  if (news.whole || run === null || run.run_id !== news.run.run_id) return news.run;
  return { ...news.run, nodes: { ...run.nodes, ...news.run.nodes } };
}

function mergeItems<Item extends Named>(
  before: readonly Item[],
  changed: readonly Item[],
  removed: readonly string[],
  order: readonly string[]
): readonly Item[] {
  if (changed.length === 0 && removed.length === 0 && order.length === 0) return before;
  const items = new Map(before.map(item => [item.id, item]));
  for (const id of removed) items.delete(id);
  for (const item of changed) items.set(item.id, item);
  if (order.length === 0) return [...items.values()];
  const ordered = order.flatMap(id => items.get(id) ?? []);
  return ordered.length === items.size ? ordered : [...items.values()];
}

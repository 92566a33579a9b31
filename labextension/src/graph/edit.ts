// A flow picture and one edit in, the picture after it out; null where the edit does not fit.
//
// The twin of dagy_nb/model/edit.py, on pictures: the editor shows an edit at once, the kernel's
// patch then brings the exact picture.
import type {
  AddNode,
  Connect,
  Edit,
  EdgePicture,
  EdgeSpec,
  FlowPicture,
  NodePicture,
  RenameNode,
  SetFlow,
  SetOptions
} from '../protocol/generated';
import { drawNode, type Point } from './card';
import { judgeTypes } from './connection';
import { edgeId, outlineFlow } from './outline';
import type { Palette } from './palette';

export type Positions = { readonly [id: string]: Point };

/** Apply edits in order, all or none. */
export function applyEdits(
  flow: FlowPicture,
  edits: readonly Edit[],
  palette: Palette,
  positions: Positions = {}
): FlowPicture | null {
  let result: FlowPicture | null = flow;
  for (const edit of edits) {
    if (result === null) return null;
    result = applyEdit(result, edit, palette, positions);
  }
  return result;
}

function applyEdit(
  flow: FlowPicture,
  edit: Edit,
  palette: Palette,
  positions: Positions
): FlowPicture | null {
  switch (edit.kind) {
    case 'add_node':
      return addNode(flow, edit, palette, positions);
    case 'remove_node':
      return removeNode(flow, edit.id);
    case 'connect':
      return connect(flow, edit, palette);
    case 'disconnect':
      return disconnect(flow, edit.edge);
    case 'set_config':
      return replaceNode(flow, edit.id, { config: edit.config });
    case 'set_options':
      return setOptions(flow, edit, palette);
    case 'rename_node':
      return renameNode(flow, edit);
    case 'set_flow':
      return { ...flow, ...flowFields(flow, edit) };
    case 'batch':
      return applyEdits(flow, edit.edits, palette, positions);
    case 'replace_flow':
      // Only the kernel makes this edit (from a cell's text); its patch brings the picture.
      return null;
  }
}

function addNode(
  flow: FlowPicture,
  edit: AddNode,
  palette: Palette,
  positions: Positions
): FlowPicture | null {
  if (flow.nodes.some(node => node.id === edit.node.id)) return null;
  const at = positions[edit.node.id] ?? { x: 0, y: 0 };
  const node = drawNode(edit.node, palette.types.get(edit.node.type), at);
  return { ...flow, nodes: insert(flow.nodes, node, edit.index) };
}

function removeNode(flow: FlowPicture, id: string): FlowPicture | null {
  if (!flow.nodes.some(node => node.id === id)) return null;
  return {
    ...flow,
    nodes: flow.nodes.filter(node => node.id !== id),
    edges: flow.edges.filter(edge => edge.source !== id && edge.target !== id),
    diagnostics: flow.diagnostics.filter(each => each.node !== id)
  };
}

function connect(flow: FlowPicture, edit: Connect, palette: Palette): FlowPicture | null {
  const id = edgeId(edit.edge);
  if (flow.edges.some(edge => edge.id === id)) return null;
  const ends = flow.nodes.filter(node => [edit.edge.source, edit.edge.target].includes(node.id));
  if (ends.length !== new Set([edit.edge.source, edit.edge.target]).size) return null;
  const verdict = judgeTypes(outlineFlow({ ...flow, nodes: ends, edges: [] }), palette, edit.edge);
  const edge: EdgePicture = {
    ...edit.edge,
    id,
    verdict: verdict.verdict,
    reason: verdict.reason,
    broken: '',
    repair: ''
  };
  const diagnostics = flow.diagnostics.filter(each => !isMissingInput(each, edit.edge));
  return { ...flow, edges: insert(flow.edges, edge, edit.index), diagnostics };
}

function isMissingInput(diagnostic: FlowPicture['diagnostics'][number], edge: EdgeSpec): boolean {
  return (
    diagnostic.code === 'input.missing' &&
    diagnostic.node === edge.target &&
    diagnostic.connector === edge.input
  );
}

function disconnect(flow: FlowPicture, edge: EdgeSpec): FlowPicture | null {
  const id = edgeId(edge);
  if (!flow.edges.some(each => each.id === id)) return null;
  return {
    ...flow,
    edges: flow.edges.filter(each => each.id !== id),
    diagnostics: flow.diagnostics.filter(each => each.edge !== id)
  };
}

function setOptions(flow: FlowPicture, edit: SetOptions, palette: Palette): FlowPicture | null {
  const node = flow.nodes.find(each => each.id === edit.id);
  if (!node) return null;
  const type = palette.types.get(node.type);
  return replaceNode(flow, edit.id, {
    label: edit.label,
    timeout: edit.timeout,
    runner: edit.runner ?? '',
    retries: edit.retries,
    retry: edit.retry,
    trigger: edit.trigger,
    memory_mb: edit.memory_mb,
    disabled: edit.disabled,
    effective_runner: edit.runner ?? type?.runner ?? node.effective_runner,
    effective_timeout: edit.timeout ?? type?.timeout ?? null
  });
}

function renameNode(flow: FlowPicture, edit: RenameNode): FlowPicture | null {
  const taken = flow.nodes.some(node => node.id === edit.to);
  if (taken && edit.to !== edit.id) return null;
  const renamed = replaceNode(flow, edit.id, { id: edit.to });
  if (!renamed) return null;
  return {
    ...renamed,
    edges: renamed.edges.map(edge => redirect(edge, edit)),
    diagnostics: renamed.diagnostics.map(each =>
      each.node === edit.id ? { ...each, node: edit.to } : each
    )
  };
}

function redirect(edge: EdgePicture, edit: RenameNode): EdgePicture {
  if (edge.source !== edit.id && edge.target !== edit.id) return edge;
  const moved = {
    ...edge,
    source: edge.source === edit.id ? edit.to : edge.source,
    target: edge.target === edit.id ? edit.to : edge.target
  };
  return { ...moved, id: edgeId(moved) };
}

function flowFields(flow: FlowPicture, edit: SetFlow): Partial<FlowPicture> {
  const { description, failure_policy, timeout, node_timeout, backend } = edit;
  const parameters = edit.parameters ?? flow.parameters;
  return { description, parameters, failure_policy, timeout, node_timeout, backend };
}

/** The edit that changes some of a flow's own fields; its parameters stay, whatever their defaults are. */
export function setFlowEdit(flow: FlowPicture, changes: Partial<SetFlow>): SetFlow {
  const { description, failure_policy, timeout, node_timeout, backend } = flow;
  const fields = { description, failure_policy, timeout, node_timeout, backend };
  return { ...fields, ...changes, kind: 'set_flow', parameters: null };
}

function replaceNode(
  flow: FlowPicture,
  id: string,
  changes: Partial<NodePicture>
): FlowPicture | null {
  if (!flow.nodes.some(node => node.id === id)) return null;
  const nodes = flow.nodes.map(node => (node.id === id ? { ...node, ...changes } : node));
  return { ...flow, nodes };
}

function insert<Item>(items: readonly Item[], item: Item, index: number | null): readonly Item[] {
  const at = index ?? items.length;
  return [...items.slice(0, at), item, ...items.slice(at)];
}

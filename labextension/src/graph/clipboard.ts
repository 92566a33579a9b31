// Nodes of a flow in, a text for the clipboard out; such a text in, edits that paste it out.
import type { EdgeSpec, Edit, FlowPicture, NodeEntry } from '../protocol/generated';
import { entryOf, type Point } from './card';
import type { Positions } from './edit';
import { specOf } from './outline';
import { freeId, isIdentifier, takenIds } from './placement';

export interface Fragment {
  readonly nodes: readonly NodeEntry[];
  readonly edges: readonly EdgeSpec[];
  readonly positions: Positions;
}

export interface Paste {
  readonly edits: readonly Edit[];
  readonly positions: Positions;
  readonly ids: readonly string[];
}

const MARK = 'dagy_nb/nodes/1';
const STEP = 32;

/** The chosen nodes with the edges among them. */
export function cutOut(flow: FlowPicture, ids: ReadonlySet<string>): Fragment {
  const nodes = flow.nodes.filter(node => ids.has(node.id));
  return {
    nodes: nodes.map(entryOf),
    edges: flow.edges.filter(edge => ids.has(edge.source) && ids.has(edge.target)).map(specOf),
    positions: Object.fromEntries(nodes.map(node => [node.id, { x: node.x, y: node.y }]))
  };
}

export function writeFragment(fragment: Fragment): string {
  return JSON.stringify({ format: MARK, ...fragment }, null, 2);
}

/** Read what `writeFragment` wrote; null for any other text. */
export function readFragment(text: string): Fragment | null {
  if (!text.includes(MARK)) return null;
  try {
    const content = JSON.parse(text) as Partial<Fragment> & { readonly format?: unknown };
    return content.format === MARK && isFragment(content) ? content : null;
  } catch {
    return null;
  }
}

/** Edits which put the fragment into the flow under free ids, moved so that nothing is covered. */
export function pasteFragment(flow: FlowPicture, fragment: Fragment, label: string): Paste {
  const taken = new Set(takenIds(flow));
  const names = new Map<string, string>();
  for (const node of fragment.nodes) {
    const id = freeId(node.id, taken);
    names.set(node.id, id);
    taken.add(id);
  }
  const shift = findShift(flow, fragment);
  const edits: Edit[] = [
    ...fragment.nodes.map(node => addNode(node, names)),
    ...fragment.edges.flatMap(edge => connect(edge, names))
  ];
  return {
    edits: [{ kind: 'batch', edits, label }],
    positions: shiftAll(fragment, names, shift),
    ids: [...names.values()]
  };
}

function addNode(node: NodeEntry, names: ReadonlyMap<string, string>): Edit {
  return { kind: 'add_node', node: { ...node, id: names.get(node.id) ?? node.id }, index: null };
}

function connect(edge: EdgeSpec, names: ReadonlyMap<string, string>): readonly Edit[] {
  const source = names.get(edge.source);
  const target = names.get(edge.target);
  if (!source || !target) return [];
  return [{ kind: 'connect', edge: { ...specOf(edge), source, target }, index: null }];
}

function findShift(flow: FlowPicture, fragment: Fragment): number {
  const used = new Set(flow.nodes.map(node => `${Math.round(node.x)},${Math.round(node.y)}`));
  const points = Object.values(fragment.positions);
  let shift = 0;
  const covers = (at: Point): boolean =>
    used.has(`${Math.round(at.x + shift)},${Math.round(at.y + shift)}`);
  while (points.some(covers)) shift += STEP;
  return shift;
}

function shiftAll(
  fragment: Fragment,
  names: ReadonlyMap<string, string>,
  shift: number
): Positions {
  return Object.fromEntries(
    [...names].map(([from, to]) => {
      const at = fragment.positions[from] ?? { x: 0, y: 0 };
      return [to, { x: at.x + shift, y: at.y + shift }];
    })
  );
}

function isFragment(content: Partial<Fragment>): content is Fragment {
  return (
    Array.isArray(content.nodes) &&
    Array.isArray(content.edges) &&
    typeof content.positions === 'object' &&
    content.positions !== null &&
    content.nodes.every(isEntry)
  );
}

function isEntry(node: Partial<NodeEntry> | null): boolean {
  return (
    typeof node?.id === 'string' &&
    isIdentifier(node.id) &&
    typeof node.type === 'string' &&
    isIdentifier(node.type)
  );
}

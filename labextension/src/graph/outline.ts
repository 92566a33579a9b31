// A flow picture in, look-ups over its nodes and edges out.
import type {
  ConnectorPicture,
  EdgePicture,
  EdgeSpec,
  FlowPicture,
  NodePicture
} from '../protocol/generated';

export type Direction = 'input' | 'output';

/** One end of an edge. */
export interface End {
  readonly node: string;
  readonly connector: string;
  readonly direction: Direction;
}

export interface Outline {
  readonly nodes: ReadonlyMap<string, NodePicture>;
  readonly edges: ReadonlyMap<string, EdgePicture>;
  readonly into: ReadonlyMap<string, readonly EdgePicture[]>;
  readonly outOf: ReadonlyMap<string, readonly EdgePicture[]>;
  readonly successors: ReadonlyMap<string, readonly string[]>;
}

export function outlineFlow(flow: FlowPicture): Outline {
  const nodes = new Map(flow.nodes.map(node => [node.id, node]));
  return {
    nodes,
    edges: new Map(flow.edges.map(edge => [edge.id, edge])),
    into: groupBy(flow.edges, edge => `${edge.target}.${edge.input}`),
    outOf: groupBy(flow.edges, edge => `${edge.source}.${edge.output}`),
    successors: mapSuccessors(nodes, flow.edges)
  };
}

export function edgeId(edge: EdgeSpec): string {
  return `${edge.source}.${edge.output} -> ${edge.target}.${edge.input}`;
}

/** Read `node.output -> node.input`; null where the text is no edge. */
export function parseEdge(text: string): EdgeSpec | null {
  const match = /^\s*(\w+)\.(\w+)\s*->\s*(\w+)\.(\w+)\s*$/.exec(text);
  if (!match) return null;
  const [, source = '', output = '', target = '', input = ''] = match;
  return { source, output, target, input };
}

export function specOf(edge: EdgeSpec): EdgeSpec {
  return { source: edge.source, output: edge.output, target: edge.target, input: edge.input };
}

/** Join two ends into an edge, whichever was taken first; null where both have one direction. */
export function joinEnds(first: End, second: End): EdgeSpec | null {
  if (first.direction === second.direction) return null;
  const [from, to] = first.direction === 'output' ? [first, second] : [second, first];
  return { source: from.node, output: from.connector, target: to.node, input: to.connector };
}

export function findConnector(
  node: NodePicture,
  name: string,
  direction: Direction
): ConnectorPicture | null {
  const list = direction === 'output' ? node.outputs : node.inputs;
  return list.find(each => each.name === name) ?? null;
}

function groupBy(
  edges: readonly EdgePicture[],
  keyOf: (edge: EdgePicture) => string
): ReadonlyMap<string, readonly EdgePicture[]> {
  const groups = new Map<string, EdgePicture[]>();
  for (const edge of edges) {
    const group = groups.get(keyOf(edge));
    if (group) group.push(edge);
    else groups.set(keyOf(edge), [edge]);
  }
  return groups;
}

function mapSuccessors(
  nodes: ReadonlyMap<string, NodePicture>,
  edges: readonly EdgePicture[]
): ReadonlyMap<string, readonly string[]> {
  const found = new Map([...nodes.keys()].map(id => [id, new Set<string>()]));
  for (const edge of edges) {
    if (found.has(edge.target)) found.get(edge.source)?.add(edge.target);
  }
  return new Map([...found].map(([id, targets]) => [id, [...targets]]));
}

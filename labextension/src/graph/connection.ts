// A flow, the kernel's words and one edge in, a verdict with its reason out.
//
// The twin of dagy_nb/checks/connection.py: the same questions in the same order, so both name the
// same reason. Type pairs are looked up in the kernel's table; only what needs the live graph
// (ends, self loop, duplicate, room, cycle) is asked here, in the words of the kernel's rules.
import type {
  ConnectorPicture,
  EdgeSpec,
  NodePicture,
  VerdictPicture
} from '../protocol/generated';
import { edgeId, findConnector, specOf, type Direction, type Outline } from './outline';
import { compareTypes, type Palette } from './palette';
import { findPath } from './shape';

export type Verdict = VerdictPicture;

export function judge(outline: Outline, palette: Palette, edge: EdgeSpec): Verdict {
  return (
    findBrokenEnd(outline, palette, edge) ??
    refuseSelfLoop(palette, edge) ??
    refuseDuplicate(outline, palette, edge) ??
    refuseTypes(outline, palette, edge) ??
    refuseTaken(outline, palette, edge) ??
    refuseCycle(outline, palette, edge) ??
    judgeTypes(outline, palette, edge)
  );
}

/** What the types of both ends say, without a look at the other edges. */
export function judgeTypes(outline: Outline, palette: Palette, edge: EdgeSpec): Verdict {
  for (const id of [edge.source, edge.target]) {
    const node = outline.nodes.get(id);
    if (node?.missing) return leaveOpen(palette, edge, id, node.type);
  }
  const output = connectorOf(outline, edge.source, edge.output, 'output');
  const input = connectorOf(outline, edge.target, edge.input, 'input');
  const answer = output && input && compareTypes(palette, output, input);
  return (
    answer ?? leaveOpen(palette, edge, edge.target, outline.nodes.get(edge.target)?.type ?? '')
  );
}

/** Whether a connector with that many edges takes one more, by its cardinality. */
export function hasRoom(connector: ConnectorPicture, direction: Direction, edges: number): boolean {
  if (connector.cardinality === 'many') return true;
  if (connector.cardinality === 'optional' && direction === 'output') return true;
  return edges === 0;
}

/** Fill the places of a rule's text, `{source}` and so on. */
export function fill(text: string, places: { readonly [name: string]: string }): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => places[name] ?? whole);
}

function findBrokenEnd(outline: Outline, palette: Palette, edge: EdgeSpec): Verdict | null {
  for (const node of [edge.source, edge.target]) {
    if (!outline.nodes.has(node)) {
      return refuse(palette, 'edge.unknown_node', edge, { node, hint: '' });
    }
  }
  return (
    findBrokenConnector(outline, palette, edge, edge.source, edge.output, 'output') ??
    findBrokenConnector(outline, palette, edge, edge.target, edge.input, 'input')
  );
}

function findBrokenConnector(
  outline: Outline,
  palette: Palette,
  edge: EdgeSpec,
  id: string,
  connector: string,
  kind: Direction
): Verdict | null {
  const node = outline.nodes.get(id);
  if (!node || node.missing || findConnector(node, connector, kind)) return null;
  const places = { node: id, connector, kind, type: node.type, hint: listNames(node, kind) };
  const turned = findConnector(node, connector, kind === 'output' ? 'input' : 'output');
  return refuse(palette, turned ? 'edge.direction' : 'edge.unknown_connector', edge, places);
}

function listNames(node: NodePicture, kind: Direction): string {
  const names = (kind === 'output' ? node.outputs : node.inputs).map(each => each.name);
  const what = `${kind}s of ${node.id}`;
  return names.length > 0 ? `The ${what} are: ${names.join(', ')}.` : `There are no ${what}.`;
}

function refuseSelfLoop(palette: Palette, edge: EdgeSpec): Verdict | null {
  return edge.source === edge.target ? refuse(palette, 'edge.self_loop', edge, {}) : null;
}

function refuseDuplicate(outline: Outline, palette: Palette, edge: EdgeSpec): Verdict | null {
  return outline.edges.has(edgeId(edge)) ? refuse(palette, 'edge.duplicate', edge, {}) : null;
}

function refuseTypes(outline: Outline, palette: Palette, edge: EdgeSpec): Verdict | null {
  const answer = judgeTypes(outline, palette, edge);
  return answer.verdict === 'no' ? answer : null;
}

function refuseTaken(outline: Outline, palette: Palette, edge: EdgeSpec): Verdict | null {
  const into = outline.into.get(`${edge.target}.${edge.input}`) ?? [];
  const input = connectorOf(outline, edge.target, edge.input, 'input');
  if (input && !hasRoom(input, 'input', into.length)) {
    return refuse(palette, 'edge.input_taken', edge, { taken_by: into[0]?.id ?? '' });
  }
  const outOf = outline.outOf.get(`${edge.source}.${edge.output}`) ?? [];
  const output = connectorOf(outline, edge.source, edge.output, 'output');
  if (output && !hasRoom(output, 'output', outOf.length)) {
    return refuse(palette, 'edge.output_taken', edge, { taken_by: outOf[0]?.id ?? '' });
  }
  return null;
}

function refuseCycle(outline: Outline, palette: Palette, edge: EdgeSpec): Verdict | null {
  const way = findPath(outline.successors, edge.target, edge.source);
  if (way === null) return null;
  return refuse(palette, 'edge.cycle', edge, { path: [edge.source, ...way].join(' → ') });
}

function connectorOf(
  outline: Outline,
  id: string,
  name: string,
  direction: Direction
): ConnectorPicture | null {
  const node = outline.nodes.get(id);
  return node && !node.missing ? findConnector(node, name, direction) : null;
}

function leaveOpen(palette: Palette, edge: EdgeSpec, node: string, type: string): Verdict {
  return { ...refuse(palette, 'edge.undefined_type', edge, { node, type }), verdict: 'unknown' };
}

function refuse(
  palette: Palette,
  code: string,
  edge: EdgeSpec,
  more: { readonly [name: string]: string }
): Verdict {
  const rule = palette.picture.rules[code] ?? { message: `Refused: ${code}.`, suggestion: '' };
  const places = { ...specOf(edge), edge: edgeId(edge), ...more };
  return {
    verdict: 'no',
    code,
    reason: fill(rule.message, places),
    suggestion: fill(rule.suggestion, places)
  };
}

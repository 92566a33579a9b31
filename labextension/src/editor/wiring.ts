// Two ends in, a verdict shown while the edge is being made, and an edit or a reason out.
import { judge, type Verdict } from '../graph/connection';
import { joinEnds, type End } from '../graph/outline';
import type { EditorState, Wiring } from './store';

export function keyOf(end: End): string {
  return `${end.node}.${end.connector}.${end.direction}`;
}

export function isSameEnd(first: End | null, second: End | null): boolean {
  return first !== null && second !== null && keyOf(first) === keyOf(second);
}

export function startWiring(from: End, how: Wiring['how']): Wiring {
  return { from, how, over: null, verdicts: new Map() };
}

/** The verdict on leading the edge being made to `end`; null where that is no question. */
export function verdictAt(state: EditorState, end: End): Verdict | null {
  const { wiring } = state;
  if (!wiring || isSameEnd(wiring.from, end)) return null;
  const key = keyOf(end);
  const known = wiring.verdicts.get(key);
  if (known !== undefined) return known;
  const verdict = judgeEnds(state, wiring.from, end);
  wiring.verdicts.set(key, verdict);
  return verdict;
}

/** The verdict on an edge between two ends; two ends of one direction are refused in rule's words. */
export function judgeEnds(state: EditorState, from: End, to: End): Verdict {
  const edge = joinEnds(from, to) ?? {
    source: from.direction === 'output' ? from.node : to.node,
    output: from.direction === 'output' ? from.connector : to.connector,
    target: from.direction === 'output' ? to.node : from.node,
    input: from.direction === 'output' ? to.connector : from.connector
  };
  return judge(state.outline, state.graph.palette, edge);
}

/** The end of a node that an edge dropped on its card should take: the only one that fits best. */
export function bestEnd(state: EditorState, id: string): End | null {
  const node = state.outline.nodes.get(id);
  const { wiring } = state;
  if (!node || !wiring || node.id === wiring.from.node) return null;
  const direction = wiring.from.direction === 'output' ? 'input' : 'output';
  const ends = (direction === 'input' ? node.inputs : node.outputs).map(each => ({
    node: id,
    connector: each.name,
    direction: direction as End['direction']
  }));
  for (const wanted of ['ok', 'unknown']) {
    const found = ends.filter(end => verdictAt(state, end)?.verdict === wanted);
    if (found.length > 0) return found[0] ?? null;
  }
  return ends.length === 1 ? (ends[0] ?? null) : null;
}

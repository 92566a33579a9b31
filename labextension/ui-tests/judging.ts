// A flow and edits in, what a kernel would say about them out.
import { judge, type Verdict } from '../src/graph/connection';
import { outlineFlow } from '../src/graph/outline';
import type { Palette } from '../src/graph/palette';
import type { DiagnosticPicture, Edit, FlowPicture } from '../src/protocol/generated';

/** The verdicts on all edges that the edits lead between nodes which are there already. */
export function connectionsOf(
  flow: FlowPicture,
  palette: Palette,
  edits: readonly Edit[]
): readonly Verdict[] {
  const outline = outlineFlow(flow);
  return edits.flatMap(edit => {
    if (edit.kind === 'batch') return connectionsOf(flow, palette, edit.edits);
    if (edit.kind !== 'connect') return [];
    const known = outline.nodes.has(edit.edge.source) && outline.nodes.has(edit.edge.target);
    return known ? [judge(outline, palette, edit.edge)] : [];
  });
}

/** The flow with a finding for each required input that has no edge. */
export function judgeAll(flow: FlowPicture): FlowPicture {
  const fed = new Set(flow.edges.map(edge => `${edge.target}.${edge.input}`));
  const missing = flow.nodes.flatMap(node =>
    node.inputs
      .filter(input => input.required && !fed.has(`${node.id}.${input.name}`))
      .map(input => findMissing(node.id, input.name))
  );
  const others = flow.diagnostics.filter(each => each.code !== 'input.missing');
  return { ...flow, diagnostics: [...others, ...missing] };
}

function findMissing(node: string, connector: string): DiagnosticPicture {
  return {
    code: 'input.missing',
    severity: 'error',
    message: `${node}.${connector} needs an edge.`,
    suggestion: 'Lead an output to it.',
    node,
    connector,
    field: '',
    edge: ''
  };
}

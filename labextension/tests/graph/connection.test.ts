import { describe, expect, it } from 'vitest';
import { fill, hasRoom, judge, judgeTypes } from '../../src/graph/connection';
import { outlineFlow } from '../../src/graph/outline';
import type { FlowPicture } from '../../src/protocol/generated';
import { connector, edge, flow, node, palette, spec } from '../examples';

function ask(text: string, picture: FlowPicture = flow()) {
  return judge(outlineFlow(picture), palette(), spec(text));
}

const MERGING = flow({
  nodes: [node('a', 'Load'), node('b', 'Load'), node('m', 'Merge'), node('n', 'Merge')],
  edges: [edge('a.table -> m.tables'), edge('m.merged -> n.tables')]
});

describe('judge', () => {
  it.each([
    ['load.table -> count.table', 'ok', 'types.same', 'Both are TABLE.'],
    ['late.output -> count.table', 'ok', 'types.same', 'Both are TABLE.'],
    ['gone.x -> late.flights', 'no', 'edge.unknown_node', 'There is no node gone.'],
    ['load.table -> gone.x', 'no', 'edge.unknown_node', 'There is no node gone.'],
    ['load.x -> count.table', 'no', 'edge.unknown_connector', 'load (Load) has no output x.'],
    ['load.table -> count.x', 'no', 'edge.unknown_connector', 'count (Count) has no input x.'],
    ['load.table -> count.count', 'no', 'edge.direction', 'count.count is no input.'],
    ['late.flights -> count.table', 'no', 'edge.direction', 'late.flights is no output.'],
    ['late.output -> late.flights', 'no', 'edge.self_loop', 'late cannot feed itself.'],
    [
      'load.table -> late.flights',
      'no',
      'edge.duplicate',
      'load.table -> late.flights is already there.'
    ],
    [
      'count.count -> late.flights',
      'no',
      'types.mismatch',
      'INTEGER does not become TABLE by itself.'
    ]
  ])('%s: %s, %s', (text, verdict, code, reason) => {
    expect(ask(text)).toMatchObject({ verdict, code, reason });
  });

  it('takes the verdict on several types from the kernel’s table, under the key of all of them', () => {
    const answer = ask('load.table -> count.table');

    expect(answer.verdict).toBe('ok');
    expect(ask('load.table -> late.flights', flow({ edges: [] })).reason).toBe('Both are TABLE.');
  });

  it('leaves open what only a value can tell', () => {
    const picture = flow({ edges: [] });

    expect(ask('count.note -> late.flights', picture)).toMatchObject({
      verdict: 'unknown',
      code: 'types.unknown'
    });
  });

  it('names the edge that takes the only place of an input', () => {
    const answer = ask('late.output -> late.flights', flow({ nodes: [node('late', 'Late')] }));
    const taken = ask('b.table -> late.flights', {
      ...flow(),
      nodes: [...flow().nodes, node('b', 'Load')]
    });

    expect(answer.code).toBe('edge.self_loop');
    expect(taken).toMatchObject({
      code: 'edge.input_taken',
      reason: 'late.flights takes one edge and has load.table -> late.flights.',
      suggestion: 'Remove that edge first.'
    });
  });

  it('lets an input for many take many', () => {
    expect(ask('b.table -> m.tables', MERGING).verdict).toBe('ok');
  });

  it('names the edge that takes the only place of an output', () => {
    const picture = { ...MERGING, nodes: [...MERGING.nodes, node('late', 'Late')] };

    expect(ask('m.merged -> late.flights', picture)).toMatchObject({
      code: 'edge.output_taken',
      reason: 'm.merged takes one edge and has m.merged -> n.tables.'
    });
  });

  it('tells the whole way of a cycle', () => {
    const picture = flow({
      nodes: [node('a', 'Late'), node('b', 'Late'), node('c', 'Late')],
      edges: [edge('a.output -> b.flights'), edge('b.output -> c.flights')]
    });

    expect(ask('c.output -> a.flights', picture)).toMatchObject({
      code: 'edge.cycle',
      reason: 'This closes a cycle: c → a → b → c.'
    });
  });

  it('says that types do not fit before it says that a place is taken', () => {
    expect(ask('count.count -> late.flights').code).toBe('types.mismatch');
  });

  it('lets edges of an undefined type be, and says which cell to run', () => {
    const picture = flow({ nodes: [...flow().nodes, node('new', 'Undefined')] });

    expect(ask('load.table -> new.whatever', picture)).toEqual({
      verdict: 'unknown',
      code: 'edge.undefined_type',
      reason: 'The node type Undefined of new is not defined here.',
      suggestion: 'Run the cell that defines Undefined.'
    });
  });
});

describe('judgeTypes', () => {
  it('looks at nothing but the types', () => {
    const outline = outlineFlow(flow());

    expect(judgeTypes(outline, palette(), spec('load.table -> late.flights')).verdict).toBe('ok');
  });
});

describe('hasRoom', () => {
  it.each([
    ['one', 'input', 0, true],
    ['one', 'input', 1, false],
    ['optional', 'input', 1, false],
    ['many', 'input', 7, true],
    ['one', 'output', 1, false],
    ['optional', 'output', 7, true],
    ['many', 'output', 7, true]
  ] as const)('%s %s with %i edges: %s', (cardinality, direction, edges, room) => {
    expect(hasRoom(connector('x', ['TABLE'], { cardinality }), direction, edges)).toBe(room);
  });
});

describe('fill', () => {
  it('fills known places and keeps the others', () => {
    expect(fill('{a} and {b}', { a: '1' })).toBe('1 and {b}');
  });
});

import { describe, expect, it } from 'vitest';
import { entryOf, optionsOf } from '../../src/graph/card';
import { applyEdits } from '../../src/graph/edit';
import type { Edit, FlowPicture, NodePicture, SetOptions } from '../../src/protocol/generated';
import { RETRY, edge, flow, node, palette, spec } from '../examples';

function after(edits: readonly Edit[], from: FlowPicture = flow()): FlowPicture {
  const result = applyEdits(from, edits, palette(), { new: { x: 7, y: 9 } });
  if (!result) throw new Error('the edit does not fit');
  return result;
}

function doesNotFit(edits: readonly Edit[]): boolean {
  return applyEdits(flow(), edits, palette()) === null;
}

const ADD: Edit = { kind: 'add_node', node: { ...entryOf(node('new', 'Late')) }, index: null };
const OPTIONS: SetOptions = {
  kind: 'set_options',
  id: 'late',
  label: 'Too late',
  timeout: 5,
  runner: 'process',
  retries: 2,
  retry: { ...RETRY, delay: [1, 5] },
  trigger: 'all_done',
  memory_mb: 512,
  disabled: true
};

describe('applyEdits', () => {
  it('draws a new node with its type’s connectors, where it was put', () => {
    const added = after([ADD]).nodes.at(-1);

    expect(added).toMatchObject({
      id: 'new',
      x: 7,
      y: 9,
      missing: false,
      effective_runner: 'thread'
    });
    expect(added?.inputs.map(each => each.name)).toEqual(['flights']);
  });

  it('puts a node where its index says', () => {
    expect(after([{ ...ADD, index: 0 }]).nodes[0]?.id).toBe('new');
  });

  it('takes a node’s edges and findings along', () => {
    const finding = {
      code: 'x',
      severity: 'error' as const,
      message: '',
      suggestion: '',
      node: 'late',
      connector: '',
      field: '',
      edge: ''
    };

    const result = after([{ kind: 'remove_node', id: 'late' }], flow({ diagnostics: [finding] }));

    expect(result.nodes.map(each => each.id)).toEqual(['load', 'count']);
    expect(result.edges).toEqual([]);
    expect(result.diagnostics).toEqual([]);
  });

  it('draws a new edge with the verdict on its types', () => {
    const result = after([
      { kind: 'connect', edge: spec('late.output -> count.table'), index: null }
    ]);

    expect(result.edges.at(-1)).toMatchObject({
      id: 'late.output -> count.table',
      verdict: 'ok',
      broken: ''
    });
  });

  it('takes the missing input off the list once it has an edge', () => {
    const missing = {
      code: 'input.missing',
      severity: 'error' as const,
      message: '',
      suggestion: '',
      node: 'count',
      connector: 'table',
      field: '',
      edge: ''
    };
    const connect: Edit = {
      kind: 'connect',
      edge: spec('late.output -> count.table'),
      index: null
    };

    expect(after([connect], flow({ diagnostics: [missing] })).diagnostics).toEqual([]);
  });

  it('renames a node, its edges and its findings', () => {
    const result = after([{ kind: 'rename_node', id: 'late', to: 'tardy' }]);

    expect(result.nodes[1]?.id).toBe('tardy');
    expect(result.edges[0]).toMatchObject({ id: 'load.table -> tardy.flights', target: 'tardy' });
  });

  it('sets config and options', () => {
    const result = after([{ kind: 'set_config', id: 'late', config: { minutes: 30 } }, OPTIONS]);

    expect(result.nodes[1]).toMatchObject({
      config: { minutes: 30 },
      label: 'Too late',
      effective_runner: 'process',
      effective_timeout: 5,
      disabled: true,
      retries: 2,
      retry: { delay: [1, 5] },
      trigger: 'all_done',
      memory_mb: 512
    });
  });

  it('gives back every option that it was given', () => {
    const set = after([OPTIONS]).nodes[1];

    expect({ ...optionsOf(set as NodePicture), kind: 'set_options', id: 'late' }).toEqual(OPTIONS);
  });

  it('does several edits as one, or none of them', () => {
    const fits: Edit = { kind: 'batch', label: 'two', edits: [ADD, OPTIONS] };
    const not: Edit = {
      kind: 'batch',
      label: 'two',
      edits: [ADD, { kind: 'remove_node', id: 'x' }]
    };

    expect(after([fits]).nodes).toHaveLength(4);
    expect(doesNotFit([not])).toBe(true);
  });

  it.each<[string, Edit]>([
    ['an id that is taken', { ...ADD, node: { ...ADD.node, id: 'late' } }],
    ['an unknown node to remove', { kind: 'remove_node', id: 'x' }],
    ['an unknown node to configure', { kind: 'set_config', id: 'x', config: {} }],
    ['a taken name', { kind: 'rename_node', id: 'late', to: 'load' }],
    [
      'an edge that is there',
      { kind: 'connect', edge: spec('load.table -> late.flights'), index: null }
    ],
    ['an edge to nowhere', { kind: 'connect', edge: spec('load.table -> x.y'), index: null }],
    ['an edge that is not there', { kind: 'disconnect', edge: spec('late.output -> count.table') }]
  ])('does not take %s', (_, edit) => {
    expect(doesNotFit([edit])).toBe(true);
  });

  it('leaves the given flow as it was', () => {
    const before = flow();
    const text = JSON.stringify(before);

    after([ADD, OPTIONS, { kind: 'disconnect', edge: edge('load.table -> late.flights') }], before);

    expect(JSON.stringify(before)).toBe(text);
  });

  it('keeps the identity of nodes that it does not touch', () => {
    const before = flow();

    expect(after([OPTIONS], before).nodes[0]).toBe(before.nodes[0]);
  });
});

describe('entryOf', () => {
  it('reads a label that is only the id as none', () => {
    expect(entryOf(node('late', 'Late')).label).toBe('');
    expect(entryOf(node('late', 'Late', { label: 'Too late' })).label).toBe('Too late');
  });

  it('reads an empty runner as none', () => {
    expect(entryOf(node('late', 'Late', { runner: '' })).runner).toBeNull();
    expect(entryOf(node('late', 'Late', { runner: 'process' })).runner).toBe('process');
  });
});

import { describe, expect, it } from 'vitest';
import { cutOut, pasteFragment, readFragment, writeFragment } from '../../src/graph/clipboard';
import { applyEdits } from '../../src/graph/edit';
import { flow, node, palette } from '../examples';

const FLOW = flow({
  nodes: [node('load', 'Load'), node('late', 'Late', { x: 300, config: { minutes: 3 } })]
});

describe('copying', () => {
  it('takes the edges among the chosen nodes, and no others', () => {
    expect(cutOut(FLOW, new Set(['load', 'late'])).edges).toHaveLength(1);
    expect(cutOut(FLOW, new Set(['late'])).edges).toHaveLength(0);
  });

  it('survives the way through a text', () => {
    const fragment = cutOut(FLOW, new Set(['load', 'late']));

    expect(readFragment(writeFragment(fragment))).toMatchObject(fragment);
  });

  it.each([
    ['any text', 'hello'],
    ['broken JSON', '{"format": "dagy_nb/nodes/1", '],
    ['other JSON', '{"format": "dagy_nb/nodes/2", "nodes": [], "edges": [], "positions": {}}'],
    ['no nodes', '{"format": "dagy_nb/nodes/1", "nodes": 3, "edges": [], "positions": {}}'],
    [
      'a node whose id is no name',
      '{"format": "dagy_nb/nodes/1", "nodes": [{"id": "a b", "type": "Late"}], "edges": [], "positions": {}}'
    ]
  ])('reads nothing from %s', (_, text) => {
    expect(readFragment(text)).toBeNull();
  });
});

describe('pasting', () => {
  it('gives free ids, keeps config and edges, and covers nothing', () => {
    const fragment = cutOut(FLOW, new Set(['load', 'late']));

    const { edits, positions, ids } = pasteFragment(FLOW, fragment, 'paste 2 nodes');
    const result = applyEdits(FLOW, edits, palette(), positions);

    expect(ids).toEqual(['load_2', 'late_2']);
    expect(result?.edges.map(each => each.id)).toContain('load_2.table -> late_2.flights');
    expect(result?.nodes.at(-1)).toMatchObject({ config: { minutes: 3 }, x: 332, y: 32 });
    expect(edits).toMatchObject([{ kind: 'batch', label: 'paste 2 nodes' }]);
  });

  it('twice goes further each time', () => {
    const fragment = cutOut(FLOW, new Set(['late']));
    const first = pasteFragment(FLOW, fragment, 'paste');
    const between = applyEdits(FLOW, first.edits, palette(), first.positions) ?? FLOW;

    const second = pasteFragment(between, fragment, 'paste');

    expect(second.positions).toEqual({ late_3: { x: 364, y: 64 } });
  });
});

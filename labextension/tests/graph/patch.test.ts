import { describe, expect, it } from 'vitest';
import { applyPatch, mergeStatus, placeNodes } from '../../src/graph/patch';
import { edge, flow, node, patch, run, status } from '../examples';

describe('applyPatch', () => {
  it('keeps what did not change as the same object', () => {
    const before = flow();

    const after = applyPatch(before, patch(before, { nodes: [node('late', 'Late', { x: 9 })] }));

    expect(after.nodes[0]).toBe(before.nodes[0]);
    expect(after.nodes[1]?.x).toBe(9);
    expect(after.edges).toBe(before.edges);
    expect(after.revision).toBe(4);
  });

  it('adds at the end, or where the order says', () => {
    const before = flow();
    const added = node('new', 'Late');
    const order = ['new', 'load', 'late', 'count'];

    expect(applyPatch(before, patch(before, { nodes: [added] })).nodes.at(-1)).toBe(added);
    expect(
      applyPatch(before, patch(before, { nodes: [added], node_order: order })).nodes.map(
        each => each.id
      )
    ).toEqual(order);
  });

  it('removes nodes and edges', () => {
    const before = flow();

    const after = applyPatch(
      before,
      patch(before, { removed_nodes: ['late'], removed_edges: ['load.table -> late.flights'] })
    );

    expect(after.nodes.map(each => each.id)).toEqual(['load', 'count']);
    expect(after.edges).toEqual([]);
  });

  it('only reorders where nothing else changed', () => {
    const before = flow({
      edges: [edge('load.table -> late.flights'), edge('load.table -> count.table')]
    });
    const order = before.edges.map(each => each.id).reverse();

    const after = applyPatch(before, patch(before, { edge_order: order }));

    expect(after.edges.map(each => each.id)).toEqual(order);
  });

  it('loses nothing where an order forgets somebody', () => {
    const before = flow();

    expect(applyPatch(before, patch(before, { node_order: ['late'] })).nodes).toHaveLength(3);
  });
});

describe('placeNodes', () => {
  it('is the same flow where nothing moves', () => {
    const before = flow();

    expect(placeNodes(before, { load: { x: 0, y: 0 }, other: { x: 1, y: 1 } })).toBe(before);
  });
});

describe('mergeStatus', () => {
  it('replaces all of it when told all of it', () => {
    const before = run({ nodes: { a: status('RUNNING') } });
    const news = run({ nodes: { b: status('PENDING') } });

    const after = mergeStatus(before, { kind: 'status', whole: true, reply_to: '', run: news });

    expect(Object.keys(after.nodes)).toEqual(['b']);
  });
});

import { describe, expect, it } from 'vitest';
import { freeId, freePlace, isIdentifier, placeAfter, placeNext } from '../../src/graph/placement';
import type { NodePicture, TypePicture } from '../../src/protocol/generated';
import { TYPES, flow, node } from '../examples';

describe('freeId', () => {
  it.each([
    ['DelayByCarrier', [], 'delay_by_carrier'],
    ['late', [], 'late'],
    ['late', ['late'], 'late_2'],
    ['late', ['late', 'late_2'], 'late_3'],
    ['late_2', ['late_2'], 'late_3'],
    ['HTTPGet', [], 'http_get'],
    ['3D', [], 'node_3_d'],
    ['Größe', [], 'gr_e'],
    ['日本', [], 'node']
  ])('%s with %j taken: %s', (wish, taken, id) => {
    expect(freeId(wish, new Set(taken))).toBe(id);
    expect(isIdentifier(id)).toBe(true);
  });
});

describe('freePlace', () => {
  const [load] = TYPES;
  if (!load) throw new Error('no type');

  it('is the wish where nothing lies', () => {
    expect(freePlace(flow({ nodes: [] }), load, { x: 10.4, y: 20.6 })).toEqual({ x: 10, y: 21 });
  });

  it('is below what lies there, and below that again', () => {
    const first = node('a', 'Load');
    const second = node('b', 'Load', { y: first.height + 40 });

    const place = freePlace(flow({ nodes: [first, second] }), load, { x: 5, y: 5 });

    expect(place.y).toBeGreaterThan(second.y + second.height);
  });

  it('after a node is on its right', () => {
    const first = node('a', 'Load', { x: 100, y: 50 });

    expect(placeAfter(first)).toEqual({ x: 384, y: 50 });
  });
});

describe('placeNext', () => {
  const [load] = TYPES;
  if (!load) throw new Error('no type');
  const view = { x: -20.4, y: 10.2, width: 740, height: 430 };

  /** Places of nodes that are clicked one after the other. */
  function click(count: number): readonly NodePicture[] {
    const nodes: NodePicture[] = [];
    for (let at = 0; at < count; at += 1) {
      const place = placeNext(flow({ nodes }), load as TypePicture, view, nodes.at(-1));
      nodes.push(node(`n${at}`, 'Load', place));
    }
    return nodes;
  }

  it('goes from left to right, then into the next row, all in view', () => {
    const nodes = click(6);

    expect(nodes.map(each => each.x)).toEqual([12, 296, 12, 296, 12, 296]);
    expect(new Set(nodes.map(each => each.y)).size).toBe(3);
    for (const each of nodes) {
      expect(each.y + each.height).toBeLessThanOrEqual(view.y + view.height);
    }
  });

  it('goes on with the rows and columns that are there', () => {
    const nodes = [node('a', 'Load', { x: 40, y: 90 }), node('b', 'Load', { x: 324, y: 90 })];

    const place = placeNext(flow({ nodes }), load, view, nodes[1]);

    expect(place.x).toBe(40);
    expect(place.y).toBeGreaterThan(90);
  });

  it('never covers a node, though there is no room left in view', () => {
    const nodes = click(12);

    for (const [at, one] of nodes.entries()) {
      for (const other of nodes.slice(at + 1)) {
        const apart =
          Math.abs(one.x - other.x) >= one.width || Math.abs(one.y - other.y) >= one.height;
        expect(apart).toBe(true);
      }
    }
  });

  it('is right of the node it follows, below what stands there', () => {
    const [first, second] = [
      node('a', 'Load', { x: 20, y: 60 }),
      node('b', 'Load', { x: 304, y: 60 })
    ];

    const place = placeNext(flow({ nodes: [first, second] }), load, view, first);

    expect(place.x).toBe(304);
    expect(place.y).toBeGreaterThan(second.y + second.height);
  });

  it('is in view where the node it follows is not', () => {
    const far = node('a', 'Load', { x: 5000, y: 5000 });

    expect(placeNext(flow({ nodes: [far] }), load, view, far)).toEqual({ x: 12, y: 42 });
  });

  it('is beside that node after all where nothing can be seen', () => {
    const first = node('a', 'Load', { x: 100, y: 50 });
    const hidden = { x: 0, y: 0, width: 0, height: 0 };

    expect(placeNext(flow({ nodes: [first] }), load, hidden, first)).toEqual({ x: 384, y: 50 });
  });
});

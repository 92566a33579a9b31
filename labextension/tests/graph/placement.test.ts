import { describe, expect, it } from 'vitest';
import { freeId, freePlace, isIdentifier, placeAfter } from '../../src/graph/placement';
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

    expect(placeAfter(first)).toEqual({ x: 416, y: 50 });
  });
});

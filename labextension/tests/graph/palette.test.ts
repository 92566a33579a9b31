import { describe, expect, it } from 'vitest';
import {
  compareTypes,
  groupTypes,
  hasOwnTypes,
  indexPalette,
  searchTypes
} from '../../src/graph/palette';
import { connector, output, palette, PALETTE, type, TYPES } from '../examples';

describe('compareTypes', () => {
  it('looks up all types of a connector together', () => {
    const answer = compareTypes(
      palette(),
      output('t', ['TABLE']),
      connector('x', ['TABLE', 'LIST'])
    );

    expect(answer?.verdict).toBe('ok');
  });

  it('knows nothing of types that the table lacks', () => {
    expect(compareTypes(palette(), output('t', ['FILE']), connector('x', ['TABLE']))).toBeNull();
    expect(compareTypes(palette(), output('t', ['TABLE']), connector('x', ['FILE']))).toBeNull();
  });
});

describe('searchTypes', () => {
  it.each([
    ['', 4],
    ['LATE', 1],
    ['la te', 1],
    ['zzz', 0]
  ])('%j finds %i', (query, count) => {
    expect(searchTypes(palette(), query)).toHaveLength(count);
  });
});

describe('groupTypes', () => {
  it('keeps the order in which categories come', () => {
    expect(groupTypes(TYPES).map(each => [each.name, each.types.length])).toEqual([
      ['Sources', 1],
      ['General', 3]
    ]);
  });
});

it('tells the user’s own types from those that are always there', () => {
  const control = type('Branch', { category: 'Control' });

  expect(hasOwnTypes(indexPalette({ ...PALETTE, types: [control] }))).toBe(false);
  expect(hasOwnTypes(indexPalette({ ...PALETTE, types: [control, type('Late')] }))).toBe(true);
});

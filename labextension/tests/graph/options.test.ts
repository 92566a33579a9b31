import { describe, expect, it } from 'vitest';
import {
  findNameProblem,
  holdsMemory,
  readDelay,
  readNames,
  sayRetries,
  showDelay
} from '../../src/graph/options';
import { RETRY } from '../examples';

describe('readDelay', () => {
  it.each([
    ['5', 5],
    ['0.5', 0.5],
    ['1, 5, 30', [1, 5, 30]],
    ['1 5;30', [1, 5, 30]],
    ['', null],
    ['-1', null],
    ['soon', null],
    ['1, soon', null],
    ['604801', null],
    [Array(101).fill('1').join(','), null]
  ])('reads %j as %j', (text, delay) => {
    expect(readDelay(text)).toEqual(delay);
  });

  it.each([5, [1, 5, 30]])('reads back what was shown of %j', delay => {
    expect(readDelay(showDelay(delay))).toEqual(delay);
  });
});

describe('sayRetries', () => {
  it.each([
    [0, {}, 'A failed attempt is not made again.'],
    [1, {}, '1 more attempt at once.'],
    [3, { delay: [1, 5, 30] }, '3 more attempts after 1, 5, 30 s.'],
    [
      2,
      { delay: 5, backoff: 2, jitter: 0.1 },
      '2 more attempts after 5 s, each wait 2 times the one before, but at most 3600 s, ±10 %.'
    ],
    [2, { delay: [5], backoff: 2 }, '2 more attempts after 5 s.']
  ])('%d with %j', (count, changes, words) => {
    expect(sayRetries(count, { ...RETRY, ...changes })).toBe(words);
  });
});

it('names are told apart by commas and blanks', () => {
  expect(readNames(' KeyError, http.timeout  OSError ')).toEqual([
    'KeyError',
    'http.timeout',
    'OSError'
  ]);
  expect(readNames('  ')).toEqual([]);
});

it.each([
  [['KeyError', 'http.timeout', 'Überlauf'], ''],
  [[], ''],
  [['OSError', 'b!'], '“b!” is no name'],
  [['3'], '“3” is no name'],
  [['a.'], '“a.” is no name'],
  [Array<string>(51).fill('A'), '50 names at most']
])('what is wrong with %j: %j', (names, words) => {
  const problem = findNameProblem(names);

  expect(problem).toContain(words);
  expect(problem === '').toBe(words === '');
});

it.each([
  ['inline', false],
  ['thread', false],
  ['process', true],
  ['dask', true]
])('a limit of memory on %s is held: %s', (runner, held) => {
  expect(holdsMemory(runner)).toBe(held);
});

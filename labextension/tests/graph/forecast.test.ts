import { describe, expect, it } from 'vitest';
import { countWork, summarise, wordWhy } from '../../src/graph/forecast';
import { forecast, foreseen } from '../examples';

const run = (why: string, detail = '') => foreseen('run', { why, detail });

describe('summarise', () => {
  it.each([
    [
      'counts, and names the roots of what runs',
      {
        a: foreseen('reuse'),
        b: foreseen('reuse'),
        late: run('config', 'config field minutes: 15 → 30'),
        c: run('upstream')
      },
      '2 reused, 2 run: late because config field minutes: 15 → 30'
    ],
    [
      'says a reason in words where it has none of its own',
      { a: run('never_ran') },
      '1 run: a because it never ran'
    ],
    [
      'names two roots and counts the others',
      { a: run('code'), b: run('input'), c: run('forced'), d: run('forced') },
      '4 run: a because its code changed; b because an input changed; 2 more'
    ],
    [
      'tells apart what may run and what is skipped',
      { a: foreseen('maybe', { why: 'upstream' }), b: foreseen('skip') },
      '1 may run, 1 skipped'
    ],
    [
      'tells the time that reuse saves',
      { a: foreseen('reuse', { seconds: 40 }), b: foreseen('reuse', { seconds: 35 }) },
      '2 reused (saves 1 min 15 s)'
    ],
    ['is silent about less than a second', { a: foreseen('reuse', { seconds: 0.4 }) }, '1 reused'],
    ['has nothing to say about no nodes', {}, '']
  ])('%s', (_, nodes, words) => {
    expect(summarise(forecast(nodes))).toBe(words);
  });
});

describe('countWork', () => {
  it.each([
    ['what runs of what could', { a: run('code'), b: foreseen('reuse') }, '1/2'],
    ['from and to where some may', { a: run('code'), b: foreseen('maybe') }, '1–2/2'],
    ['not what is skipped', { a: run('code'), b: foreseen('skip') }, '1/1']
  ])('counts %s', (_, nodes, words) => {
    expect(countWork(forecast(nodes))).toBe(words);
  });
});

describe('wordWhy', () => {
  it('prefers what the kernel says in full', () => {
    expect(wordWhy('code', 'helper `clean` changed')).toBe('helper `clean` changed');
    expect(wordWhy('code', '')).toBe('its code changed');
    expect(wordWhy('new_reason', '')).toBe('new reason');
    expect(wordWhy('', '')).toBe('');
  });
});

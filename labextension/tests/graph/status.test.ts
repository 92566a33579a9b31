import { describe, expect, it } from 'vitest';
import {
  isLive,
  isTicking,
  lookOf,
  secondsOf,
  tellRun,
  wordDuration
} from '../../src/graph/status';
import { run, status } from '../examples';

describe('wordDuration', () => {
  it.each([
    [0, '< 1 ms'],
    [0.0009, '< 1 ms'],
    [0.0123, '12 ms'],
    [0.25, '0.3 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min 00 s'],
    [65, '1 min 05 s'],
    [3599.6, '1 h 00 min'],
    [7380, '2 h 03 min']
  ])('%d seconds: %s', (seconds, words) => {
    expect(wordDuration(seconds)).toBe(words);
  });
});

describe('secondsOf', () => {
  it('is none before the start', () => {
    expect(secondsOf({ started_at: null, ended_at: null }, 0, 0)).toBeNull();
  });

  it('is the span once it has ended, whatever the time', () => {
    expect(secondsOf({ started_at: 100, ended_at: 103.5 }, 9e9, 0)).toBe(3.5);
  });

  it('counts by the kernel’s clock, though the browser’s is an hour ahead', () => {
    expect(secondsOf({ started_at: 100, ended_at: null }, 3_702_000, 3_600_000)).toBe(2);
  });

  it('is never below zero', () => {
    expect(secondsOf({ started_at: 100, ended_at: null }, 99_000, 0)).toBe(0);
  });
});

describe('states', () => {
  it.each([
    'PENDING',
    'QUEUED',
    'RUNNING',
    'RETRYING',
    'COMPLETED',
    'FAILED',
    'TIMED_OUT',
    'CANCELLED',
    'SKIPPED'
  ])('%s has a word of its own and a tone', state => {
    expect(lookOf(state).word).not.toBe('');
    expect(lookOf(state).tone).not.toBe('idle');
  });

  it('that are not known yet are shown as they are called', () => {
    expect(lookOf('HALF_DONE')).toEqual({ word: 'half done', tone: 'idle' });
  });

  it('tick only while something runs', () => {
    expect(isTicking(status('RUNNING', { started_at: 1 }))).toBe(true);
    expect(isTicking(status('COMPLETED', { started_at: 1, ended_at: 2 }))).toBe(false);
    expect(isLive(run())).toBe(true);
    expect(isLive(run({ state: 'FAILED' }))).toBe(false);
    expect(isLive(null)).toBe(false);
  });
});

describe('tellRun', () => {
  it('says how it ended and for how many', () => {
    const nodes = { a: status('COMPLETED'), b: status('COMPLETED'), c: status('FAILED') };

    expect(tellRun(run({ state: 'FAILED', nodes }))).toBe('Run failed: 2 completed, 1 failed.');
  });
});

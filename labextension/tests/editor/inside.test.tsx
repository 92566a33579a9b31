// @vitest-environment happy-dom
import { act, cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Looked, NodeStatus, Request } from '../../src/protocol/generated';
import type { FarSide } from '../../src/transport/memory';
import { run, status } from '../examples';
import { giveSizes, open, say, select } from './page';

beforeEach(() => {
  vi.useFakeTimers({ now: 101_000 });
  giveSizes();
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const ITEMS = {
  item_0002: status('FAILED', {
    reason: 'raised',
    error: 'ValueError: two',
    error_code: 'raised.ValueError',
    attempts: 2
  }),
  item_0001: status('COMPLETED', { started_at: 1, ended_at: 2.5, log_tail: ['squaring 1'] })
};

function openMap(told: NodeStatus = status('COMPLETED', { runner: 'nested' })): FarSide {
  const state = told.state === 'RUNNING' ? 'RUNNING' : 'COMPLETED';
  const { far } = open({ run: run({ state, nodes: { late: told } }) });
  select('late');
  fireEvent.click(screen.getByRole('tab', { name: /Run/ }));
  return far;
}

function asked(far: FarSide): readonly Request[] {
  return far.sent.filter(each => each.kind === 'inside');
}

function answer(far: FarSide, changes: Partial<Looked> = {}): void {
  const reply_to = asked(far).at(-1)?.id ?? '';
  const inner = run({ run_id: 'r2', state: 'COMPLETED', nodes: ITEMS });
  say(far, { kind: 'looked', reply_to, run: inner, total: 2, ...changes });
}

/** Tell that the node, and the run with it, came to its end. */
function complete(far: FarSide): void {
  const nodes = {
    late: status('COMPLETED', { runner: 'nested', started_at: 100, ended_at: 102 })
  };
  say(far, { kind: 'status', whole: false, reply_to: '', run: run({ state: 'COMPLETED', nodes }) });
}

function pass(seconds: number): void {
  act(() => {
    vi.advanceTimersByTime(seconds * 1000);
  });
}

const inside = (): HTMLElement => screen.getByRole('region', { name: 'Inside late' });

describe('a node that ran others', () => {
  it('lists them with state, time and error, and opens to their logs', () => {
    const far = openMap();
    expect(asked(far)).toMatchObject([{ run_id: 'r1', node_id: 'late' }]);

    answer(far);

    expect(inside().textContent).toContain('Inside it: 1 failed, 1 completed');
    const [failed, done] = inside().querySelectorAll('details.dagy-inner');
    expect(failed?.querySelector('summary')?.textContent).toBe('item_0002: failed (attempt 2)');
    expect(failed?.textContent).toContain('ValueError: two');
    expect(done?.querySelector('summary')?.textContent).toBe('item_0001: completed1.5 s');
    expect(within(done as HTMLElement).getByText('squaring 1')).toBeTruthy();
  });

  it('says how many more there are than are shown', () => {
    const far = openMap();

    answer(far, { total: 300 });

    expect(inside().textContent).toContain('Inside it: 300 runs');
    expect(inside().textContent).toContain('… and 298 more');
  });

  it('shows nothing where nothing ran inside', () => {
    const far = openMap();

    answer(far, { run: null, total: 0 });

    expect(screen.queryByRole('region', { name: 'Inside late' })).toBeNull();
  });

  it('is looked into again and again while it runs, and once when it has ended', () => {
    const far = openMap(status('RUNNING', { runner: 'nested', started_at: 100 }));
    answer(far);
    pass(1);
    expect(asked(far)).toHaveLength(2);
    answer(far);

    complete(far);
    expect(asked(far)).toHaveLength(3);
    answer(far);
    pass(60);

    expect(asked(far)).toHaveLength(3);
  });

  it('asks a busy kernel one thing at a time, and anew where the answer may be too old', () => {
    const far = openMap(status('RUNNING', { runner: 'nested', started_at: 100 }));
    pass(5);
    expect(asked(far)).toHaveLength(1);

    complete(far);
    answer(far);

    expect(asked(far)).toHaveLength(2);
  });

  it('asks again where no answer came for long', () => {
    const far = openMap(status('RUNNING', { runner: 'nested', started_at: 100 }));

    pass(11);

    expect(asked(far)).toHaveLength(2);
  });

  it('takes no answer that is about another node', () => {
    const far = openMap();

    say(far, { kind: 'looked', reply_to: 'inside-other-1', run: run({ nodes: ITEMS }), total: 2 });

    expect(screen.queryByRole('region', { name: 'Inside late' })).toBeNull();
  });

  it('says nothing where the kernel cannot look', () => {
    const far = openMap();

    say(far, {
      kind: 'refused',
      reply_to: asked(far)[0]?.id ?? '',
      code: 'store.failed',
      message: 'No.',
      suggestion: '',
      revision: 3,
      diagnostics: []
    });

    expect(document.querySelector('.dagy-toast')).toBeNull();
  });
});

it('a node that does its own work is not looked into', () => {
  const far = openMap(status('COMPLETED', { runner: 'thread' }));

  expect(asked(far)).toEqual([]);
});

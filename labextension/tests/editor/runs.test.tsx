// @vitest-environment happy-dom
import { act, cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NodeStatus, ParameterPicture, RunPicture } from '../../src/protocol/generated';
import { edge, flow, node, output, PALETTE, run, status, TYPES } from '../examples';
import { card, giveSizes, last, open, say, select } from './page';

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});
beforeEach(giveSizes);

function openRun(nodes: { readonly [id: string]: NodeStatus }, changes: Partial<RunPicture> = {}) {
  return open({ run: run({ state: 'FAILED', nodes, ...changes }) });
}

function panelOf(name: string): HTMLElement {
  select(name);
  const panel = screen.getByLabelText(`About ${name}`);
  fireEvent.click(within(panel).getByRole('tab', { name: /Run/ }));
  return panel;
}

describe('a node that was reused', () => {
  const nodes = {
    late: status('SKIPPED', { reason: 'up_to_date', attempts: 0, reused_from: 'run-0' })
  };

  it('is a good outcome', () => {
    openRun(nodes, { state: 'COMPLETED' });

    expect(card('late').textContent).toContain('Reused');
    expect(card('late').querySelector('.dagy-card')?.getAttribute('data-tone')).toBe('good');
  });

  it('says from which run', () => {
    openRun(nodes, { state: 'COMPLETED' });

    expect(panelOf('late').textContent).toContain('Its outputs are those of run run-0.');
  });

  it('says in the run’s counts that it was', () => {
    openRun(nodes, { state: 'COMPLETED' });

    expect(document.querySelector('.dagy-run-chip')?.getAttribute('title')).toContain('1 reused');
  });
});

describe('a node that waits for its next attempt', () => {
  it('counts down to it', () => {
    // The browser is a hundred seconds ahead of the kernel.
    vi.useFakeTimers({ now: 201_000 });
    const waiting = status('RETRYING', { attempts: 1, retry_at: 106 });
    open({
      flow: flow({ nodes: [node('late', 'Late', { retries: 3 })], edges: [] }),
      run: run({ nodes: { late: waiting } })
    });

    expect(card('late').textContent).toContain('Attempt 2 of 4 in 5 s');
    act(() => {
      vi.advanceTimersByTime(2000);
    });
    expect(card('late').textContent).toContain('Attempt 2 of 4 in 3 s');
    act(() => {
      vi.advanceTimersByTime(4000);
    });
    expect(card('late').textContent).toContain('Attempt 2 of 4 is due');
  });
});

describe('the line of a card', () => {
  it.each([
    ['Running (attempt 2 of 4)', status('RUNNING', { attempts: 2, started_at: 100 })],
    ['Completed (attempt 2)', status('COMPLETED', { attempts: 2 })],
    ['Skipped: disabled', status('SKIPPED', { attempts: 0, reason: 'disabled' })],
    ['Skipped: load failed', status('SKIPPED', { reason: 'upstream_failed', cause: ['load'] })]
  ])('says %s', (words, told) => {
    const late = node('late', 'Late', { retries: 3 });
    open({ flow: flow({ nodes: [late], edges: [] }), run: run({ nodes: { late: told } }) });

    expect(card('late').querySelector('.dagy-word')?.textContent).toBe(words);
  });
});

describe('the panel of a node that ran', () => {
  it('tells the causes of a skip apart', () => {
    const cause = ['load', 'count'];
    openRun({ late: status('SKIPPED', { reason: 'upstream_failed', cause }) });

    expect(panelOf('late').textContent).toContain('Because of load, count');
  });

  it('says why it ran', () => {
    openRun({ late: status('COMPLETED', { why: 'code', why_detail: 'helper `clean` changed' }) });

    expect(panelOf('late').textContent).toContain('It ran because helper clean changed.');
  });

  it('says nothing of it where reuse was not asked for', () => {
    openRun({ late: status('COMPLETED') });

    expect(panelOf('late').textContent).not.toContain('It ran because');
  });

  it.each([
    ['killed', 'Its process was killed, with all that it had started.'],
    ['abandoned', 'what is left of it may go on in its thread'],
    ['cancelled', 'It was stopped at once.']
  ])('says how a limit was carried out: %s', (enforcement, words) => {
    openRun({ late: status('TIMED_OUT', { enforcement }) });

    expect(panelOf('late').textContent).toContain(words);
  });

  it('says that its worker died, and when it was for want of memory', () => {
    openRun({
      late: status('FAILED', { reason: 'crashed', error_code: 'runner.worker_died' }),
      count: status('FAILED', { reason: 'crashed', error_code: 'runner.out_of_memory' })
    });

    expect(card('late').textContent).toContain('Crashed');
    expect(card('count').textContent).toContain('Out of memory');
  });

  it('offers a line that brings the failed node’s inputs into a cell', async () => {
    const written: string[] = [];
    const clipboard = { writeText: (text: string) => Promise.resolve(void written.push(text)) };
    vi.stubGlobal('navigator', { ...navigator, clipboard });
    openRun({ late: status('FAILED', { reason: 'raised' }) });

    fireEvent.click(within(panelOf('late')).getByRole('button', { name: 'Copy this line' }));
    await screen.findByText('Copied.');

    expect(written).toEqual(['dagy_nb.replay("r1", "late")']);
    vi.unstubAllGlobals();
  });

  it('shows the line where the page has no clipboard', async () => {
    vi.stubGlobal('navigator', { ...navigator, clipboard: undefined });
    openRun({ late: status('FAILED', { reason: 'raised' }) });

    fireEvent.click(within(panelOf('late')).getByRole('button', { name: 'Copy this line' }));

    expect(await screen.findByText('Copy this line:')).toBeTruthy();
    vi.unstubAllGlobals();
  });

  it('offers none for a node that completed', () => {
    openRun({ late: status('COMPLETED') });

    expect(panelOf('late').textContent).not.toContain('replay');
  });
});

describe('a node that was skipped', () => {
  it('names the root of it on its card, and leads to it', () => {
    openRun({
      load: status('FAILED', { reason: 'raised' }),
      count: status('SKIPPED', { reason: 'upstream_failed', cause: ['load'] })
    });

    expect(card('count').textContent).toContain('Skipped: load failed');
    fireEvent.click(within(panelOf('count')).getByRole('button', { name: 'load' }));
    expect(screen.getByLabelText('About load')).toBeTruthy();
  });

  it('was not taken where a branch went the other way', () => {
    openRun({ count: status('SKIPPED', { reason: 'branch_not_taken', cause: ['load'] }) });

    expect(card('count').textContent).toContain('Not taken: load');
  });
});

describe('an edge', () => {
  const table = { type: 'DataFrame', summary: '', columns: [], shape: [], rows: [], hidden: false };
  const wires = [edge('load.table -> late.flights'), edge('count.note -> late.flights')];

  function untaken(nodes: { readonly [id: string]: NodeStatus }): number {
    open({ flow: flow({ edges: wires }), run: run({ state: 'COMPLETED', nodes }) });
    return document.querySelectorAll('.dagy-wire.is-untaken').length;
  }

  it('out of an error connector is not dim where its node failed', () => {
    const failing = node('bad', 'Count', {
      outputs: [output('count', ['INTEGER']), output('error', ['ERROR'])]
    });
    open({
      flow: flow({
        nodes: [failing, node('late', 'Late')],
        edges: [edge('bad.error -> late.flights'), edge('bad.count -> late.flights')]
      }),
      run: run({ state: 'COMPLETED', nodes: { bad: status('FAILED', { reason: 'raised' }) } })
    });

    expect(document.querySelectorAll('.dagy-wire')).toHaveLength(2);
    expect(document.querySelectorAll('.dagy-wire.is-untaken')).toHaveLength(1);
  });

  it.each([
    [
      'that nothing came over is dim',
      { count: status('COMPLETED', { previews: { count: table } }) },
      1
    ],
    ['that something came over is not', { load: status('COMPLETED', { previews: { table } }) }, 0],
    [
      'out of a skipped node is dim',
      { load: status('SKIPPED', { reason: 'branch_not_taken' }) },
      1
    ],
    ['out of a reused node is not', { load: status('SKIPPED', { reason: 'up_to_date' }) }, 0],
    ['out of a running node is not', { load: status('RUNNING') }, 0],
    ['of which nothing is told yet is not', { load: status('COMPLETED') }, 0]
  ])('%s', (_, nodes, count) => {
    expect(untaken(nodes)).toBe(count);
  });
});

function parameter(name: string, ...defaults: readonly unknown[]): ParameterPicture {
  const [value = null] = defaults;
  return {
    name,
    type: defaults.length > 0 ? 'integer' : 'string',
    description: '',
    has_default: defaults.length > 0,
    default: value
  };
}

describe('a run that did not complete', () => {
  it.each(['FAILED', 'TIMED_OUT', 'CANCELLED'])('is gone on with: %s', state => {
    const { far } = openRun({}, { state });

    fireEvent.click(screen.getByRole('button', { name: 'Resume' }));

    expect(last(far)).toEqual({
      kind: 'resume',
      id: last(far)?.id,
      run_id: 'r1',
      parameters: {},
      force: []
    });
  });

  it('is gone on with other values for the parameters, the rest as it was', () => {
    const { far } = open({
      flow: flow({ parameters: [parameter('month', 1), parameter('carrier')] }),
      run: run({ state: 'FAILED' })
    });
    fireEvent.click(screen.getByRole('button', { name: 'Run with other parameters' }));
    fireEvent.change(screen.getByLabelText('month'), { target: { value: '3' } });

    fireEvent.click(screen.getByRole('button', { name: 'Resume with these' }));

    expect(last(far)).toMatchObject({ kind: 'resume', run_id: 'r1', parameters: { month: 3 } });
  });

  it('is not gone on with values that do not fit', () => {
    const { far } = open({
      flow: flow({ parameters: [parameter('month', 1)] }),
      run: run({ state: 'FAILED' })
    });
    fireEvent.click(screen.getByRole('button', { name: 'Run with other parameters' }));
    fireEvent.change(screen.getByLabelText('month'), { target: { value: 'three' } });

    fireEvent.click(screen.getByRole('button', { name: 'Resume with these' }));

    expect(far.sent.filter(each => each.kind === 'resume')).toEqual([]);
    expect(screen.getByText('This must be a whole number.')).toBeTruthy();
  });

  it('offers no other values where it completed', () => {
    open({
      flow: flow({ parameters: [parameter('month', 1)] }),
      run: run({ state: 'COMPLETED' })
    });
    fireEvent.click(screen.getByRole('button', { name: 'Run with other parameters' }));

    expect(screen.queryByRole('button', { name: 'Resume with these' })).toBeNull();
  });

  it('repeats a node that may be half done, once it is forced', () => {
    const types = TYPES.map(each => ({
      ...each,
      no_retry: each.type === 'Late' ? 'It has side effects.' : ''
    }));
    const { far } = open({
      palette: { ...PALETTE, types },
      run: run({ state: 'FAILED', nodes: { late: status('FAILED') } })
    });
    fireEvent.click(screen.getByRole('button', { name: 'Resume' }));
    say(far, {
      kind: 'refused',
      reply_to: last(far)?.id ?? '',
      code: 'flow.repeats_side_effects',
      message: 'late began in run r1 and did not complete.',
      suggestion: 'To let it happen once more, force late.',
      revision: 3,
      diagnostics: []
    });
    expect(screen.getByText('To let it happen once more, force late.')).toBeTruthy();

    select('load');
    expect(screen.queryByLabelText(/^Force/)).toBeNull();
    select('late');
    fireEvent.click(screen.getByLabelText(/^Force/));
    expect(card('late').textContent).toContain('forced');
    // It says nothing of other runs, and the cards go on to tell of this one.
    expect(screen.getByRole('switch').getAttribute('aria-checked')).toBe('false');
    expect(card('late').textContent).toContain('Failed');
    fireEvent.click(screen.getByRole('button', { name: 'Resume' }));
    expect(last(far)).toMatchObject({ kind: 'resume', force: ['late'] });
    expect(screen.queryByText('To let it happen once more, force late.')).toBeNull();

    say(far, {
      kind: 'status',
      whole: true,
      reply_to: last(far)?.id ?? '',
      run: run({ run_id: 'r2', resumed_from: 'r1' })
    });
    expect(card('late').textContent).not.toContain('forced');
  });

  it.each(['COMPLETED', 'RUNNING'])('is not offered to be gone on with: %s', state => {
    openRun({}, { state });

    expect(screen.queryByRole('button', { name: 'Resume' })).toBeNull();
  });

  it('is replaced by the one that goes on', () => {
    const { far } = openRun({});
    fireEvent.click(screen.getByRole('button', { name: 'Resume' }));

    say(far, {
      kind: 'status',
      whole: true,
      reply_to: last(far)?.id ?? '',
      run: run({ run_id: 'r2', resumed_from: 'r1', backend: 'dask', backend_reason: 'the flow' })
    });

    const chip = document.querySelector('.dagy-run-chip');
    expect(chip?.getAttribute('data-run-state')).toBe('RUNNING');
    expect(chip?.getAttribute('title')).toContain('on dask: the flow');
    expect(chip?.getAttribute('title')).toContain('goes on with run r1');
  });
});

// @vitest-environment happy-dom
import { cleanup, fireEvent, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodePicture, TypePicture } from '../../src/protocol/generated';
import { flow, node, PALETTE, RETRY, TYPES } from '../examples';
import { giveSizes, last, open, select } from './page';

afterEach(cleanup);
beforeEach(giveSizes);

function openOptions(changes: Partial<NodePicture> = {}, ofType: Partial<TypePicture> = {}) {
  const types = TYPES.map(each => (each.type === 'Late' ? { ...each, ...ofType } : each));
  const { far } = open({
    flow: flow({ nodes: [node('late', 'Late', changes)], edges: [] }),
    palette: { ...PALETTE, types }
  });
  select('late');
  return far;
}

function type(label: string, value: string): void {
  const field = screen.getByLabelText(label, { exact: false });
  fireEvent.change(field, { target: { value } });
  fireEvent.blur(field);
}

const FULL = {
  label: 'Late ones',
  timeout: 5,
  runner: 'process',
  retries: 3,
  retry: { ...RETRY, delay: [1, 5, 30], on: ['raised', 'crashed'] },
  trigger: 'none_failed',
  memory_mb: 512,
  disabled: false
} as const;

describe('an option', () => {
  it('is changed without touching the others', () => {
    const far = openOptions(FULL);

    fireEvent.click(screen.getByLabelText('Disabled: runs skip it'));

    expect(last(far)).toMatchObject({
      edits: [{ ...FULL, kind: 'set_options', id: 'late', disabled: true }]
    });
  });

  it.each([
    ['Retries', '2', { retries: 2 }],
    ['Retries', '', { retries: null }],
    ['Wait in seconds', '2', { retry: { ...FULL.retry, delay: 2 } }],
    ['Wait in seconds', '1 2', { retry: { ...FULL.retry, delay: [1, 2] } }],
    ['Longer or shorter by chance', '20', { retry: { ...FULL.retry, jitter: 0.2 } }],
    ['Only these errors', 'OSError, a.b', { retry: { ...FULL.retry, errors: ['OSError', 'a.b'] } }],
    ['Memory limit in MB', '1024', { memory_mb: 1024 }],
    ['Memory limit in MB', '', { memory_mb: null }],
    ['Runner', 'thread', { runner: 'thread' }],
    ['Runner', '', { runner: null }],
    ['Starts when', 'any_success', { trigger: 'any_success' }]
  ])('%s takes %j', (label, value, changes) => {
    const far = openOptions(FULL);
    const before = far.sent.length;

    type(label, value);

    expect(far.sent).toHaveLength(before + 1);
    expect(last(far)).toMatchObject({ edits: [{ ...FULL, ...changes }] });
  });

  it.each([
    ['Retries', '1.5'],
    ['Retries', '101'],
    ['Wait in seconds', 'soon'],
    ['Longer or shorter by chance', '101'],
    ['Memory limit in MB', '0'],
    ['Limit in seconds', '-1']
  ])('%s refuses %j in words, and sends nothing', (label, value) => {
    const far = openOptions(FULL);
    const before = far.sent.length;

    type(label, value);

    expect(far.sent).toHaveLength(before);
    expect(document.querySelector('.dagy-toast')?.textContent).toContain(
      `“${value}” does not fit.`
    );
  });
});

describe('retries', () => {
  it('are tried after the chosen ends only', () => {
    const far = openOptions(FULL);

    fireEvent.click(screen.getByLabelText('it ran past its limit'));

    expect(last(far)).toMatchObject({
      edits: [{ retry: { on: ['raised', 'timed_out', 'crashed'] } }]
    });
  });

  it('begin with what the type says, and go back to it', () => {
    const ofType = { retries: 2, retry: { ...RETRY, delay: 7 } };
    const far = openOptions({}, ofType);

    expect(screen.getByText('2 more attempts after 7 s.')).toBeTruthy();
    type('Each further wait', '3');
    expect(last(far)).toMatchObject({ edits: [{ retry: { delay: 7, backoff: 3 } }] });
    cleanup();
    const again = openOptions({ retry: RETRY }, ofType);
    fireEvent.click(screen.getByRole('button', { name: 'as its type says' }));
    expect(last(again)).toMatchObject({ edits: [{ retry: null }] });
  });

  it('take no backoff where each wait is given', () => {
    openOptions(FULL);

    expect(screen.queryByLabelText('Each further wait', { exact: false })).toBeNull();
  });

  it('that the type refuses are said to be refused', () => {
    openOptions({ retries: 2 }, { no_retry: 'It has side effects.' });

    expect(screen.getByText(/It has side effects. So a failed attempt is not made/)).toBeTruthy();
    expect(screen.queryByLabelText('Wait in seconds', { exact: false })).toBeNull();
  });

  it('that nobody asks for need no warning', () => {
    openOptions({}, { no_retry: 'It has side effects.' });

    expect(document.querySelector('.dagy-warned')).toBeNull();
  });
});

describe('limits', () => {
  it.each([
    ['inline', /Cooperative limit/],
    ['thread', /Advisory limit/],
    ['process', /Hard limit: at the deadline its process is killed/],
    ['dask', /Hard limit, on the cluster/]
  ])('are promised by %s in words', (runner, words) => {
    openOptions({ runner, effective_runner: runner });

    expect(screen.getByText(words)).toBeTruthy();
  });

  it('of memory say where they are not held', () => {
    openOptions({ memory_mb: 512, effective_runner: 'thread' });
    expect(screen.getByText(/cannot hold this limit: choose process or dask/)).toBeTruthy();
    cleanup();

    openOptions({ memory_mb: 512, effective_runner: 'process' });
    expect(screen.queryByText(/cannot hold this limit/)).toBeNull();
  });
});

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
    flow: flow({ nodes: [node('late', 'Late', changes), node('other', 'Late')], edges: [] }),
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
    ['Retries', '1.5', 'Give a whole number'],
    ['Retries', '101', 'not above 100'],
    ['Wait in seconds', 'soon', 'one number, or several'],
    ['Longer or shorter by chance', '101', 'not above 100'],
    ['Only these errors', 'OSError, b!', '“b!” is no name'],
    ['Memory limit in MB', '0', 'not below 1'],
    ['Limit in seconds', '-1', 'not below 0'],
    ['Name in the flow', '1st', 'letters, digits and _'],
    ['Name in the flow', 'other', 'There is a node other already']
  ])(
    '%s refuses %j at its place, keeps what was typed, and sends nothing',
    (label, value, words) => {
      const far = openOptions(FULL);
      const before = far.sent.length;

      type(label, value);

      const field = screen.getByLabelText<HTMLInputElement>(label, { exact: false });
      expect(far.sent).toHaveLength(before);
      expect(field.value).toBe(value);
      expect(field.getAttribute('aria-invalid')).toBe('true');
      expect(wordsOf(field)).toContain(words);
      expect(document.querySelector('.dagy-toast')).toBeNull();
    }
  );

  it('that was refused is mended, or given up with Escape', () => {
    const far = openOptions(FULL);
    type('Retries', 'many');
    type('Retries', '2');
    expect(last(far)).toMatchObject({ edits: [{ retries: 2 }] });
    expect(document.querySelector('[aria-invalid=true]')).toBeNull();

    const before = far.sent.length;
    type('Memory limit in MB', 'much');
    const field = screen.getByLabelText<HTMLInputElement>('Memory limit in MB');
    fireEvent.keyDown(field, { key: 'Escape' });
    expect(field.value).toBe('512');
    expect(document.querySelector('[aria-invalid=true]')).toBeNull();
    expect(far.sent).toHaveLength(before);
  });

  it('that was refused is told of where its field goes away', () => {
    openOptions(FULL);
    type('Retries', 'many');

    select('other');

    expect(document.querySelector('.dagy-toast')?.textContent).toContain('“many” was not taken');
  });

  it('is named by its label alone, and described by the words below', () => {
    openOptions(FULL);

    const field = screen.getByLabelText('Limit in seconds', { exact: true });

    expect(wordsOf(field)).toContain('0 means no limit');
  });
});

function wordsOf(field: HTMLElement): string {
  const ids = field.getAttribute('aria-describedby') ?? '';
  return document.getElementById(ids)?.textContent ?? '';
}

describe('retries', () => {
  it('are tried after the chosen ends only', () => {
    const far = openOptions(FULL);

    fireEvent.click(screen.getByLabelText('it ran past its limit'));

    expect(last(far)).toMatchObject({
      edits: [{ retry: { on: ['raised', 'timed_out', 'crashed'] } }]
    });
  });

  it('are tried after one end at least', () => {
    const far = openOptions({ ...FULL, retry: RETRY });
    const before = far.sent.length;

    fireEvent.click(screen.getByLabelText('it raised an error'));

    expect(far.sent).toHaveLength(before);
    expect(screen.getByRole('alert').textContent).toContain('At least one of these must stay');
    fireEvent.click(screen.getByLabelText('it ran past its limit'));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('that wait ever longer have a longest wait', () => {
    const far = openOptions({ retries: 3, retry: { ...RETRY, delay: 5, backoff: 2 } });

    type('Longest wait', '60');

    expect(last(far)).toMatchObject({ edits: [{ retry: { max_delay: 60, backoff: 2 } }] });
    expect(screen.getByText(/each wait 2 times the one before, but at most 60 s/)).toBeTruthy();
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

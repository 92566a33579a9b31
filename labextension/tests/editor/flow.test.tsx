// @vitest-environment happy-dom
import { act, cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FlowPicture, Request, RoutePicture } from '../../src/protocol/generated';
import type { FarSide } from '../../src/transport/memory';
import { routeOf } from '../../ui-tests/blank';
import { flow, patch } from '../examples';
import { giveSizes, last, open, root, say } from './page';

afterEach(cleanup);
beforeEach(giveSizes);

const FLOW = flow({ description: 'Delays.', timeout: 60, failure_policy: 'stop' });

function openPanel(changes: Partial<FlowPicture> = {}): FarSide {
  const { far } = open({ flow: { ...FLOW, ...changes } });
  fireEvent.click(screen.getByRole('button', { name: /^Flow delays/ }));
  return far;
}

const panel = (): HTMLElement => screen.getByRole('dialog', { name: 'About the flow delays' });

function asked(far: FarSide): readonly Request[] {
  return far.sent.filter(each => each.kind === 'route');
}

function answer(far: FarSide, changes: Partial<RoutePicture> = {}, backend: string | null = null) {
  const id = asked(far).at(-1)?.id ?? '';
  const route = { ...routeOf(flow({ backend })), ...changes };
  say(far, { kind: 'routed', reply_to: id, route });
}

describe('the panel of the flow', () => {
  it('takes the focus, and goes with Escape', () => {
    openPanel();

    expect(panel().contains(document.activeElement)).toBe(true);
    fireEvent.keyDown(root(), { key: 'Escape' });
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it.each([
    ['Description', 'All delays.', { description: 'All delays.' }],
    ['Limit of a run in seconds', '', { timeout: null }],
    ['Limit of a node in seconds', '0', { node_timeout: 0 }],
    ['When a node fails', 'isolate', { failure_policy: 'isolate' }]
  ])('%s takes %j and leaves the other fields', (label, value, changes) => {
    const far = openPanel();

    const field = screen.getByLabelText(label);
    fireEvent.change(field, { target: { value } });
    fireEvent.blur(field);

    const fields = { description: 'Delays.', timeout: 60, failure_policy: 'stop', backend: null };
    expect(far.sent.find(each => each.kind === 'edit')).toMatchObject({
      edits: [{ kind: 'set_flow', parameters: null, node_timeout: null, ...fields, ...changes }]
    });
  });

  it('refuses a limit of nothing at its place', () => {
    const far = openPanel();
    const field = screen.getByLabelText('Limit of a run in seconds');

    fireEvent.change(field, { target: { value: '0' } });
    fireEvent.blur(field);

    expect(far.sent.some(each => each.kind === 'edit')).toBe(false);
    expect(screen.getByRole('alert').textContent).toContain('a number that is above 0,');
  });
});

describe('the backend of the flow', () => {
  it('is chosen among those that there are', () => {
    const far = openPanel();
    answer(far);

    const field = screen.getByLabelText<HTMLSelectElement>('Backend: where runs go');
    expect([...field.options].map(each => each.textContent)).toEqual([
      'as rules and settings say',
      'kernel',
      'dask (not usable here)'
    ]);
    fireEvent.change(field, { target: { value: 'kernel' } });

    expect(last(far)).toMatchObject({ edits: [{ kind: 'set_flow', backend: 'kernel' }] });
  });

  it('is given back to rules and settings', () => {
    const far = openPanel({ backend: 'kernel' });
    answer(far, {}, 'kernel');

    fireEvent.change(screen.getByLabelText('Backend: where runs go'), { target: { value: '' } });

    expect(last(far)).toMatchObject({ edits: [{ backend: null }] });
  });

  it('comes with the decision and its reason', () => {
    const far = openPanel();
    answer(far);

    expect(within(panel()).getByRole('status').textContent).toContain(
      'A run goes to kernel. Nothing else names one.'
    );
    expect(panel().textContent).toContain('The rules: nothing (no rule matched)');
  });

  it('says why a run cannot go there', () => {
    const far = openPanel({ backend: 'dask' });
    answer(far, {}, 'dask');

    expect(panel().textContent).toContain('The backend dask cannot be used here. Install it.');
  });

  it('that nobody knows is shown all the same', () => {
    const far = openPanel({ backend: 'moon' });
    answer(far, { backend: '', problem: 'There is no backend moon.' });

    const field = screen.getByLabelText<HTMLSelectElement>('Backend: where runs go');
    expect(field.value).toBe('moon');
    expect(panel().textContent).toContain('There is no backend moon.');
  });

  it('is asked for while the panel is open only, and anew after a change', () => {
    const far = openPanel();
    expect(asked(far)).toHaveLength(1);

    say(far, patch(FLOW));
    expect(asked(far)).toHaveLength(2);
    fireEvent.keyDown(root(), { key: 'Escape' });
    say(far, patch({ ...FLOW, revision: 4 }));
    expect(asked(far)).toHaveLength(2);
  });

  it('takes no answer to an earlier question, nor to another view', () => {
    const far = openPanel();
    const early = asked(far)[0]?.id ?? '';
    say(far, patch(FLOW));

    for (const reply_to of [early, 'route-other-1']) {
      say(far, { kind: 'routed', reply_to, route: routeOf(flow()) });
    }

    expect(within(panel()).queryByRole('status')).toBeNull();
  });

  it('is asked for again when the kernel is back', () => {
    const far = openPanel();
    act(() => far.connect(false));
    act(() => far.connect(true));

    expect(asked(far)).toHaveLength(2);
  });
});

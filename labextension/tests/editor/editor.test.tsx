// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlowEditor } from '../../src/editor/FlowEditor';
import type { DiagnosticPicture } from '../../src/protocol/generated';
import { openMemory } from '../../src/transport/memory';
import { flow, node, run, snapshot, status } from '../examples';
import { card, giveSizes, handle, last, open, root, say, select } from './page';

afterEach(cleanup);
beforeEach(giveSizes);

describe('the editor', () => {
  it('shows the snapshot it starts from, and asks for the newest', () => {
    const { far } = open();

    expect(card('late').textContent).toContain('Late');
    expect(far.sent).toMatchObject([{ kind: 'hello' }]);
  });

  it('is there without a snapshot, until the kernel answers', () => {
    const { transport, far } = openMemory(undefined);
    render(<FlowEditor transport={transport} />);

    say(far, snapshot());

    expect(card('load')).toBeTruthy();
  });

  it('leaves no listener behind', () => {
    const { far, unmount } = open();
    expect(far.listeners()).toBe(2);

    unmount();

    expect(far.listeners()).toBe(0);
  });

  it('takes no harm from messages it does not know', () => {
    const { far } = open();

    act(() => {
      far.say({ kind: 'weather' });
      far.say(null);
      far.say({ kind: 'patch' });
    });

    expect(card('late')).toBeTruthy();
  });

  it('brings back what an empty flow had', () => {
    const { far } = open({ flow: flow({ nodes: [], edges: [], undo: 'replace the flow' }) });

    fireEvent.click(screen.getByRole('button', { name: 'Bring back what was here' }));

    expect(last(far)).toMatchObject({ kind: 'undo' });
  });

  it('calls it no error that nothing is there yet', () => {
    const nothing: DiagnosticPicture = {
      code: 'flow.empty',
      severity: 'error',
      message: 'The flow has no nodes.',
      suggestion: '',
      node: '',
      connector: '',
      field: '',
      edge: ''
    };
    open({ flow: flow({ nodes: [], edges: [], diagnostics: [nothing] }) });

    expect(screen.getByRole('button', { name: 'Findings: 1 error' }).className).toContain(
      'is-note'
    );
  });

  it('promises nothing of undo where a flow begins empty', () => {
    open({ flow: flow({ nodes: [], edges: [], undo: '' }) });

    expect(root().textContent).toContain('This flow has no nodes yet.');
    expect(root().textContent).not.toContain('Bring back');
  });

  it('shows markup in texts as text', () => {
    const evil = '<img src=x onerror=alert(1)>';
    open({ flow: flow({ nodes: [node('late', 'Late', { label: evil })], edges: [] }) });

    expect(card('late').textContent).toContain(evil);
    expect(document.querySelector('img')).toBeNull();
  });
});

describe('connecting by keyboard', () => {
  it('leads an edge from one connector to another', () => {
    const { far } = open();

    fireEvent.keyDown(handle('late', 'output.output'), { key: 'Enter' });
    fireEvent.keyDown(handle('count', 'input.table'), { key: 'Enter' });

    expect(last(far)).toMatchObject({
      kind: 'edit',
      base_revision: 3,
      edits: [
        {
          kind: 'connect',
          edge: { source: 'late', output: 'output', target: 'count', input: 'table' }
        }
      ]
    });
  });

  it('works from an input back to an output too', () => {
    const { far } = open();

    fireEvent.keyDown(handle('count', 'input.table'), { key: 'Enter' });
    fireEvent.keyDown(handle('late', 'output.output'), { key: 'Enter' });

    expect(last(far)).toMatchObject({ edits: [{ edge: { source: 'late', target: 'count' } }] });
  });

  it('says why not, and sends nothing', () => {
    const { far } = open();

    fireEvent.keyDown(handle('count', 'output.count'), { key: 'Enter' });
    fireEvent.keyDown(handle('late', 'input.flights'), { key: 'Enter' });

    expect(far.sent).toHaveLength(1);
    expect(screen.getByText('INTEGER does not become TABLE by itself.')).toBeTruthy();
  });

  it('tells the verdict to those who do not see', () => {
    open({ flow: flow({ edges: [] }) });

    fireEvent.keyDown(handle('count', 'output.note'), { key: 'Enter' });
    fireEvent.focus(handle('late', 'input.flights'));

    expect(screen.getAllByRole('status').at(-1)?.textContent).toContain('May fit. ANY may or may');
  });

  it('marks every connector with its verdict, by a sign too', () => {
    open({ flow: flow({ edges: [] }) });

    fireEvent.keyDown(handle('load', 'output.table'), { key: 'Enter' });

    expect(handle('late', 'input.flights').dataset.verdict).toBe('ok');
    expect(handle('late', 'output.output').dataset.verdict).toBe('no');
    expect(handle('late', 'input.flights').querySelector('svg')).toBeTruthy();
  });

  it('ends by Escape', () => {
    const { far } = open();

    fireEvent.keyDown(handle('late', 'output.output'), { key: 'Enter' });
    fireEvent.keyDown(root(), { key: 'Escape' });
    fireEvent.keyDown(handle('count', 'input.table'), { key: 'Enter' });

    expect(far.sent).toHaveLength(1);
  });
});

describe('keys', () => {
  it('delete what is selected', () => {
    const { far } = open();

    select('late');
    fireEvent.keyDown(card('late'), { key: 'Delete' });

    expect(last(far)).toMatchObject({ edits: [{ kind: 'remove_node', id: 'late' }] });
    expect(document.querySelector('[data-id="late"]')).toBeNull();
  });

  it('outside of the editor do nothing', () => {
    const { far } = open();

    select('late');
    fireEvent.keyDown(document.body, { key: 'Delete' });
    fireEvent.keyDown(window, { key: 'Backspace' });

    expect(far.sent).toHaveLength(1);
  });

  it('in a field are text', () => {
    const { far } = open();

    select('late');
    fireEvent.keyDown(screen.getByLabelText('Minutes'), { key: 'Backspace' });

    expect(far.sent).toHaveLength(1);
  });

  it('never reach the notebook', () => {
    open();
    const heard: string[] = [];
    const listen = (event: KeyboardEvent): number => heard.push(event.key);
    document.body.addEventListener('keydown', listen);

    fireEvent.keyDown(card('late'), { key: 'b' });

    document.body.removeEventListener('keydown', listen);
    expect(heard).toEqual([]);
  });

  it.each([
    ['z', false, 'undo'],
    ['Z', true, 'redo'],
    ['y', false, 'redo']
  ])('Ctrl+%s (shift %s) asks for %s', (key, shiftKey, kind) => {
    const { far } = open();

    fireEvent.keyDown(root(), { key, shiftKey, ctrlKey: true });

    expect(last(far)).toMatchObject({ kind });
  });

  it('Ctrl+A and Ctrl+D duplicate everything', () => {
    const { far } = open();

    fireEvent.keyDown(root(), { key: 'a', ctrlKey: true });
    fireEvent.keyDown(root(), { key: 'd', ctrlKey: true });

    expect(last(far)).toMatchObject({
      edits: [{ kind: 'batch', label: 'duplicate 3 nodes' }]
    });
    expect(card('late_2')).toBeTruthy();
  });

  it('? shows them all', () => {
    open();

    fireEvent.keyDown(root(), { key: '?' });

    expect(screen.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeTruthy();
  });
});

describe('a refusal', () => {
  it('takes the change back and says why', () => {
    const { far } = open();
    select('late');
    fireEvent.keyDown(card('late'), { key: 'Delete' });

    say(far, {
      kind: 'refused',
      reply_to: last(far)?.id ?? '',
      code: 'flow.locked',
      message: 'Not now.',
      suggestion: 'Wait.',
      revision: 3,
      diagnostics: []
    });

    expect(card('late')).toBeTruthy();
    expect(screen.getByText('Not now.')).toBeTruthy();
  });
});

describe('a kernel that is gone', () => {
  it('leaves a picture that cannot be changed', () => {
    const { far } = open();
    select('late');

    act(() => far.connect(false));
    fireEvent.keyDown(card('late'), { key: 'Delete' });

    expect(screen.getByRole('alert').textContent).toContain('not connected');
    expect(card('late')).toBeTruthy();
    expect(far.sent).toHaveLength(1);
    expect(screen.getByRole('button', { name: 'Run' })).toHaveProperty('disabled', true);
  });

  it('leaves a run of which nobody knows how it fares', () => {
    const { far } = open({ run: run({ nodes: { late: status('RUNNING') } }) });
    expect(screen.getByRole('button', { name: 'Cancel' })).toBeTruthy();

    act(() => far.connect(false));

    expect(document.querySelector('.dagy-run-chip')?.textContent).toBe('Not known');
    expect(card('late').textContent).toContain('Not known');
    expect(document.querySelector('.is-spinning, .dagy-progress')).toBeNull();
    expect(screen.queryByRole('button', { name: 'Cancel' })).toBeNull();
  });

  it('is as good as gone when it holds the flow no more', () => {
    const { far } = open();
    select('late');
    fireEvent.keyDown(card('late'), { key: 'Delete' });

    say(far, {
      kind: 'refused',
      reply_to: last(far)?.id ?? '',
      code: 'message.closed',
      message: 'The flow is closed.',
      suggestion: '',
      revision: 3,
      diagnostics: []
    });

    expect(screen.getByRole('alert').textContent).toContain('not connected');
    expect(card('late')).toBeTruthy();
  });

  it('is asked for everything when it comes back', () => {
    const { far } = open();
    act(() => far.connect(false));

    act(() => far.connect(true));

    expect(last(far)).toMatchObject({ kind: 'hello' });
    expect(screen.queryByRole('alert')).toBeNull();
  });
});

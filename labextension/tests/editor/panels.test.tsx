// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiagnosticPicture } from '../../src/protocol/generated';
import type { FarSide } from '../../src/transport/memory';
import { edge, flow, node, PALETTE, run, status, type, TYPES } from '../examples';
import { card, giveSizes, handle, last, open, say, select } from './page';

afterEach(cleanup);
beforeEach(giveSizes);

describe('the settings', () => {
  it('send the whole config when a field is left', () => {
    const { far } = open({
      flow: flow({ nodes: [node('late', 'Late', { config: { other: 1 } })], edges: [] })
    });
    select('late');
    const field = screen.getByLabelText('Minutes');

    fireEvent.change(field, { target: { value: '30' } });
    fireEvent.blur(field);

    expect(last(far)).toMatchObject({
      edits: [{ kind: 'set_config', id: 'late', config: { other: 1, minutes: 30 } }]
    });
  });

  it('offer the node types where one is to be named, and an example where one says more', () => {
    const properties = {
      node: { type: 'string', title: 'Node type', format: 'node_type' },
      when: { type: 'string', title: 'Condition', examples: ['value > 3'] }
    };
    const map = type('Map', { config_schema: { type: 'object', properties } });
    open({
      flow: flow({ nodes: [node('map', 'Map')], edges: [] }),
      palette: { ...PALETTE, types: [...TYPES, map] }
    });
    select('map');

    const list = screen.getByLabelText('Node type').getAttribute('list') ?? '';
    const options = document.getElementById(list)?.querySelectorAll('option') ?? [];
    const offered = [...options].map(each => each.value);
    expect(offered).toEqual([...TYPES.map(each => each.type), 'Map']);
    expect(screen.getByPlaceholderText('for example value > 3')).toBeTruthy();
  });

  it('say at once what cannot be right', () => {
    open();
    select('late');
    const field = screen.getByLabelText('Minutes');

    fireEvent.change(field, { target: { value: '-1' } });
    fireEvent.keyDown(field, { key: 'Enter' });

    expect(screen.getByText('This must be at least 0.')).toBeTruthy();
    expect(field.getAttribute('aria-invalid')).toBe('true');
  });

  it('show what the kernel found about a field', () => {
    const finding = {
      code: 'config.invalid',
      severity: 'error' as const,
      message: 'Input should be a number.',
      suggestion: '',
      node: 'late',
      connector: '',
      field: 'minutes',
      edge: ''
    };
    open({ flow: flow({ diagnostics: [finding] }) });

    select('late');

    expect(screen.getByText('Input should be a number.')).toBeTruthy();
  });

  it('lose nothing that was typed when another node is selected', () => {
    const { far } = open();
    select('late');
    fireEvent.change(screen.getByLabelText('Minutes'), { target: { value: '45' } });

    select('load');

    expect(last(far)).toMatchObject({ edits: [{ id: 'late', config: { minutes: 45 } }] });
  });

  it('can be filled by a flow parameter', () => {
    const parameter = {
      name: 'limit',
      type: 'number',
      default: 5,
      has_default: true,
      description: ''
    };
    const { far } = open({ flow: flow({ parameters: [parameter] }) });
    select('late');

    fireEvent.change(screen.getByLabelText('Parameter for Minutes'), {
      target: { value: '${params.limit}' }
    });

    expect(last(far)).toMatchObject({ edits: [{ config: { minutes: '${params.limit}' } }] });
  });
});

describe('the tabs of a node', () => {
  const tab = (name: RegExp): HTMLElement => screen.getByRole('tab', { name });

  it('are one stop of the keyboard, and arrows lead from one to the other', () => {
    open();
    select('late');
    expect([tab(/Settings/).tabIndex, tab(/Run/).tabIndex]).toEqual([0, -1]);

    fireEvent.keyDown(tab(/Settings/), { key: 'ArrowRight' });
    expect(tab(/Run/).getAttribute('aria-selected')).toBe('true');
    expect(document.activeElement).toBe(tab(/Run/));
    expect(tab(/Run/).tabIndex).toBe(0);

    fireEvent.keyDown(tab(/Run/), { key: 'ArrowLeft' });
    expect(document.activeElement).toBe(tab(/Settings/));
  });

  it('name the panel that they open', () => {
    open();
    select('late');

    const panel = screen.getByRole('tabpanel', { name: 'Settings' });
    expect(tab(/Settings/).getAttribute('aria-controls')).toBe(panel.id);
  });
});

describe('running', () => {
  it('starts at once where nothing is to be asked', () => {
    const { far } = open();

    fireEvent.click(screen.getByRole('button', { name: 'Run' }));

    expect(last(far)).toMatchObject({ kind: 'run', base_revision: 3, parameters: {} });
  });

  it('asks for a parameter without a default first, and remembers it', () => {
    const parameter = {
      name: 'month',
      type: 'integer',
      default: null,
      has_default: false,
      description: ''
    };
    const { far } = open({ flow: flow({ parameters: [parameter] }) });

    fireEvent.click(screen.getByRole('button', { name: 'Run' }));
    const form = screen.getByRole('form', { name: 'Run with' });
    fireEvent.submit(form);
    expect(within(form).getByText('A value is needed.')).toBeTruthy();
    fireEvent.change(within(form).getByLabelText(/month/), { target: { value: '2' } });
    fireEvent.submit(form);

    expect(last(far)).toMatchObject({ kind: 'run', parameters: { month: 2 } });
    expect(screen.queryByRole('form')).toBeNull();
  });

  it('shows states as they come and cancels by every way', () => {
    const { far } = open({ run: run({ nodes: { late: status('RUNNING', { started_at: 100 }) } }) });
    expect(card('late').textContent).toContain('Running');

    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));

    expect(far.cancelled).toEqual([{ runId: 'r1', nodeId: '' }]);
  });

  it('says how it ended', () => {
    const { far } = open({ run: run({ nodes: { late: status('RUNNING', { started_at: 100 }) } }) });

    say(far, {
      kind: 'status',
      whole: false,
      reply_to: '',
      run: run({
        state: 'FAILED',
        ended_at: 103,
        nodes: { late: status('FAILED', { reason: 'raised', error: 'KeyError', ended_at: 103 }) }
      })
    });

    expect(screen.getAllByRole('status').at(-1)?.textContent).toBe('Run failed: 1 failed.');
    expect(screen.queryByRole('button', { name: 'Cancel' })).toBeNull();
    select('late');
    expect(screen.getByText('KeyError')).toBeTruthy();
  });

  it('hides what is secret', () => {
    const hidden = {
      type: 'TEXT',
      summary: 'sesame',
      columns: [],
      shape: [],
      rows: [],
      hidden: true
    };
    open({
      run: run({
        state: 'COMPLETED',
        nodes: { late: status('COMPLETED', { previews: { output: hidden } }) }
      })
    });
    select('late');

    fireEvent.click(screen.getByRole('tab', { name: /Run/ }));

    expect(screen.queryByText('sesame')).toBeNull();
    expect(screen.getByText(/secret/)).toBeTruthy();
  });
});

describe('a run that is refused', () => {
  const needsEdge: DiagnosticPicture = {
    code: 'input.missing',
    severity: 'error',
    message: 'count.table needs an edge.',
    suggestion: 'Lead an output to it.',
    node: 'count',
    connector: 'table',
    field: '',
    edge: ''
  };
  const atLate: DiagnosticPicture = { ...needsEdge, severity: 'warning', node: 'late' };

  function refuse(far: FarSide, replyTo: string, found = [atLate, needsEdge]): void {
    say(far, {
      kind: 'refused',
      reply_to: replyTo,
      code: 'flow.check',
      message: 'The flow cannot run.',
      suggestion: '',
      revision: 3,
      diagnostics: found
    });
  }

  it('shows the first place that is wrong, lists all, and leads there', () => {
    const { far } = open();
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));

    refuse(far, last(far)?.id ?? '');

    expect(screen.getAllByText('The flow cannot run.').length).toBe(2);
    expect(screen.getByRole('complementary', { name: 'About count' })).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: /late.*count.table needs an edge/ }));
    expect(screen.getByRole('complementary', { name: 'About late' })).toBeTruthy();
  });

  it('lists three at most, and leads to the others', () => {
    const errors = Array.from({ length: 5 }, (_, at) => ({ ...needsEdge, code: `e.${at}` }));
    const { far } = open({ flow: flow({ diagnostics: errors }) });
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));

    refuse(far, last(far)?.id ?? '', errors);
    fireEvent.click(screen.getByRole('button', { name: 'and 2 more' }));

    const list = screen.getByRole('dialog', { name: 'Findings' });
    expect(within(list).getAllByRole('button').length).toBe(5);
  });

  it('moves nothing where another view asked for it', () => {
    const { far } = open();

    refuse(far, 'another-1');

    expect(screen.queryByRole('complementary', { name: 'About count' })).toBeNull();
  });

  it.each([
    [1, 'An error keeps the flow from running: press to see where'],
    [2, '2 errors keep the flow from running: press to see where']
  ])('is foretold by the button: %d', (count, words) => {
    const errors = Array.from({ length: count }, (_, at) => ({ ...needsEdge, code: `e.${at}` }));
    open({ flow: flow({ diagnostics: [...errors, { ...needsEdge, severity: 'warning' }] }) });

    const run = screen.getByRole<HTMLButtonElement>('button', { name: 'Run' });
    expect([run.title, run.disabled]).toEqual([words, false]);
  });
});

describe('a broken edge', () => {
  const broken = edge('load.gone -> late.flights', {
    verdict: 'no',
    broken: 'load has no output gone.',
    repair: 'load.table -> late.flights'
  });

  it('stays, on a connector that only it still names, and can be repaired', () => {
    const finding = {
      code: 'edge.unknown_connector',
      severity: 'error' as const,
      message: 'load has no output gone.',
      suggestion: '',
      node: '',
      connector: '',
      field: '',
      edge: broken.id
    };
    const { far } = open({ flow: flow({ edges: [broken], diagnostics: [finding] }) });
    expect(handle('load', 'output.gone').className).toContain('is-ghost');

    fireEvent.click(screen.getByRole('button', { name: /Findings/ }));
    fireEvent.click(screen.getByRole('button', { name: /^load.gone -> late.flights/ }));
    fireEvent.click(screen.getByRole('button', { name: 'Lead it from load.table' }));

    expect(last(far)).toMatchObject({
      edits: [
        {
          kind: 'batch',
          edits: [
            { kind: 'disconnect', edge: { output: 'gone' } },
            { kind: 'connect', edge: { output: 'table' } }
          ]
        }
      ]
    });
  });
});

describe('the palette', () => {
  it('finds by words and adds by Enter', () => {
    const { far } = open();
    const search = screen.getByRole('searchbox', { name: 'Search nodes' });

    fireEvent.change(search, { target: { value: 'merge' } });
    fireEvent.keyDown(search, { key: 'Enter' });

    expect(last(far)).toMatchObject({
      edits: [{ kind: 'add_node', node: { id: 'merge', type: 'Merge' } }]
    });
  });

  it('shows how to define a node where there is none', () => {
    open({
      palette: { revision: 0, types: [], table: {}, rules: {} },
      flow: flow({ nodes: [], edges: [] })
    });

    expect(screen.getAllByText('%%flownode').length).toBeGreaterThan(0);
  });
});

describe('findings', () => {
  it('lead to their places', () => {
    const finding = {
      code: 'input.missing',
      severity: 'error' as const,
      message: 'count.table needs an edge.',
      suggestion: 'Lead an output to it.',
      node: 'count',
      connector: 'table',
      field: '',
      edge: ''
    };
    open({ flow: flow({ diagnostics: [finding] }) });

    fireEvent.click(screen.getByRole('button', { name: 'Findings: 1 error' }));
    fireEvent.click(screen.getByRole('button', { name: /count.table needs an edge/ }));

    expect(screen.getByRole('complementary', { name: 'About count' })).toBeTruthy();
  });
});

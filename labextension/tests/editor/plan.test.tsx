// @vitest-environment happy-dom
import { act, cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ForecastPicture, Request } from '../../src/protocol/generated';
import type { FarSide } from '../../src/transport/memory';
import { flow, forecast, foreseen, patch, run, status } from '../examples';
import { card, giveSizes, last, open, root, say, select } from './page';

beforeEach(() => {
  vi.useFakeTimers();
  giveSizes();
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const PLAN = {
  load: foreseen('reuse', { from_run: 'run-0', seconds: 41 }),
  late: foreseen('run', { why: 'config', detail: 'config field minutes: 15 → 30' }),
  count: foreseen('maybe', { why: 'upstream' })
};

function pause(): void {
  act(() => {
    vi.advanceTimersByTime(1000);
  });
}

function toggleReuse(): void {
  fireEvent.click(screen.getByRole('switch', { name: 'Reuse' }));
}

function plans(far: FarSide): readonly Request[] {
  return far.sent.filter(each => each.kind === 'plan');
}

function answer(far: FarSide, changes: Partial<ForecastPicture> = {}): void {
  const asked = plans(far).at(-1);
  say(far, {
    kind: 'planned',
    reply_to: asked?.id ?? '',
    forecast: { ...forecast(PLAN), ...changes }
  });
}

function openPlan(): FarSide {
  const { far } = open();
  toggleReuse();
  pause();
  answer(far);
  return far;
}

describe('reuse', () => {
  it('is off until it is asked for', () => {
    const { far } = open();
    pause();

    expect(screen.getByRole('switch').getAttribute('aria-checked')).toBe('false');
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));

    expect(plans(far)).toEqual([]);
    expect(last(far)).toMatchObject({ kind: 'run', reuse: false, force: [] });
  });

  it('is sent with the run, and the run is what the cards show then', () => {
    const far = openPlan();

    fireEvent.click(screen.getByRole('button', { name: /^Run/ }));

    expect(last(far)).toMatchObject({ kind: 'run', reuse: true, force: [] });
    expect(card('late').textContent).not.toContain('Runs');
  });
});

describe('the plan', () => {
  it('says on every card what would become of it, and why', () => {
    openPlan();

    expect(card('load').textContent).toContain('Reused');
    expect(card('late').textContent).toContain('Runs: minutes: 15 → 30');
    expect(card('count').textContent).toContain('May run: a node before it runs');
    expect(card('late').querySelector('.dagy-card')?.className).toContain('is-plan-run');
  });

  it('takes the place of the last run on the cards when it is there, not before', () => {
    const { far } = open({ run: run({ state: 'FAILED', nodes: { late: status('FAILED') } }) });

    toggleReuse();
    pause();
    expect(card('late').textContent).toContain('Failed');

    answer(far);
    expect(card('late').textContent).toContain('Runs: minutes');
  });

  it('says in one line what runs because of what', () => {
    openPlan();

    expect(
      screen.getByText(/1 reused \(saves 41.0 s\), 1 run, 1 may run: late because/)
    ).toBeTruthy();
    expect(screen.getByRole('button', { name: /^Run/ }).textContent).toBe('Run1–2/3');
  });

  it('says the reason in full in the panel', () => {
    openPlan();

    select('late');

    const panel = screen.getByLabelText('About late');
    expect(within(panel).getByText(/because config field minutes: 15 → 30/)).toBeTruthy();
  });

  it('is asked for once, though much changes at a time', () => {
    const { far } = open();
    toggleReuse();
    say(far, patch(flow()));
    act(() => {
      vi.advanceTimersByTime(200);
    });
    say(far, patch(flow({ revision: 4 })));
    pause();

    expect(plans(far)).toHaveLength(1);
  });

  it('is asked for again after a change, and is pale until then', () => {
    const far = openPlan();

    say(far, patch(flow()));
    expect(document.querySelector('.dagy-plan.is-old')).not.toBeNull();
    expect(screen.getByRole('button', { name: 'Run' }).textContent).toBe('Run');
    pause();
    answer(far, { revision: 4 });

    expect(plans(far)).toHaveLength(2);
    expect(document.querySelector('.dagy-plan.is-old')).toBeNull();
  });

  it('is pale where the answer is about what was there before', () => {
    const { far } = open();
    toggleReuse();
    pause();
    say(far, patch(flow()));

    answer(far);

    expect(document.querySelector('.dagy-plan.is-old')).not.toBeNull();
    pause();
    expect(plans(far)).toHaveLength(2);
  });

  it('takes no answer that another view asked for', () => {
    const { far } = open();
    toggleReuse();
    pause();

    say(far, { kind: 'planned', reply_to: 'plan-other-1', forecast: forecast(PLAN) });

    expect(card('late').textContent).not.toContain('Runs');
  });

  it('says why there is none, without a toast', () => {
    const { far } = open();
    toggleReuse();
    pause();

    say(far, {
      kind: 'refused',
      reply_to: plans(far).at(-1)?.id ?? '',
      code: 'flow.check_failed',
      message: 'Flow delays cannot run.',
      suggestion: 'Mend these first.',
      revision: 3,
      diagnostics: []
    });

    expect(screen.getByText('Flow delays cannot run. Mend these first.')).toBeTruthy();
    expect(document.querySelector('.dagy-toast')).toBeNull();
  });

  it('waits for parameters that have no value', () => {
    const parameter = {
      name: 'month',
      type: 'integer',
      default: null,
      has_default: false,
      description: ''
    };
    const { far } = open({ flow: flow({ parameters: [parameter] }) });

    toggleReuse();
    pause();

    expect(plans(far)).toEqual([]);
    expect(screen.getByText('Give the parameters first.')).toBeTruthy();
  });

  it('is not asked for while a run is going on, and again when it has ended', () => {
    const far = openPlan();

    say(far, { kind: 'status', whole: true, reply_to: '', run: run() });
    pause();
    expect(plans(far)).toHaveLength(1);
    say(far, { kind: 'status', whole: false, reply_to: '', run: run({ state: 'COMPLETED' }) });
    pause();

    expect(plans(far)).toHaveLength(2);
  });

  it('is pale while a change is on its way to a busy kernel', () => {
    openPlan();

    fireEvent.contextMenu(card('late'));
    fireEvent.click(screen.getByRole('menuitem', { name: 'Disable' }));

    expect(document.querySelector('.dagy-plan.is-old')).not.toBeNull();
    expect(screen.getByRole('button', { name: 'Run' }).textContent).toBe('Run');
  });

  it('leaves the cards to a run that a cell or another view began', () => {
    const far = openPlan();

    const began = run({ nodes: { late: status('RUNNING') } });
    say(far, { kind: 'status', whole: true, reply_to: '', run: began });

    expect(card('late').textContent).toContain('Running');
    expect(document.querySelector('.dagy-plan')).toBeNull();
  });

  it('that is opened during a run says that it follows, and hides no card', () => {
    const far = openPlan();
    const began = run({ nodes: { late: status('RUNNING') } });
    say(far, { kind: 'status', whole: true, reply_to: '', run: began });

    fireEvent.keyDown(root(), { key: 'p' });
    pause();

    expect(
      screen.getByText('The flow is running. The plan follows when it has ended.')
    ).toBeTruthy();
    expect(card('late').textContent).toContain('Running');
    expect(plans(far)).toHaveLength(1);

    say(far, { kind: 'status', whole: false, reply_to: '', run: run({ state: 'COMPLETED' }) });
    pause();
    answer(far);
    expect(card('late').textContent).toContain('Runs');
  });

  it('is not opened where there is nobody to ask', () => {
    const { far } = open();
    act(() => far.connect(false));

    fireEvent.keyDown(root(), { key: 'p' });

    expect(document.querySelector('.dagy-plan')).toBeNull();
  });

  it('stays closed with reuse turned on for a flow without nodes', () => {
    open({ flow: flow({ nodes: [], edges: [] }) });

    toggleReuse();

    expect(document.querySelector('.dagy-plan')).toBeNull();
    expect(screen.getByRole('switch').getAttribute('aria-checked')).toBe('true');
  });

  it('tells the ear its words, not its buttons', () => {
    openPlan();

    const told = document.querySelector('.dagy-plan [role=status]');

    expect(told?.textContent).toContain('1 reused');
    expect(told?.querySelector('button')).toBeNull();
  });

  it('can be looked at while reuse is off, and says so', () => {
    const { far } = open();

    fireEvent.keyDown(root(), { key: 'p' });
    pause();
    answer(far);

    expect(screen.getByText(/Reuse is off, so all run/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Turn reuse on' }));
    expect(screen.queryByText(/Reuse is off/)).toBeNull();
  });

  it('gives the cards back to the last run when it is closed', () => {
    const { far } = open({
      run: run({ state: 'COMPLETED', nodes: { late: status('COMPLETED') } })
    });
    toggleReuse();
    pause();
    answer(far);

    fireEvent.click(screen.getByRole('button', { name: 'Close' }));

    expect(card('late').textContent).toContain('Completed');
  });
});

describe('a forced node', () => {
  function force(name: string): void {
    fireEvent.contextMenu(card(name));
    fireEvent.click(screen.getByRole('menuitem', { name: 'Force in the next run' }));
  }

  it('is marked, turns reuse on, and goes along with plan and run', () => {
    const { far } = open();

    force('load');
    pause();

    expect(card('load').textContent).toContain('forced');
    expect(last(far)).toMatchObject({ kind: 'plan', force: ['load'] });
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));
    expect(last(far)).toMatchObject({ kind: 'run', reuse: true, force: ['load'] });
  });

  it('is forced in one run only', () => {
    const { far } = open();
    force('load');
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));

    say(far, { kind: 'status', whole: true, reply_to: last(far)?.id ?? '', run: run() });

    expect(card('load').textContent).not.toContain('forced');
  });

  it('stays forced where the run was refused', () => {
    const { far } = open();
    force('load');
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));

    say(far, {
      kind: 'refused',
      reply_to: last(far)?.id ?? '',
      code: 'flow.check_failed',
      message: 'No.',
      suggestion: '',
      revision: 3,
      diagnostics: []
    });

    expect(card('load').textContent).toContain('forced');
  });

  it('stays forced under another name', () => {
    const { far } = open();
    force('load');
    select('load');
    const name = screen.getByLabelText('Name in the flow');
    fireEvent.change(name, { target: { value: 'fetch' } });
    fireEvent.blur(name);

    expect(card('fetch').textContent).toContain('forced');
    expect(far.sent.at(-1)).toMatchObject({ edits: [{ kind: 'rename_node', to: 'fetch' }] });
  });

  it('is forced no more when it is gone', () => {
    const { far } = open();
    force('load');
    say(
      far,
      patch(flow(), { removed_nodes: ['load'], removed_edges: ['load.table -> late.flights'] })
    );
    pause();

    expect(last(far)).toMatchObject({ kind: 'plan', force: [] });
  });
});

import { describe, expect, it } from 'vitest';
import type { Edit, Refused, Reply } from '../../src/protocol/generated';
import { waitFor } from '../../src/graph/queue';
import {
  dropQueue,
  move,
  openGraph,
  receive,
  request,
  type GraphState,
  type Step
} from '../../src/graph/state';
import { PALETTE, edge, flow, node, patch, run, snapshot, spec, status } from '../examples';

const CONNECT: Edit = {
  kind: 'connect',
  edge: spec('late.output -> count.table'),
  index: null
};
const CONNECTED = edge('late.output -> count.table');

function open(): GraphState {
  return openGraph(snapshot(), 0);
}

function edit(state: GraphState, id: string, ...edits: readonly Edit[]): Step {
  return request(state, waitFor(id, 'edit', { edits }));
}

function hear(state: GraphState, reply: Reply): Step {
  return receive(state, reply, 0);
}

function refusal(to: string, code = 'types.mismatch'): Refused {
  return {
    kind: 'refused',
    reply_to: to,
    code,
    message: 'No.',
    suggestion: 'Do else.',
    revision: 3,
    diagnostics: []
  };
}

function edges(state: GraphState): readonly string[] {
  return state.flow.edges.map(each => each.id);
}

describe('an edit', () => {
  it('is drawn at once and sent with the kernel’s revision', () => {
    const { state, send } = edit(open(), 'm1', CONNECT);

    expect(edges(state)).toContain(CONNECTED.id);
    expect(state.confirmed.edges).toHaveLength(1);
    expect(send).toEqual([
      { kind: 'edit', id: 'm1', base_revision: 3, edits: [CONNECT], positions: {} }
    ]);
  });

  it('is confirmed by its patch', () => {
    const { state } = edit(open(), 'm1', CONNECT);

    const { state: next, notices } = hear(
      state,
      patch(state.confirmed, { reply_to: 'm1', edges: [CONNECTED] })
    );

    expect(next.queue).toEqual([]);
    expect(next.confirmed.edges).toContainEqual(CONNECTED);
    expect(next.flow).toBe(next.confirmed);
    expect(notices).toEqual([]);
  });

  it('is taken back when it is refused, and the reason is told', () => {
    const { state } = edit(open(), 'm1', CONNECT);

    const { state: next, notices } = hear(state, refusal('m1'));

    expect(edges(next)).not.toContain(CONNECTED.id);
    expect(notices).toEqual([
      {
        tone: 'error',
        code: 'types.mismatch',
        message: 'No.',
        suggestion: 'Do else.',
        findings: []
      }
    ]);
  });

  it('waits while another one is on its way, but is drawn', () => {
    const first = edit(open(), 'm1', CONNECT).state;

    const second = edit(first, 'm2', { kind: 'set_config', id: 'late', config: { minutes: 1 } });

    expect(second.send).toEqual([]);
    expect(second.state.flow.nodes[1]?.config).toEqual({ minutes: 1 });
  });

  it('follows at the new revision once the one before it is answered', () => {
    const first = edit(open(), 'm1', CONNECT).state;
    const { state } = edit(first, 'm2', { kind: 'remove_node', id: 'load' });

    const { send, state: next } = hear(
      state,
      patch(state.confirmed, { reply_to: 'm1', edges: [CONNECTED] })
    );

    expect(send).toMatchObject([{ kind: 'edit', id: 'm2', base_revision: 4 }]);
    expect(next.flow.nodes.map(each => each.id)).toEqual(['late', 'count']);
  });

  it('is left out when what it changes was refused before it', () => {
    const added = node('new', 'Late');
    const add: Edit = {
      kind: 'add_node',
      index: null,
      node: {
        id: 'new',
        type: 'Late',
        label: '',
        config: {},
        timeout: null,
        runner: null,
        retries: null,
        retry: null,
        trigger: 'all_success',
        memory_mb: null,
        disabled: false,
        extra: {}
      }
    };
    const first = edit(open(), 'm1', add).state;
    const { state } = edit(first, 'm2', { kind: 'set_config', id: added.id, config: { a: 1 } });

    const { state: next, send } = hear(state, refusal('m1'));

    expect(next.queue).toEqual([]);
    expect(send).toEqual([]);
    expect(next.flow.nodes).toHaveLength(3);
  });
});

describe('a change made elsewhere', () => {
  it('is drawn under the edit that waits', () => {
    const { state } = edit(open(), 'm1', CONNECT);
    const renamed = { ...node('late', 'Late'), label: 'Tardy' };

    const { state: next } = hear(state, patch(state.confirmed, { nodes: [renamed] }));

    expect(next.flow.nodes[1]?.label).toBe('Tardy');
    expect(edges(next)).toContain(CONNECTED.id);
    expect(next.queue).toHaveLength(1);
  });

  it('sends a stale edit again on what the kernel then says', () => {
    const { state } = edit(open(), 'm1', CONNECT);
    const waiting = hear(state, refusal('m1', 'message.stale'));

    const { send, state: next } = hear(
      waiting.state,
      snapshot({ reply_to: 'm1', flow: flow({ revision: 9 }) })
    );

    expect(waiting.notices).toEqual([]);
    expect(edges(waiting.state)).toContain(CONNECTED.id);
    expect(send).toMatchObject([{ kind: 'edit', base_revision: 9, edits: [CONNECT] }]);
    expect(edges(next)).toContain(CONNECTED.id);
  });

  it('gives up after three tries and says so', () => {
    let step = edit(open(), 'm1', CONNECT);
    for (let tries = 0; tries < 3; tries += 1) {
      const [sent] = step.send;
      const { state } = hear(step.state, refusal(sent?.id ?? '', 'message.stale'));
      step = hear(
        state,
        snapshot({ reply_to: sent?.id ?? '', flow: flow({ revision: 9 + tries }) })
      );
    }

    expect(step.send).toEqual([]);
    expect(step.state.queue).toEqual([]);
    expect(step.notices[0]?.code).toBe('message.stale');
  });

  it('that was missed makes the browser ask for everything', () => {
    const state = open();

    const { send, state: next } = hear(state, patch(flow({ revision: 7 })));

    expect(send).toMatchObject([{ kind: 'hello' }]);
    expect(next.confirmed).toBe(state.confirmed);
  });

  it('that is known already is left alone', () => {
    const state = open();

    const { send, state: next } = hear(state, patch(flow({ revision: 1 })));

    expect(send).toEqual([]);
    expect(next.confirmed).toBe(state.confirmed);
  });

  it('of a node type alone comes without a new revision', () => {
    const state = open();
    const stale = node('late', 'Late', { stale: true });

    const { state: next } = hear(state, patch(state.confirmed, { revision: 3, nodes: [stale] }));

    expect(next.flow.revision).toBe(3);
    expect(next.flow.nodes[1]?.stale).toBe(true);
  });
});

describe('a move', () => {
  it('is drawn and sent at once, whatever waits', () => {
    const busy = edit(open(), 'm1', CONNECT).state;

    const { state, send } = move(busy, 'm2', { late: { x: 50, y: 60 } });

    expect(state.flow.nodes[1]).toMatchObject({ x: 50, y: 60 });
    expect(send).toMatchObject([{ kind: 'move', positions: { late: { x: 50, y: 60 } } }]);
  });

  it('holds against a patch that still knows the old place', () => {
    const { state } = move(open(), 'm1', { late: { x: 50, y: 60 } });

    const { state: next } = hear(
      state,
      patch(state.confirmed, { nodes: [node('late', 'Late', { x: 300, stale: true })] })
    );

    expect(next.flow.nodes[1]).toMatchObject({ x: 50, y: 60, stale: true });
  });

  it('does not jump back when an older one is said back late', () => {
    const first = move(open(), 'm1', { late: { x: 50, y: 60 } }).state;
    const second = move(first, 'm2', { late: { x: 90, y: 90 } }).state;

    const { state } = hear(second, {
      kind: 'moved',
      origin: 'm1',
      positions: { late: { x: 50, y: 60 } }
    });

    expect(state.flow.nodes[1]).toMatchObject({ x: 90, y: 90 });
    expect(state.moves.size).toBe(1);
  });

  it('of another view is followed', () => {
    const { state } = hear(open(), {
      kind: 'moved',
      origin: 'else',
      positions: { late: { x: 1, y: 2 }, unknown: { x: 0, y: 0 } }
    });

    expect(state.flow.nodes[1]).toMatchObject({ x: 1, y: 2 });
  });

  it('that answers an arrangement counts it, so that the view can fit', () => {
    const { state } = request(open(), waitFor('m1', 'arrange'));

    const { state: next } = hear(state, { kind: 'moved', origin: 'm1', positions: {} });

    expect(next.arrangements).toBe(1);
    expect(next.queue).toEqual([]);
  });
});

describe('a run', () => {
  it('is answered by its first status', () => {
    const { state, send } = request(open(), waitFor('m1', 'run', { parameters: { month: 2 } }));

    const next = receive(
      state,
      { kind: 'status', whole: true, reply_to: 'm1', run: run({ now: 10 }) },
      11_500
    ).state;

    expect(send).toEqual([
      {
        kind: 'run',
        id: 'm1',
        base_revision: 3,
        parameters: { month: 2 },
        reuse: false,
        force: []
      }
    ]);
    expect(next.queue).toEqual([]);
    expect(next.clockOffset).toBe(1500);
  });

  it('takes the news of its nodes over what it knew', () => {
    const state = openGraph(
      snapshot({ run: run({ nodes: { load: status('RUNNING'), late: status('PENDING') } }) }),
      0
    );

    const { state: next } = hear(state, {
      kind: 'status',
      whole: false,
      reply_to: '',
      run: run({ nodes: { load: status('COMPLETED') } })
    });

    expect(next.run?.nodes.load?.state).toBe('COMPLETED');
    expect(next.run?.nodes.late?.state).toBe('PENDING');
  });

  it('begins empty, whatever the last one left', () => {
    const state = openGraph(snapshot({ run: run({ nodes: { load: status('FAILED') } }) }), 0);

    const { state: next } = hear(state, {
      kind: 'status',
      whole: false,
      reply_to: '',
      run: run({ run_id: 'r2', nodes: {} })
    });

    expect(next.run?.nodes).toEqual({});
  });
});

describe('the palette', () => {
  it('is replaced, and the flow stays', () => {
    const state = open();

    const { state: next } = hear(state, {
      kind: 'palette',
      palette: { ...PALETTE, revision: 2, types: [] }
    });

    expect(next.palette.types.size).toBe(0);
    expect(next.flow).toBe(state.flow);
  });
});

describe('a kernel that is gone', () => {
  it('leaves the last confirmed flow', () => {
    const { state } = edit(open(), 'm1', CONNECT);

    const next = dropQueue(move(state, 'm2', { late: { x: 5, y: 5 } }).state);

    expect(next.flow).toBe(next.confirmed);
    expect(next.queue).toEqual([]);
  });

  it('knows no more how a run that was going on fares', () => {
    const nodes = { load: status('COMPLETED'), late: status('RUNNING', { message: 'half' }) };
    const news = { kind: 'status', whole: true, reply_to: '', run: run({ nodes }) } as const;

    const next = dropQueue(hear(open(), news).state);

    expect(next.run?.state).toBe('LOST');
    expect(next.run?.nodes).toMatchObject({
      load: { state: 'COMPLETED' },
      late: { state: 'LOST', message: '' }
    });
  });

  it('leaves a run that had ended', () => {
    const ended = run({ state: 'FAILED', nodes: { late: status('FAILED') } });
    const { state } = hear(open(), { kind: 'status', whole: true, reply_to: '', run: ended });

    expect(dropQueue(state).run).toBe(state.run);
  });
});

describe('a refused cancel', () => {
  it('is only a note: the other way of cancelling may have been quicker', () => {
    const { notices } = hear(open(), refusal('cancel-x', 'run.unknown'));

    expect(notices[0]?.tone).toBe('note');
  });
});

// A transport in, a living editor out: its store, its actions, and what ends it.
import { readReply, readSnapshot } from '../protocol/decode';
import type { Reply, Request, Snapshot } from '../protocol/generated';
import { isLive, tellRun } from '../graph/status';
import { dropQueue, openGraph, receive, type GraphState } from '../graph/state';
import { EMPTY_PALETTE } from '../graph/palette';
import type { Transport } from '../transport/transport';
import { makeActions, type Actions } from './actions';
import type { Editor } from './context';
import { makeLooker } from './looker';
import type { Perform } from './making';
import { makePlanner } from './planner';
import { makeRouter } from './router';
import { createEditorStore, withGraph, type EditorStore } from './store';
import { addToasts } from './toasts';

export interface LiveEditor extends Editor {
  readonly close: () => void;
}

export function openEditor(transport: Transport): LiveEditor {
  const start = readSnapshot(transport.start());
  const store = createEditorStore(
    openGraph(start ?? EMPTY_SNAPSHOT, Date.now()),
    transport.isConnected()
  );
  const perform: Perform = step => {
    store.setState(state => withGraph(state, step.state));
    for (const request of step.send) transport.send(request);
    addToasts(store, step.notices);
  };
  const planner = makePlanner(store, transport);
  const router = makeRouter(store, transport);
  const looker = makeLooker(store, transport);
  const actions = makeActions(store, transport, perform, planner, looker);
  const stop = [
    transport.subscribe(content =>
      hear(store, perform, actions, [planner, router, looker], content)
    ),
    transport.watchConnection(connected => follow(store, transport, connected)),
    planner.close,
    router.close
  ];
  if (transport.isConnected()) transport.send(hello());
  return { store, actions, close: () => stop.forEach(each => each()) };
}

interface Asker {
  readonly hear: (reply: Reply) => boolean;
}

function hear(
  store: EditorStore,
  perform: Perform,
  actions: Actions,
  askers: readonly Asker[],
  content: unknown
): void {
  const reply = readReply(content);
  if (!reply) return;
  // The kernel lives, but holds this flow no more: nobody listens to this editor.
  if (reply.kind === 'refused' && reply.code === 'message.closed') {
    disconnect(store);
    return;
  }
  if (askers.some(each => each.hear(reply))) return;
  const before = store.getState().graph;
  perform(receive(before, reply, Date.now()));
  if (!store.getState().connected) store.setState({ connected: true });
  leavePlan(store, before);
  tellEnd(store, before);
  forgetForce(store, reply, before);
  leadToError(reply, before, actions);
}

/** The first place that keeps a run, asked for here, from starting is brought into view. */
function leadToError(reply: Reply, before: GraphState, actions: Actions): void {
  if (reply.kind !== 'refused' || !before.queue.some(each => each.id === reply.reply_to)) return;
  const placed = reply.diagnostics.filter(each => each.node || each.edge);
  const first = placed.find(each => each.severity === 'error');
  if (first) actions.showPlace(first);
}

/** What was forced has begun to run: the next run asks anew. */
function forgetForce(store: EditorStore, reply: Reply, before: GraphState): void {
  if (reply.kind !== 'status' || !before.queue.some(each => each.id === reply.reply_to)) return;
  if (store.getState().force.size > 0) store.setState({ force: new Set<string>() });
}

/** A run that began, wherever it was asked for, is what the cards show now. */
function leavePlan(store: EditorStore, before: GraphState): void {
  const { planShown, graph } = store.getState();
  const began = isLive(graph.run) && graph.run?.run_id !== before.run?.run_id;
  if (planShown && began) store.setState({ planShown: false });
}

/** Say aloud that a run has ended. */
function tellEnd(store: EditorStore, before: GraphState): void {
  const { run } = store.getState().graph;
  if (!run || isLive(run) || !isLive(before.run) || run.run_id !== before.run?.run_id) return;
  store.setState({ announcement: tellRun(run) });
}

function follow(store: EditorStore, transport: Transport, connected: boolean): void {
  if (connected === store.getState().connected) return;
  if (connected) {
    store.setState({ connected });
    transport.send(hello());
  } else {
    disconnect(store);
  }
}

function disconnect(store: EditorStore): void {
  store.setState(state => ({ connected: false, ...withGraph(state, dropQueue(state.graph)) }));
}

function hello(): Request {
  return { kind: 'hello', id: `hello-${Math.random().toString(36).slice(2, 10)}` };
}

const EMPTY_SNAPSHOT: Snapshot = {
  kind: 'snapshot',
  reply_to: '',
  run: null,
  palette: EMPTY_PALETTE,
  flow: {
    revision: 0,
    name: '',
    description: '',
    parameters: [],
    nodes: [],
    edges: [],
    diagnostics: [],
    failure_policy: 'continue',
    timeout: null,
    node_timeout: null,
    backend: null,
    undo: '',
    redo: ''
  }
};

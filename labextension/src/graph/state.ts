// What the kernel says and what the user does in, the next state and what to send out. Pure.
//
// `confirmed` is the flow as the kernel last told it. `flow` is what is drawn: the confirmed flow
// with the edits that wait for their answer and the moves that are on their way. One document
// request at most is in flight (its base revision must be the kernel's); the others queue up here.
import type {
  DiagnosticPicture,
  FlowPicture,
  Patch,
  Refused,
  Reply,
  Request,
  RunPicture,
  Snapshot,
  StatusChanged
} from '../protocol/generated';
import { applyEdits, type Positions } from './edit';
import { indexPalette, type Palette } from './palette';
import { applyPatch, mergeStatus, placeNodes } from './patch';
import { advance, isStale, MAX_TRIES, type Waiting } from './queue';
import { loseRun } from './status';

export interface GraphState {
  readonly confirmed: FlowPicture;
  readonly flow: FlowPicture;
  readonly palette: Palette;
  readonly run: RunPicture | null;
  /** Milliseconds to add to a kernel time to get the browser's. */
  readonly clockOffset: number;
  readonly queue: readonly Waiting[];
  /** Own moves by message id, until the kernel says them back. */
  readonly moves: ReadonlyMap<string, Positions>;
  /** How often the kernel has laid the nodes out anew. */
  readonly arrangements: number;
}

export interface Notice {
  readonly tone: 'error' | 'note';
  readonly message: string;
  readonly suggestion: string;
  readonly code: string;
  /** What was found wrong, each at its place. */
  readonly findings?: readonly DiagnosticPicture[];
}

export interface Step {
  readonly state: GraphState;
  readonly send: readonly Request[];
  readonly notices: readonly Notice[];
}

export function openGraph(snapshot: Snapshot, now: number): GraphState {
  return {
    confirmed: snapshot.flow,
    flow: snapshot.flow,
    palette: indexPalette(snapshot.palette),
    run: snapshot.run,
    clockOffset: snapshot.run ? now - snapshot.run.now * 1000 : 0,
    queue: [],
    moves: new Map(),
    arrangements: 0
  };
}

/** Queue a document request: it is drawn now and sent when the ones before it are answered. */
export function request(state: GraphState, waiting: Waiting): Step {
  return proceed({ ...state, queue: [...state.queue, waiting] }, []);
}

export function move(state: GraphState, id: string, positions: Positions): Step {
  const moves = new Map(state.moves).set(id, positions);
  const moved = redraw({ ...state, moves });
  return { state: moved, send: [{ kind: 'move', id, positions }], notices: [] };
}

/** Forget what waits: the kernel that was asked is gone. */
export function dropQueue(state: GraphState): GraphState {
  return redraw({ ...state, run: loseRun(state.run), queue: [], moves: new Map() });
}

export function receive(state: GraphState, reply: Reply, now: number): Step {
  switch (reply.kind) {
    case 'snapshot':
      return receiveSnapshot(state, reply, now);
    case 'patch':
      return receivePatch(state, reply);
    case 'refused':
      return receiveRefusal(state, reply);
    case 'moved':
      return receiveMove(state, reply.positions, reply.origin);
    case 'palette':
      return proceed({ ...state, palette: indexPalette(reply.palette) }, []);
    case 'status':
      return receiveStatus(state, reply, now);
    case 'planned':
    case 'routed':
    case 'looked':
      // What a run would do, and where, is no part of the flow: who asked takes it.
      return { state, send: [], notices: [] };
  }
}

function receiveSnapshot(state: GraphState, snapshot: Snapshot, now: number): Step {
  const fresh = openGraph(snapshot, now);
  const again = state.queue.map(each => (each.id === snapshot.reply_to ? retry(each) : each));
  const queue = again.filter(each => each.tries <= MAX_TRIES);
  const lost = again.length - queue.length;
  const notices: readonly Notice[] = lost > 0 ? [OVERTAKEN] : [];
  const { moves, arrangements } = state;
  return proceed({ ...fresh, queue, moves, arrangements }, notices);
}

function retry(waiting: Waiting): Waiting {
  return { ...waiting, id: `${waiting.id}+`, sent: false, tries: waiting.tries + 1 };
}

const OVERTAKEN: Notice = {
  tone: 'error',
  code: 'message.stale',
  message: 'The flow changed elsewhere again and again, so the last change was left out.',
  suggestion: 'Make the change once more.'
};

function receivePatch(state: GraphState, patch: Patch): Step {
  const answered = { ...state, queue: without(state.queue, patch.reply_to) };
  const known = state.confirmed.revision;
  if (patch.base_revision === known) {
    return proceed({ ...answered, confirmed: applyPatch(state.confirmed, patch) }, []);
  }
  const step = proceed(answered, []);
  if (patch.revision <= known) return step;
  const hello: Request = { kind: 'hello', id: `again-${patch.revision}` };
  return { ...step, send: [hello, ...step.send] };
}

function receiveRefusal(state: GraphState, refused: Refused): Step {
  const waiting = state.queue.find(each => each.id === refused.reply_to);
  // The snapshot that follows a stale edit brings it to its next try.
  if (waiting && isStale(refused.code)) return { state, send: [], notices: [] };
  const moves = new Map(state.moves);
  moves.delete(refused.reply_to);
  const queue = without(state.queue, refused.reply_to);
  const { message, suggestion, code, diagnostics: findings } = refused;
  const tone = refused.reply_to.startsWith('cancel-') ? 'note' : 'error';
  return proceed({ ...state, queue, moves }, [{ tone, message, suggestion, code, findings }]);
}

function receiveMove(state: GraphState, positions: Positions, origin: string): Step {
  const moves = new Map(state.moves);
  moves.delete(origin);
  const isArrangement = state.queue.some(each => each.id === origin);
  const queue = without(state.queue, origin);
  const arrangements = state.arrangements + (isArrangement ? 1 : 0);
  const confirmed = placeNodes(state.confirmed, positions);
  return proceed({ ...state, confirmed, moves, queue, arrangements }, []);
}

function receiveStatus(state: GraphState, news: StatusChanged, now: number): Step {
  const run = mergeStatus(state.run, news);
  const clockOffset = now - news.run.now * 1000;
  const answered = state.queue.some(each => each.id === news.reply_to);
  if (!answered) return { state: { ...state, run, clockOffset }, send: [], notices: [] };
  return proceed({ ...state, run, clockOffset, queue: without(state.queue, news.reply_to) }, []);
}

function without(queue: readonly Waiting[], id: string): readonly Waiting[] {
  return queue.some(each => each.id === id) ? queue.filter(each => each.id !== id) : queue;
}

/** Send what may be sent next, and draw what is then known. */
function proceed(state: GraphState, notices: readonly Notice[]): Step {
  const { queue, send } = advance(state.queue, state.confirmed, state.palette);
  return { state: redraw({ ...state, queue }), send, notices };
}

function redraw(state: GraphState): GraphState {
  let flow = state.confirmed;
  for (const waiting of state.queue) {
    flow = applyEdits(flow, waiting.edits, state.palette, waiting.positions) ?? flow;
  }
  for (const positions of state.moves.values()) flow = placeNodes(flow, positions);
  return flow === state.flow ? state : { ...state, flow };
}

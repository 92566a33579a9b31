// The state of the editor in, questions about the next run out; asked anew when what they are about changes.
import { NO_PLAN, type PlanState } from '../graph/forecast';
import { isLive } from '../graph/status';
import type { Reply } from '../protocol/generated';
import type { Transport } from '../transport/transport';
import { isComplete } from './parameters';
import type { EditorState, EditorStore } from './store';

/** Milliseconds without a change before the kernel is asked. */
const PAUSE = 300;
const MARK = 'plan-';

export interface Planner {
  /** Take an answer; false for messages about anything else. */
  readonly hear: (reply: Reply) => boolean;
  /** Ask again, though nothing that the editor knows of has changed: a file may have. */
  readonly askAgain: () => void;
  readonly close: () => void;
}

export function makePlanner(store: EditorStore, transport: Transport): Planner {
  const view = Math.random().toString(36).slice(2, 8);
  let count = 0;
  let known = '';
  let askedFor = '';
  let timer: ReturnType<typeof setTimeout> | undefined;
  const update = (plan: Partial<PlanState>): void =>
    store.setState(state => ({ plan: { ...state.plan, ...plan } }));
  const ask = (): void => {
    const { runValues, force, graph } = store.getState();
    if (!isComplete(graph.flow.parameters, runValues)) {
      update({ ...NO_PLAN, problem: 'Give the parameters first.' });
      return;
    }
    const id = `${MARK}${view}-${(count += 1)}`;
    askedFor = known;
    update({ asked: id });
    transport.send({ kind: 'plan', id, parameters: runValues, force: [...force] });
  };
  const follow = (state: EditorState): void => {
    const now = keyOf(state);
    if (now === known) return;
    known = now;
    clearTimeout(timer);
    if (state.plan.fresh) update({ fresh: false });
    if (now !== '') timer = setTimeout(ask, PAUSE);
  };
  const stop = store.subscribe(follow);
  return {
    hear: reply => {
      const answers = replyTo(reply);
      if (!answers.startsWith(MARK)) return false;
      if (answers !== store.getState().plan.asked) return true;
      if (reply.kind === 'planned') {
        // It may have changed while the question was on its way; then that is asked next.
        const fresh = askedFor === known;
        update({ asked: '', forecast: reply.forecast, fresh, problem: '' });
      } else if (reply.kind === 'refused') {
        update({ ...NO_PLAN, problem: `${reply.message} ${reply.suggestion}`.trim() });
      }
      return true;
    },
    askAgain: () => {
      known = '';
      follow(store.getState());
    },
    close: () => {
      stop();
      clearTimeout(timer);
    }
  };
}

/** What a forecast depends on; empty while nobody wants one, or it cannot be asked for. */
function keyOf({ reuse, planShown, connected, graph, runValues, force }: EditorState): string {
  const idle = graph.queue.length === 0 && !isLive(graph.run);
  if (!(reuse || planShown) || !connected || !idle || graph.flow.nodes.length === 0) return '';
  const { confirmed, palette, run } = graph;
  return JSON.stringify([
    confirmed.revision,
    palette.picture.revision,
    run?.run_id,
    runValues,
    [...force].sort()
  ]);
}

function replyTo(reply: Reply): string {
  return reply.kind === 'planned' || reply.kind === 'refused' ? reply.reply_to : '';
}

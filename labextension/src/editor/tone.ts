// A node or a state in, how it looks out: colour, symbol and word always go together.
import { isLive, lookOfNode, type Tone } from '../graph/status';
import type { NodeForecastPicture, NodeStatus } from '../protocol/generated';
import type { IconName } from './icons';
import type { EditorState } from './store';

/** How a card looks: as its run went, or, while the plan is shown, as the next one would go. */
export function toneOf(state: EditorState, node: string): Tone | PlanTone {
  const forecast = forecastOf(state, node);
  if (forecast) return `plan-${forecast.action}`;
  const status = showsPlan(state) ? undefined : state.graph.run?.nodes[node];
  return status ? lookOfNode(status).tone : 'idle';
}

type PlanTone = `plan-${NodeForecastPicture['action']}`;

/** Whether the cards tell of the next run: never while one is going on, nor before there is an answer. */
export function showsPlan(state: EditorState): boolean {
  return state.planShown && state.plan.forecast !== null && !isLive(state.graph.run);
}

/** What would become of a node, while the plan is shown. */
export function forecastOf(state: EditorState, node: string): NodeForecastPicture | undefined {
  return showsPlan(state) ? state.plan.forecast?.nodes[node] : undefined;
}

const SYMBOLS: { readonly [state: string]: IconName } = {
  PENDING: 'waiting',
  QUEUED: 'waiting',
  RUNNING: 'running',
  RETRYING: 'retry',
  COMPLETED: 'check',
  FAILED: 'cross',
  TIMED_OUT: 'timeout',
  CANCELLED: 'stopped',
  SKIPPED: 'skip',
  LOST: 'question'
};

const REASONED: { readonly [reason: string]: IconName } = {
  up_to_date: 'reuse',
  branch_not_taken: 'branch'
};

export function symbolOfNode({ state, reason }: NodeStatus): IconName {
  return REASONED[reason] ?? symbolOf(state);
}

export const PLAN_SYMBOLS: { readonly [action in NodeForecastPicture['action']]: IconName } = {
  run: 'play',
  reuse: 'reuse',
  maybe: 'question',
  skip: 'skip'
};

export function symbolOf(state: string): IconName {
  return SYMBOLS[state] ?? 'note';
}

// What a run would do in, words, tones and sums out. Pure.
import type { ForecastPicture, NodeForecastPicture } from '../protocol/generated';
import { wordDuration } from './status';

export type Action = NodeForecastPicture['action'];

/** What is known of the next run. */
export interface PlanState {
  /** Id of the question that has no answer yet; empty where none is open. */
  readonly asked: string;
  readonly forecast: ForecastPicture | null;
  /** Whether it is about the flow, the types and the parameters as they are now. */
  readonly fresh: boolean;
  /** Why there is none; empty where there is one. */
  readonly problem: string;
}

export const NO_PLAN: PlanState = { asked: '', forecast: null, fresh: false, problem: '' };

/** What stands on a card, and in sums: `2 reused`. */
export const ACTION_WORDS: { readonly [action in Action]: readonly [card: string, sum: string] } = {
  run: ['Runs', 'run'],
  reuse: ['Reused', 'reused'],
  maybe: ['May run', 'may run'],
  skip: ['Skipped', 'skipped']
};

const WHYS: { readonly [why: string]: string } = {
  never_ran: 'it never ran',
  code: 'its code changed',
  config: 'its settings changed',
  upstream: 'a node before it runs',
  input: 'an input changed',
  forced: 'it is forced',
  not_reusable: 'it is never reused'
};

/** Why a node runs, or ran, in words; empty where nothing is known. */
export function wordWhy(why: string, detail: string): string {
  return detail || WHYS[why] || why.replaceAll('_', ' ');
}

export function countActions(forecast: ForecastPicture): { readonly [action in Action]: number } {
  const counts = { run: 0, reuse: 0, maybe: 0, skip: 0 };
  for (const each of Object.values(forecast.nodes)) counts[each.action] += 1;
  return counts;
}

/** How many nodes run, of those that could: `2/5`, and `2–4/5` where two may. */
export function countWork(forecast: ForecastPicture): string {
  const { run, reuse, maybe } = countActions(forecast);
  const most = run + maybe;
  return `${maybe > 0 ? `${run}–${most}` : run}/${most + reuse}`;
}

const NAMED = 2;

/** `3 reused, 2 run: late because config field minutes: 15 → 30` */
export function summarise(forecast: ForecastPicture): string {
  const counts = countActions(forecast);
  const sums = (['reuse', 'run', 'maybe', 'skip'] as const)
    .filter(action => counts[action] > 0)
    .map(action => `${counts[action]} ${ACTION_WORDS[action][1]}${saved(action, forecast)}`);
  const roots = Object.entries(forecast.nodes).filter(([, each]) => isRoot(each));
  const named = roots
    .slice(0, NAMED)
    .map(([node, each]) => `${node} because ${wordWhy(each.why, each.detail)}`);
  const more = roots.length > NAMED ? [`${roots.length - NAMED} more`] : [];
  const causes = [...named, ...more].join('; ');
  return causes ? `${sums.join(', ')}: ${causes}` : sums.join(', ');
}

/** Whether a node runs for a reason of its own, not only because one before it does. */
function isRoot(node: NodeForecastPicture): boolean {
  return node.action === 'run' && node.why !== '' && node.why !== 'upstream';
}

function saved(action: Action, forecast: ForecastPicture): string {
  if (action !== 'reuse') return '';
  const reused = Object.values(forecast.nodes).filter(each => each.action === 'reuse');
  const seconds = reused.reduce((sum, each) => sum + (each.seconds ?? 0), 0);
  return seconds < 1 ? '' : ` (saves ${wordDuration(seconds)})`;
}

// A node's options in, words for them and texts of them out. Pure.
import type { FailurePolicy, RetryKind, RetrySpec, Trigger } from '../protocol/generated';
import type { RUNNERS } from './card';

type Runner = (typeof RUNNERS)[number];

/** What each runner promises about limits. */
export const PROMISES: { readonly [runner in Runner]: string } = {
  inline:
    'Cooperative limit: at the deadline an async body is cancelled where it awaits. Code that never awaits holds up every node.',
  thread:
    'Advisory limit: at the deadline the run goes on without it. A body that cannot be stopped may go on in its thread.',
  process: 'Hard limit: at the deadline its process is killed, with all that it started.',
  dask: 'Hard limit, on the cluster: its process there is killed at the deadline.'
};

/** Whether a runner can hold a limit of memory: only one with processes of its own. */
export function holdsMemory(runner: string): boolean {
  return runner === 'process' || runner === 'dask';
}

export const TRIGGERS: readonly (readonly [Trigger, string, string])[] = [
  [
    'all_success',
    'if every input has its value',
    'The usual one. Where something before it failed, or a branch was not taken, it is skipped.'
  ],
  [
    'all_done',
    'in any case',
    'As `finally` does: whatever became of them. Inputs without a value are None.'
  ],
  [
    'any_success',
    'if at least one input has a value',
    'What failed beside it does no harm; inputs without a value are None.'
  ],
  [
    'none_failed',
    'if none of them failed',
    'Branches that were not taken are no matter; inputs without a value are None.'
  ]
];

/** What a failed node whose error nobody takes does to its flow. */
export const FAILURE_POLICIES: readonly (readonly [FailurePolicy, string, string])[] = [
  ['continue', 'go on', 'What does not depend on it runs to its end; the run fails.'],
  ['stop', 'stop', 'No further node starts, and those that run are cancelled; the run fails.'],
  [
    'isolate',
    'isolate it',
    'As “go on”, but the run fails only where a node at an end could not be reached.'
  ]
];

/** Who may name the backend of a run. */
export const LEVELS: { readonly [level: string]: string } = {
  call: 'The call',
  deployment: 'The deployment',
  flow: 'The flow',
  rules: 'The rules',
  default: 'The setting'
};

export const RETRY_KINDS: readonly (readonly [RetryKind, string])[] = [
  ['raised', 'it raised an error'],
  ['timed_out', 'it ran past its limit'],
  ['crashed', 'its worker process died']
];

/** `5`, or `1, 5, 30`. */
export function showDelay(delay: RetrySpec['delay']): string {
  return typeof delay === 'number' ? String(delay) : delay.join(', ');
}

export const WEEK = 7 * 86_400;

/** One number of seconds, or several; null where the text is neither. */
export function readDelay(text: string): RetrySpec['delay'] | null {
  const parts = text.split(/[,;\s]+/).filter(Boolean);
  const numbers = parts.map(Number);
  const fit = numbers.every(each => Number.isFinite(each) && each >= 0 && each <= WEEK);
  const [first] = numbers;
  if (!fit || first === undefined || numbers.length > 100) return null;
  return numbers.length === 1 ? first : numbers;
}

/** The names in a text, as `errors` takes them. */
export function readNames(text: string): readonly string[] {
  return text.split(/[,;\s]+/).filter(Boolean);
}

/** What is wrong with names of exception classes or codes, or nothing. */
export function findNameProblem(names: readonly string[]): string {
  if (names.length > MAX_NAMES) return `Give ${MAX_NAMES} names at most.`;
  const wrong = names.find(each => each.length > 200 || !NAME.test(each));
  return wrong === undefined ? '' : `“${wrong}” is no name, such as OSError or http.timeout.`;
}

const MAX_NAMES = 50;
const NAME = /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$/u;

export interface Limits {
  readonly whole: boolean;
  /** The smallest and the largest that fits. */
  readonly least: number;
  readonly most: number;
}

/** The number in a text, null where it is empty, or what is wrong with it. */
export function readNumber(text: string, { whole, least, most }: Limits): number | null | string {
  if (text.trim() === '') return null;
  const number = Number(text);
  const inside = Number.isFinite(number) && number >= least && number <= most;
  if (inside && (!whole || Number.isInteger(number))) return number;
  const low = least > 0 && least < 1 ? 'above 0' : `not below ${least}`;
  const end = most === Infinity ? '' : ` and not above ${most}`;
  return `Give a ${whole ? 'whole number' : 'number'} that is ${low}${end}, or leave it empty.`;
}

/** `3 more attempts after 1, 5, 30 s, ±10 %`: what follows on a failed attempt. */
export function sayRetries(count: number, retry: RetrySpec): string {
  if (count === 0) return 'A failed attempt is not made again.';
  const attempts = count === 1 ? '1 more attempt' : `${count} more attempts`;
  const grows = retry.backoff > 1 && typeof retry.delay === 'number';
  const by = grows
    ? `, each wait ${retry.backoff} times the one before, but at most ${retry.max_delay} s`
    : '';
  const at =
    showDelay(retry.delay) === '0' ? ' at once' : ` after ${showDelay(retry.delay)} s${by}`;
  const jitter = retry.jitter > 0 ? `, ±${Math.round(retry.jitter * 100)} %` : '';
  return `${attempts}${at}${jitter}.`;
}

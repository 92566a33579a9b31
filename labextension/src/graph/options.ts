// A node's options in, words for them and texts of them out. Pure.
import type { RetryKind, RetrySpec, Trigger } from '../protocol/generated';
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
  ['all_success', 'all came', 'Every input has its value, and nothing that failed leads into it.'],
  [
    'all_done',
    'all ended',
    'Always, once all before it have ended; inputs without a value are None.'
  ],
  ['any_success', 'any came', 'At least one input has a value, whatever became of the others.'],
  [
    'none_failed',
    'none failed',
    'Nothing before it failed; branches that were not taken are no matter.'
  ]
];

export const RETRY_KINDS: readonly (readonly [RetryKind, string])[] = [
  ['raised', 'it raised an error'],
  ['timed_out', 'it ran past its limit'],
  ['crashed', 'its worker process died']
];

/** `5`, or `1, 5, 30`. */
export function showDelay(delay: RetrySpec['delay']): string {
  return typeof delay === 'number' ? String(delay) : delay.join(', ');
}

const WEEK = 7 * 86_400;

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

/** `3 more attempts after 1, 5, 30 s, ±10 %`: what follows on a failed attempt. */
export function sayRetries(count: number, retry: RetrySpec): string {
  if (count === 0) return 'A failed attempt is not made again.';
  const attempts = count === 1 ? '1 more attempt' : `${count} more attempts`;
  const grows = retry.backoff > 1 && typeof retry.delay === 'number';
  const by = grows ? `, each wait ${retry.backoff} times the one before` : '';
  const at =
    showDelay(retry.delay) === '0' ? ' at once' : ` after ${showDelay(retry.delay)} s${by}`;
  const jitter = retry.jitter > 0 ? `, ±${Math.round(retry.jitter * 100)} %` : '';
  return `${attempts}${at}${jitter}.`;
}

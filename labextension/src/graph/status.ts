// States and times in, words, symbols and durations out.
import type { EdgePicture, NodeStatus, RunPicture } from '../protocol/generated';

export type Tone =
  'idle' | 'waiting' | 'running' | 'retrying' | 'good' | 'bad' | 'stopped' | 'skipped';

interface Look {
  readonly word: string;
  readonly tone: Tone;
}

const LOOKS: { readonly [state: string]: Look } = {
  PENDING: { word: 'Waiting', tone: 'waiting' },
  QUEUED: { word: 'Queued', tone: 'waiting' },
  RUNNING: { word: 'Running', tone: 'running' },
  RETRYING: { word: 'Retrying', tone: 'retrying' },
  COMPLETED: { word: 'Completed', tone: 'good' },
  FAILED: { word: 'Failed', tone: 'bad' },
  TIMED_OUT: { word: 'Timed out', tone: 'bad' },
  CANCELLED: { word: 'Cancelled', tone: 'stopped' },
  SKIPPED: { word: 'Skipped', tone: 'skipped' }
};

/** A state that only a browser knows: the kernel that could tell is gone. */
const LOST = 'LOST';

/** States that a reason makes another thing of. */
const REASONED: { readonly [reason: string]: Look } = {
  up_to_date: { word: 'Reused', tone: 'good' },
  branch_not_taken: { word: 'Not taken', tone: 'skipped' },
  crashed: { word: 'Crashed', tone: 'bad' }
};

const REASONS: { readonly [reason: string]: string } = {
  raised: 'it raised an error',
  contract: 'its output breaks the contract',
  crashed: 'its worker process died',
  upstream_failed: 'an earlier node failed',
  branch_not_taken: 'the branch was not taken',
  disabled: 'it is disabled',
  up_to_date: 'nothing changed, its outputs were taken from an earlier run'
};

export function lookOf(state: string): Look {
  if (state === LOST) return { word: 'Not known', tone: 'idle' };
  return LOOKS[state] ?? { word: state.toLowerCase().replaceAll('_', ' '), tone: 'idle' };
}

/** How a node's state looks, with what its reason makes of it. */
export function lookOfNode({ state, reason, error_code: code }: NodeStatus): Look {
  if (code === 'runner.out_of_memory') return { word: 'Out of memory', tone: 'bad' };
  return REASONED[reason] ?? lookOf(state);
}

const ENFORCEMENTS: { readonly [enforcement: string]: string } = {
  cancelled: 'It was stopped at once.',
  killed: 'Its process was killed, with all that it had started.',
  abandoned: 'It could not be stopped: what is left of it may go on in its thread.'
};

/** How a limit or a cancel was carried out. */
export function wordEnforcement(enforcement: string): string {
  return ENFORCEMENTS[enforcement] ?? enforcement.replaceAll('_', ' ');
}

/** `Attempt 2 of 4`, and while it waits for it `Attempt 3 of 4 in 5 s`; empty for a first one. */
export function wordAttempt(status: NodeStatus, most: number, seconds: number | null): string {
  const waits = status.state === 'RETRYING';
  const attempt = status.attempts + (waits ? 1 : 0);
  if (attempt < 2) return '';
  const words = most >= attempt ? `Attempt ${attempt} of ${most}` : `Attempt ${attempt}`;
  if (!waits || seconds === null) return words;
  return seconds > 0 ? `${words} in ${Math.ceil(seconds)} s` : `${words} is due`;
}

export function wordReason(reason: string): string {
  return REASONS[reason] ?? reason.replaceAll('_', ' ');
}

const LIVE = new Set(['QUEUED', 'RUNNING']);

export function isLive(run: RunPicture | null): boolean {
  return run !== null && LIVE.has(run.state);
}

/** Whether a run ended without completing, so that one may go on with it. */
export function canResume(run: RunPicture | null): boolean {
  return run !== null && ['FAILED', 'TIMED_OUT', 'CANCELLED'].includes(run.state);
}

const ENDED = new Set(['COMPLETED', 'FAILED', 'TIMED_OUT', 'CANCELLED', 'SKIPPED']);

/** What is left of a run when the kernel is gone: what had not ended may have, or may not. */
export function loseRun(run: RunPicture | null): RunPicture | null {
  if (run === null || !isLive(run)) return run;
  const nodes = Object.entries(run.nodes).map(([id, status]) => [
    id,
    ENDED.has(status.state) ? status : { ...status, state: LOST, message: '' }
  ]);
  return { ...run, state: LOST, nodes: Object.fromEntries(nodes) as RunPicture['nodes'] };
}

/** Whether nothing came over an edge in this run, though its source has ended: a branch not taken. */
export function isUntaken(
  edge: EdgePicture | undefined,
  type: string | undefined,
  run: RunPicture | null
): boolean {
  const source = edge && run?.nodes[edge.source];
  if (!source || !ENDED.has(source.state)) return false;
  // The error of a node that failed is no output of its body, and has no preview.
  if (type === 'ERROR' && (source.state === 'FAILED' || source.state === 'TIMED_OUT')) return false;
  const outputs = Object.keys(source.previews);
  // A browser that has not heard of previews yet must not call everything untaken.
  const told = outputs.length > 0 || source.state !== 'COMPLETED';
  return told && source.reason !== 'up_to_date' && !outputs.includes(edge.output);
}

export function isTicking(status: NodeStatus): boolean {
  return (status.state === 'RUNNING' || status.state === 'RETRYING') && status.ended_at === null;
}

/** Seconds between start and end; until it ends, the browser's clock (ms) set to the kernel's. */
export function secondsOf(
  span: { readonly started_at: number | null; readonly ended_at: number | null },
  now: number,
  clockOffset: number
): number | null {
  if (span.started_at === null) return null;
  const end = span.ended_at ?? (now - clockOffset) / 1000;
  return Math.max(0, end - span.started_at);
}

/** `< 1 ms`, `40 ms`, `3.2 s`, `1 min 05 s`, `2 h 03 min`. */
export function wordDuration(seconds: number): string {
  if (seconds < 0.001) return '< 1 ms';
  if (seconds < 0.1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

/** How many nodes are in which state, for the line under a run. */
export function countStates(run: RunPicture): readonly (readonly [word: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const status of Object.values(run.nodes)) {
    const { word } = lookOfNode(status);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts];
}

/** One sentence about a run that has ended, for the ear. */
export function tellRun(run: RunPicture): string {
  const counts = countStates(run).map(([word, count]) => `${count} ${word.toLowerCase()}`);
  const about = counts.length > 0 ? `: ${counts.join(', ')}` : '';
  return `Run ${lookOf(run.state).word.toLowerCase()}${about}.`;
}

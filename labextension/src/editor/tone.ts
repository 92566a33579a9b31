// A node or a state in, how it looks out: colour, symbol and word always go together.
import { lookOf, type Tone } from '../graph/status';
import type { IconName } from './icons';
import type { EditorState } from './store';

export function toneOf(state: EditorState, node: string): Tone {
  const status = state.graph.run?.nodes[node];
  return status ? lookOf(status.state).tone : 'idle';
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
  SKIPPED: 'skip'
};

export function symbolOf(state: string): IconName {
  return SYMBOLS[state] ?? 'note';
}

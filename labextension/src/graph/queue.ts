// Waiting document requests in, the one to send next out.
import type { Edit, FlowPicture, Request } from '../protocol/generated';
import { applyEdits, type Positions } from './edit';
import type { Palette } from './palette';

export const MAX_TRIES = 3;

/** A request about the document that has no answer yet. */
export interface Waiting {
  readonly id: string;
  readonly kind: 'edit' | 'undo' | 'redo' | 'arrange' | 'run' | 'resume';
  readonly edits: readonly Edit[];
  readonly positions: Positions;
  readonly parameters: { readonly [name: string]: unknown };
  /** Whether earlier outputs are taken, and for which nodes not. */
  readonly reuse: boolean;
  readonly force: readonly string[];
  /** The run to go on with. */
  readonly runId: string;
  readonly sent: boolean;
  readonly tries: number;
}

export function waitFor(
  id: string,
  kind: Waiting['kind'],
  details: Partial<Omit<Waiting, 'id' | 'kind' | 'sent' | 'tries'>> = {}
): Waiting {
  return { ...NOTHING, ...details, id, kind, sent: false, tries: 1 };
}

const NOTHING = { edits: [], positions: {}, parameters: {}, reuse: false, force: [], runId: '' };

export function isStale(code: string): boolean {
  return code === 'message.stale' || code === 'draft.stale';
}

/** Send the first one unless it is on its way; leave out edits that no longer fit the flow. */
export function advance(
  queue: readonly Waiting[],
  confirmed: FlowPicture,
  palette: Palette
): { readonly queue: readonly Waiting[]; readonly send: readonly Request[] } {
  const at = queue.findIndex(each => each.sent || fits(each, confirmed, palette));
  const rest = at < 0 ? [] : queue.slice(at);
  const [head, ...others] = rest;
  if (!head) return { queue: [], send: [] };
  if (head.sent) return { queue: at === 0 ? queue : rest, send: [] };
  return {
    queue: [{ ...head, sent: true }, ...others],
    send: [write(head, confirmed.revision)]
  };
}

function fits(waiting: Waiting, confirmed: FlowPicture, palette: Palette): boolean {
  return applyEdits(confirmed, waiting.edits, palette, waiting.positions) !== null;
}

function write(waiting: Waiting, revision: number): Request {
  const { id, edits, positions, parameters, reuse, force } = waiting;
  switch (waiting.kind) {
    case 'edit':
      return { kind: 'edit', id, base_revision: revision, edits, positions };
    case 'run':
      return { kind: 'run', id, base_revision: revision, parameters, reuse, force };
    case 'resume':
      return { kind: 'resume', id, run_id: waiting.runId, parameters, force };
    default:
      return { kind: waiting.kind, id };
  }
}

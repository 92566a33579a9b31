// A node run in, questions about what ran inside it out: one at a time, and the last one is never lost.
import type { Reply, RunPicture } from '../protocol/generated';
import type { Transport } from '../transport/transport';
import type { EditorStore } from './store';

/** What ran inside a node run, as the kernel last said. */
export interface Inside {
  readonly runId: string;
  readonly nodeId: string;
  readonly run: RunPicture | null;
  readonly total: number;
}

export interface Looker {
  readonly look: (runId: string, nodeId: string) => void;
  /** Take an answer; false for messages about anything else. */
  readonly hear: (reply: Reply) => boolean;
}

/** Milliseconds after which a question without an answer is asked again: its kernel may be another one. */
const PATIENCE = 10_000;

interface Question {
  readonly id: string;
  readonly runId: string;
  readonly nodeId: string;
  readonly until: number;
  /** Whether it was asked again meanwhile: then the answer may be too old. */
  readonly again: boolean;
}

export function makeLooker(store: EditorStore, transport: Transport): Looker {
  const view = Math.random().toString(36).slice(2, 8);
  let count = 0;
  let open: Question | null = null;
  const look = (runId: string, nodeId: string): void => {
    const same = open?.runId === runId && open.nodeId === nodeId;
    if (open && same && Date.now() < open.until) {
      open = { ...open, again: true };
      return;
    }
    const id = `inside-${view}-${(count += 1)}`;
    open = { id, runId, nodeId, until: Date.now() + PATIENCE, again: false };
    transport.send({ kind: 'inside', id, run_id: runId, node_id: nodeId });
  };
  return {
    look,
    hear: reply => {
      const answers = reply.kind === 'looked' || reply.kind === 'refused' ? reply.reply_to : '';
      if (!answers.startsWith('inside-')) return false;
      if (!open || answers !== open.id) return true;
      const { runId, nodeId, again } = open;
      open = null;
      if (reply.kind === 'looked') {
        store.setState({ inside: { runId, nodeId, run: reply.run, total: reply.total } });
      }
      if (again) look(runId, nodeId);
      return true;
    }
  };
}

// The state of the editor in, questions about where a run would go out, while the flow's panel is open.
import type { Reply } from '../protocol/generated';
import type { Transport } from '../transport/transport';
import type { EditorState, EditorStore } from './store';

export interface Router {
  /** Take an answer; false for messages about anything else. */
  readonly hear: (reply: Reply) => boolean;
  readonly close: () => void;
}

export function makeRouter(store: EditorStore, transport: Transport): Router {
  const view = Math.random().toString(36).slice(2, 8);
  let count = 0;
  let asked = '';
  let known = '';
  const follow = (state: EditorState): void => {
    const now = keyOf(state);
    if (now === known) return;
    known = now;
    if (now === '') return;
    asked = `route-${view}-${(count += 1)}`;
    transport.send({ kind: 'route', id: asked });
  };
  const stop = store.subscribe(follow);
  return {
    hear: reply => {
      if (reply.kind !== 'routed') return false;
      if (reply.reply_to === asked) store.setState({ route: reply.route });
      return true;
    },
    close: stop
  };
}

/** What the answer depends on; empty while nobody looks, or it cannot be asked for. */
function keyOf({ popover, connected, graph }: EditorState): string {
  if (popover !== 'flow' || !connected || graph.queue.length > 0) return '';
  return [graph.confirmed.revision, graph.palette.picture.revision, graph.run?.state].join(' ');
}

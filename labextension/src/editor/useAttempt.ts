// A node with its status in, which attempt it is at out, counting down while it waits for the next.
import { wordAttempt } from '../graph/status';
import type { NodePicture, NodeStatus } from '../protocol/generated';
import { useEditor } from './context';
import { useNow } from './Elapsed';

export function useAttempt(node: NodePicture, status: NodeStatus): string {
  const fallback = useEditor(state => state.graph.palette.types.get(node.type)?.retries ?? 0);
  const connected = useEditor(state => state.connected);
  const offset = useEditor(state => state.graph.clockOffset);
  const waits = status.state === 'RETRYING' && connected;
  const now = useNow(waits ? 250 : 0);
  const seconds = status.retry_at === null ? null : status.retry_at - (now - offset) / 1000;
  return wordAttempt(status, 1 + (node.retries ?? fallback), seconds);
}

// What the editor needs of the outside: requests out, messages in, and whether anybody listens.
import type { Request } from '../protocol/generated';

export interface Transport {
  /** The last snapshot known without asking, of any shape; read by `readSnapshot`. */
  readonly start: () => unknown;
  readonly send: (request: Request) => void;
  /** Cancel by every way there is; each works alone. */
  readonly cancel: (runId: string, nodeId: string) => void;
  /** Hear each message as it came; returns what ends that. */
  readonly subscribe: (listener: (content: unknown) => void) => () => void;
  /** Whether a kernel is there; listeners hear when that changes. */
  readonly isConnected: () => boolean;
  readonly watchConnection: (listener: (connected: boolean) => void) => () => void;
}

// A transport whose far side is an object in the same page: for tests and the harness.
import type { Request } from '../protocol/generated';
import type { Transport } from './transport';

export interface FarSide {
  readonly sent: Request[];
  readonly cancelled: { readonly runId: string; readonly nodeId: string }[];
  readonly say: (content: unknown) => void;
  readonly connect: (connected: boolean) => void;
  readonly listeners: () => number;
}

export function openMemory(
  start: unknown,
  onRequest: (request: Request) => void = () => {}
): { readonly transport: Transport; readonly far: FarSide } {
  const listeners = new Set<(content: unknown) => void>();
  const watchers = new Set<(connected: boolean) => void>();
  const sent: Request[] = [];
  const cancelled: { runId: string; nodeId: string }[] = [];
  let connected = true;
  const transport: Transport = {
    start: () => start,
    send: request => {
      sent.push(request);
      onRequest(request);
    },
    cancel: (runId, nodeId) => {
      cancelled.push({ runId, nodeId });
    },
    subscribe: listener => add(listeners, listener),
    isConnected: () => connected,
    watchConnection: listener => add(watchers, listener)
  };
  const far: FarSide = {
    sent,
    cancelled,
    say: content => listeners.forEach(listener => listener(content)),
    connect: value => {
      connected = value;
      watchers.forEach(watcher => watcher(value));
    },
    listeners: () => listeners.size + watchers.size
  };
  return { transport, far };
}

function add<Listener>(all: Set<Listener>, listener: Listener): () => void {
  all.add(listener);
  return () => {
    all.delete(listener);
  };
}

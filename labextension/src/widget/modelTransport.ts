// anywidget's model in, the editor's transport out; and what ends it.
import type { Transport } from '../transport/transport';
import { openControl } from './controlComm';
import type { WidgetModel } from './model';

export interface OpenModel {
  readonly transport: Transport;
  readonly close: () => void;
}

export function openModel(model: WidgetModel): OpenModel {
  const control = openControl(model);
  const listeners = new Set<(content: unknown) => void>();
  const watchers = new Set<(connected: boolean) => void>();
  let connected = true;
  const setConnected = (now: boolean): void => {
    if (now === connected) return;
    connected = now;
    watchers.forEach(watcher => watcher(now));
  };
  const hear = (content: unknown): void => {
    setConnected(true);
    listeners.forEach(listener => listener(content));
  };
  const lose = (): void => setConnected(false);
  // The event does not say which way it went: whoever answers is there.
  const probe = (): void => {
    lose();
    send({ kind: 'hello', id: `probe-${Math.random().toString(36).slice(2, 10)}` });
  };
  model.on('msg:custom', hear);
  model.on('comm:close', lose);
  model.on('comm_live_update', probe);
  const send = (content: unknown): void => {
    try {
      model.send(content);
    } catch {
      lose();
    }
  };
  return {
    transport: {
      start: () => model.get('snapshot'),
      send,
      cancel: (runId, nodeId) => {
        // Either way is enough; which one gets through depends on what the kernel is doing.
        control.send({ cancel: runId, node_id: nodeId });
        const id = `cancel-${Math.random().toString(36).slice(2, 10)}`;
        send({ kind: 'cancel', id, run_id: runId, node_id: nodeId });
      },
      subscribe: listener => add(listeners, listener),
      isConnected: () => connected,
      watchConnection: watcher => add(watchers, watcher)
    },
    close: () => {
      model.off('msg:custom', hear);
      model.off('comm:close', lose);
      model.off('comm_live_update', probe);
      control.close();
    }
  };
}

function add<Listener>(all: Set<Listener>, listener: Listener): () => void {
  all.add(listener);
  return () => {
    all.delete(listener);
  };
}

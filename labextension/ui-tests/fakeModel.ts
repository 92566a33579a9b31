// A fake kernel in, what anywidget hands to `render` out.
import type { Reply, Request, Snapshot } from '../src/protocol/generated';
import { FakeKernel } from './fakeKernel';

type Callback = (...values: unknown[]) => void;

export class FakeModel {
  readonly kernel: FakeKernel;
  readonly controls: unknown[] = [];
  /** How many comms of our own are open. */
  comms = 0;
  private readonly callbacks = new Map<string, Set<Callback>>();

  constructor(private readonly snapshot: Snapshot) {
    this.kernel = new FakeKernel(snapshot, reply => this.trigger('msg:custom', reply));
  }

  readonly get = (name: string): unknown => (name === 'snapshot' ? this.snapshot : undefined);

  readonly send = (content: unknown): void => {
    // As on a real comm: only JSON passes, and the answer comes later.
    const request = JSON.parse(JSON.stringify(content)) as Request;
    setTimeout(() => this.kernel.hear(request), 5);
  };

  readonly on = (event: string, callback: Callback): void => {
    this.callbacks.set(event, (this.callbacks.get(event) ?? new Set()).add(callback));
  };

  readonly off = (event: string, callback: Callback): void => {
    this.callbacks.get(event)?.delete(callback);
  };

  readonly trigger = (event: string, content?: Reply): void => {
    const text = content && JSON.stringify(content);
    for (const callback of this.callbacks.get(event) ?? []) {
      callback(text === undefined ? undefined : JSON.parse(text));
    }
  };

  readonly listeners = (): number =>
    [...this.callbacks.values()].reduce((sum, each) => sum + each.size, 0);

  readonly widget_manager = {
    _create_comm: (): Promise<unknown> => {
      this.comms += 1;
      return Promise.resolve({
        send: (data: unknown) => this.controls.push(data),
        close: () => {
          this.comms -= 1;
        }
      });
    }
  };
}

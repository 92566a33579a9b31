// The page's own door: tests mount editors on it, and play the kernel behind them.
import { judge, type Verdict } from '../src/graph/connection';
import { outlineFlow } from '../src/graph/outline';
import { indexPalette } from '../src/graph/palette';
import type { EdgeSpec, Snapshot } from '../src/protocol/generated';
import { FakeModel } from './fakeModel';

interface Widget {
  readonly default: {
    readonly render: (props: { model: FakeModel; el: HTMLElement }) => () => void;
  };
}

interface Mounted {
  readonly model: FakeModel;
  readonly unmount: () => void;
}

const mounted = new Map<string, Mounted>();

/** Show an editor in the element of this id; returns when it is drawn. */
async function mount(id: string, snapshot: Snapshot): Promise<void> {
  // Bound by the built page, where the shipped bundle lies beside this module.
  const path = './widget.js';
  const widget = (await import(path)) as Widget;
  const el = document.getElementById(id);
  if (!el) throw new Error(`No element ${id}.`);
  const model = new FakeModel(snapshot);
  const unmount = widget.default.render({ model, el });
  mounted.set(id, { model, unmount });
}

function get(id: string): Mounted {
  const found = mounted.get(id);
  if (!found) throw new Error(`Nothing is mounted at ${id}.`);
  return found;
}

/** What the browser says about edges, to be compared with what Python says. */
function judgeEdges(snapshot: Snapshot, edges: readonly EdgeSpec[]): readonly Verdict[] {
  const outline = outlineFlow(snapshot.flow);
  const palette = indexPalette(snapshot.palette);
  return edges.map(edge => judge(outline, palette, edge));
}

declare global {
  interface Window {
    dagy: {
      readonly mount: typeof mount;
      readonly model: (id: string) => FakeModel;
      readonly unmount: (id: string) => void;
      readonly judge: typeof judgeEdges;
    };
  }
}

window.dagy = {
  mount,
  model: id => get(id).model,
  unmount: id => get(id).unmount(),
  judge: judgeEdges
};

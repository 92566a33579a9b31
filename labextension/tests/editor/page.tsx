// An editor on a page without layout, and what the tests do to it.
import { act, fireEvent, render, screen } from '@testing-library/react';
import { FlowEditor } from '../../src/editor/FlowEditor';
import type { Reply, Request, Snapshot } from '../../src/protocol/generated';
import { openMemory, type FarSide } from '../../src/transport/memory';
import { snapshot } from '../examples';

/** React Flow asks for what a page without layout does not have. */
export function giveSizes(): void {
  for (const [name, value] of [
    ['offsetWidth', 220],
    ['offsetHeight', 100]
  ] as const) {
    Object.defineProperty(HTMLElement.prototype, name, { configurable: true, value });
  }
}

export function open(changes: Partial<Snapshot> = {}): { far: FarSide; unmount: () => void } {
  const { transport, far } = openMemory(snapshot(changes));
  const { unmount } = render(<FlowEditor transport={transport} />);
  return { far, unmount };
}

export function say(far: FarSide, reply: Reply): void {
  act(() => far.say(reply));
}

export function last(far: FarSide): Request | undefined {
  return far.sent.at(-1);
}

export function card(name: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(`.react-flow__node[data-id="${name}"]`);
  if (!found) throw new Error(`no card ${name}`);
  return found;
}

export function handle(name: string, id: string): HTMLElement {
  const found = card(name).querySelector<HTMLElement>(`[data-handleid="${id}"]`);
  if (!found) throw new Error(`no handle ${id}`);
  return found;
}

export function select(name: string): void {
  fireEvent.click(card(name));
}

export const root = (): HTMLElement => screen.getByRole('region', { name: /Flow editor/ });

// Arrow keys in a list in, the focus on the next entry out.
import type { KeyboardEvent } from 'react';

const STEPS: { readonly [key: string]: number } = { ArrowDown: 1, ArrowUp: -1 };

/** Move the focus among the buttons of `list`; true where the key was meant for that. */
export function stepFocus(
  event: KeyboardEvent,
  list: HTMLElement | null,
  entries = 'button:not(:disabled)'
): boolean {
  const step = STEPS[event.key];
  if (!step || !list) return false;
  const buttons = [...list.querySelectorAll<HTMLElement>(entries)];
  const root = list.getRootNode() as Document | ShadowRoot;
  const here = buttons.findIndex(button => button === root.activeElement);
  buttons[Math.min(buttons.length - 1, Math.max(0, here + step))]?.focus();
  event.preventDefault();
  event.stopPropagation();
  return true;
}

// Keys and clipboard of our own root in, actions out. Nothing is heard outside of it.
import { useMemo, type ClipboardEvent, type KeyboardEvent } from 'react';
import { useReactFlow } from '@xyflow/react';
import { cutOut, readFragment, writeFragment } from '../graph/clipboard';
import { useActions, useEditorStore } from './context';
import { isComplete } from './parameters';
import type { EditorStore } from './store';
import { FIT } from './useViewport';
import type { Actions } from './actions';

interface Keys {
  readonly onKeyDownCapture: (event: KeyboardEvent<HTMLElement>) => void;
  readonly onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
  readonly onCopy: (event: ClipboardEvent) => void;
  readonly onCut: (event: ClipboardEvent) => void;
  readonly onPaste: (event: ClipboardEvent) => void;
}

export function useKeyboard(): Keys {
  const actions = useActions();
  const store = useEditorStore();
  const { zoomIn, zoomOut, fitView } = useReactFlow();
  return useMemo(() => {
    const view: { readonly [key: string]: () => void } = {
      '+': () => void zoomIn(),
      '=': () => void zoomIn(),
      '-': () => void zoomOut(),
      f: () => void fitView(FIT),
      F: () => void fitView(FIT)
    };
    return {
      // Before React Flow's nodes hear them: to them Escape means “select”.
      onKeyDownCapture: event => {
        if (isTyping(event.target)) return;
        if (!answerKey(event, store, actions) && !press(view, event)) return;
        event.preventDefault();
        event.stopPropagation();
      },
      onKeyDown: event => {
        // The notebook has shortcuts of its own, for one of which every key is good.
        event.stopPropagation();
        if (isTyping(event.target) && leaveField(event)) event.preventDefault();
      },
      onCopy: event => copy(event, store),
      onCut: event => {
        if (copy(event, store) && store.getState().connected) actions.removeSelection();
      },
      onPaste: event => {
        if (isTyping(event.target) || !store.getState().connected) return;
        const fragment = readFragment(event.clipboardData.getData('text/plain'));
        if (!fragment) return;
        event.preventDefault();
        actions.pasteNodes(fragment, `paste ${fragment.nodes.length} nodes`);
      }
    };
  }, [actions, store, zoomIn, zoomOut, fitView]);
}

function answerKey(
  event: KeyboardEvent<HTMLElement>,
  store: EditorStore,
  actions: Actions
): boolean {
  const command = event.ctrlKey || event.metaKey;
  if (event.key === 'Escape') {
    actions.escape();
    return true;
  }
  if (event.key === 'Enter' && command) return run(store, actions);
  if (command) return !event.altKey && answerCommand(event, store, actions);
  switch (event.key) {
    case 'Delete':
    case 'Backspace':
      if (isInPanel(event.target)) return false;
      if (store.getState().connected) actions.removeSelection();
      return true;
    case '?':
      actions.togglePopover('shortcuts');
      return true;
    case 'p':
    case 'P':
      actions.togglePlan();
      return true;
    case '/':
      return openSearch(event.currentTarget, store, actions);
    default:
      return false;
  }
}

function answerCommand(
  event: KeyboardEvent<HTMLElement>,
  store: EditorStore,
  actions: Actions
): boolean {
  switch (event.key.toLowerCase()) {
    case 'a':
      actions.selectAll();
      return true;
    case 'd':
      return duplicate(store, actions);
    case 'z':
      if (store.getState().connected) (event.shiftKey ? actions.redo : actions.undo)();
      return true;
    case 'y':
      if (store.getState().connected) actions.redo();
      return true;
    default:
      return false;
  }
}

function run(store: EditorStore, actions: Actions): boolean {
  const { connected, runValues, graph } = store.getState();
  if (!connected || graph.flow.nodes.length === 0) return true;
  if (isComplete(graph.flow.parameters, runValues)) actions.run(runValues);
  else actions.togglePopover('run');
  return true;
}

function duplicate(store: EditorStore, actions: Actions): boolean {
  const { graph, selection, connected } = store.getState();
  const fragment = cutOut(graph.flow, selection);
  if (connected && fragment.nodes.length > 0) {
    actions.pasteNodes(fragment, `duplicate ${fragment.nodes.length} nodes`);
  }
  return true;
}

function openSearch(root: HTMLElement, store: EditorStore, actions: Actions): boolean {
  if (!store.getState().paletteOpen) actions.togglePalette();
  requestAnimationFrame(() => root.querySelector<HTMLElement>('[data-dagy-search]')?.focus());
  return true;
}

function press(
  keys: { readonly [key: string]: () => void },
  event: KeyboardEvent<HTMLElement>
): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const act = keys[event.key];
  act?.();
  return act !== undefined;
}

/** In a field all keys are text; only Escape leads back to the canvas. */
function leaveField(event: KeyboardEvent<HTMLElement>): boolean {
  if (event.key !== 'Escape') return false;
  event.currentTarget.focus({ preventScroll: true });
  return true;
}

function copy(event: ClipboardEvent, store: EditorStore): boolean {
  if (isTyping(event.target) || hasMarkedText(event)) return false;
  const { graph, selection } = store.getState();
  const fragment = cutOut(graph.flow, selection);
  if (fragment.nodes.length === 0) return false;
  event.clipboardData.setData('text/plain', writeFragment(fragment));
  event.preventDefault();
  return true;
}

/** On a button of a panel these keys are a slip, not the wish to delete the node it is about. */
function isInPanel(target: EventTarget): boolean {
  const panels = '.dagy-bar, .dagy-palette, .dagy-inspector, .dagy-menu, .dagy-overlay';
  return target instanceof Element && target.closest(panels) !== null;
}

/** Text marked in a panel (a log, an error) is what the user wants to copy. */
function hasMarkedText(event: ClipboardEvent): boolean {
  const marked = event.currentTarget.ownerDocument.getSelection();
  return !!marked && !marked.isCollapsed && event.currentTarget.contains(marked.anchorNode);
}

function isTyping(target: EventTarget): boolean {
  return (
    target instanceof Element &&
    target.closest('input:not([type=checkbox]), textarea, select') !== null
  );
}

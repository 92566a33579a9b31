// A node type in, a node out: after the selected one, or in the middle of what is in view.
import { useCallback } from 'react';
import { useReactFlow, useStoreApi } from '@xyflow/react';
import { CARD_WIDTH, type Point } from '../graph/card';
import { placeAfter } from '../graph/placement';
import { useActions, useEditorStore } from './context';
import type { EditorState } from './store';

export function useAddNode(): (type: string) => void {
  const actions = useActions();
  const store = useEditorStore();
  const flow = useStoreApi();
  const { getViewport } = useReactFlow();
  return useCallback(
    type => {
      const { width, height } = flow.getState();
      const { x, y, zoom } = getViewport();
      const middle = { x: (width / 2 - x) / zoom - CARD_WIDTH / 2, y: (height / 3 - y) / zoom };
      const id = actions.addNode(type, nextPlace(store.getState()) ?? middle);
      if (id) revealIfHidden(id);
    },
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [actions, store, flow, getViewport]
  );

  /** A node added out of sight is brought into view. */
  function revealIfHidden(id: string): void {
    const node = store.getState().outline.nodes.get(id);
    const { width, height, transform } = flow.getState();
    if (!node) return;
    const [x, y, zoom] = transform;
    const left = node.x * zoom + x;
    const top = node.y * zoom + y;
    const inside =
      left >= 0 &&
      top >= 0 &&
      left + node.width * zoom <= width &&
      top + node.height * zoom <= height;
    if (!inside) actions.showPlace({ node: id, field: '', edge: '' });
  }
}

/** The selected node's right side, where the next one usually belongs. */
function nextPlace(state: EditorState): Point | null {
  if (state.selection.size !== 1) return null;
  const [id = ''] = state.selection;
  const node = state.outline.nodes.get(id);
  return node ? placeAfter(node) : null;
}

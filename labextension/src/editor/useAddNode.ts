// A node type in, a node out: after the selected one or the last, inside what is in view.
import { useCallback } from 'react';
import { useReactFlow, useStoreApi } from '@xyflow/react';
import { isWithin, placeNext } from '../graph/placement';
import { useActions, useEditorStore } from './context';
import { calm, FIT, viewOf } from './useViewport';

/** So many nodes can be read where all are in view. */
const FEW = 30;

export function useAddNode(): (type: string) => void {
  const actions = useActions();
  const store = useEditorStore();
  const flow = useStoreApi();
  const { fitView } = useReactFlow();
  return useCallback(
    name => {
      const { graph, outline, selection } = store.getState();
      const type = graph.palette.types.get(name);
      if (!type) return;
      const [only = ''] = selection.size === 1 ? selection : [];
      const view = viewOf(flow.getState());
      const after = outline.nodes.get(only) ?? graph.flow.nodes.at(-1);
      const id = actions.addNode(name, placeNext(graph.flow, type, view, after));
      if (id) reveal(id);
    },
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [actions, store, flow, fitView]
  );

  /** A node added out of sight is brought into view, with all the others where these are few. */
  function reveal(id: string): void {
    const { graph, outline } = store.getState();
    const node = outline.nodes.get(id);
    if (!node || isWithin(viewOf(flow.getState()), node)) return;
    if (graph.flow.nodes.length > FEW) actions.showPlace({ node: id, field: '', edge: '' });
    // React Flow must have seen the node first.
    else setTimeout(() => void fitView({ ...FIT, duration: calm() ? 0 : 200 }), 60);
  }
}

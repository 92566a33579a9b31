// The flow in small, to find one's way in a large one; not while it is in view as a whole.
import { MiniMap, useStore } from '@xyflow/react';
import { isWithin } from '../graph/placement';
import { useEditor } from './context';
import type { CardNode } from './reactFlow';
import { viewIn } from './useViewport';
import { categoryColour } from './words';

const FROM = 12;

export function Overview() {
  const nodes = useEditor(state => state.graph.flow.nodes);
  const whole = useStore(({ transform, width, height }) => {
    const view = viewIn(transform, width, height);
    return nodes.every(node => isWithin(view, node));
  });
  if (nodes.length <= FROM || whole) return null;
  return (
    <MiniMap<CardNode>
      pannable
      zoomable
      ariaLabel="Overview of the flow"
      nodeColor={mapColour}
      nodeBorderRadius={12}
      style={{ width: 150, height: 100 }}
    />
  );
}

function mapColour(node: CardNode): string {
  return categoryColour(node.data.picture.category);
}

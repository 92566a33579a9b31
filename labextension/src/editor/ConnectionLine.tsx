// The edge being dragged in, its line out: from border to border, in the colour of its verdict.
import {
  getBezierPath,
  type ConnectionLineComponentProps,
  type Handle,
  type InternalNode,
  type XYPosition
} from '@xyflow/react';
import type { CardNode } from './reactFlow';

export function ConnectionLine(props: ConnectionLineComponentProps<CardNode>) {
  const { fromNode, fromHandle, toNode, toHandle, connectionStatus } = props;
  const start = dotOf(fromNode, fromHandle) ?? { x: props.fromX, y: props.fromY };
  const snapped = connectionStatus === 'valid' && toNode && toHandle;
  const end = (snapped && dotOf(toNode, toHandle)) || { x: props.toX, y: props.toY };
  const [path] = getBezierPath({
    sourceX: start.x,
    sourceY: start.y,
    sourcePosition: props.fromPosition,
    targetX: end.x,
    targetY: end.y,
    targetPosition: props.toPosition
  });
  return <path d={path} fill="none" className="react-flow__connection-path" />;
}

/** Where a connector's dot sits: the library only knows the middle of the row that can be grabbed. */
function dotOf(node: InternalNode<CardNode>, handle: Handle): XYPosition | null {
  const placed = node.data.handles.find(each => each.id === handle.id);
  const { x, y } = node.internals.positionAbsolute;
  return placed ? { x: x + placed.x, y: y + placed.y } : null;
}

// The graph in, the canvas out on which nodes are moved and edges are led.
import { useCallback, useMemo, useRef, useState, type PointerEvent } from 'react';
import {
  Background,
  BackgroundVariant,
  ReactFlow,
  SelectionMode,
  useReactFlow,
  useStoreApi,
  type Connection,
  type Edge,
  type FinalConnectionState,
  type OnConnectStartParams
} from '@xyflow/react';
import type { End } from '../graph/outline';
import { ConnectionLine } from './ConnectionLine';
import { ConnectorHint } from './ConnectorHint';
import { EmptyCanvas } from './EmptyCanvas';
import { useActions, useEditor, useEditorStore } from './context';
import { EdgeLine } from './EdgeLine';
import { FittingTypes } from './FittingTypes';
import { NodeMenu } from './NodeMenu';
import { NodeCard } from './NodeCard';
import { Overview } from './Overview';
import { readHandle, type CardNode, type WireEdge } from './reactFlow';
import type { Theme } from './theme';
import { useCanvasElements } from './useCanvasElements';
import { FIT, useViewport } from './useViewport';
import { VerdictBubble } from './VerdictBubble';
import { judgeEnds } from './wiring';

const NODE_TYPES = { card: NodeCard };
const EDGE_TYPES = { wire: EdgeLine };
const MANY = 300;

interface CanvasProps {
  readonly id: string;
  readonly theme: Theme;
}

export function Canvas({ id, theme }: CanvasProps) {
  const canvas = useRef<HTMLDivElement>(null);
  const elements = useCanvasElements();
  const connected = useEditor(state => state.connected);
  const wires = useWires(canvas);
  const { boxing, followModifiers } = useModifiers();
  const count = elements.nodes.length;
  const openMenu = useNodeMenu(canvas);
  useViewport(canvas, FIT);
  return (
    <div
      className="dagy-canvas"
      ref={canvas}
      data-dagy-canvas=""
      onPointerDownCapture={followModifiers}
      onPointerMove={followModifiers}
    >
      <ReactFlow<CardNode, WireEdge>
        id={id}
        aria-label="Canvas"
        {...elements}
        {...wires}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        connectionLineComponent={ConnectionLine}
        colorMode={theme}
        onNodeContextMenu={openMenu}
        nodesDraggable={connected}
        nodesConnectable={connected}
        onlyRenderVisibleElements={count > MANY}
        // Keys are heard on our own root only: the library listens on the whole page.
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        panActivationKeyCode={null}
        zoomActivationKeyCode={null}
        // The wheel scrolls the notebook; with Ctrl it zooms.
        zoomOnScroll={false}
        preventScrolling={false}
        zoomOnDoubleClick={false}
        selectionOnDrag={boxing}
        panOnDrag={boxing ? [1, 2] : [0, 1]}
        selectionMode={SelectionMode.Partial}
        connectOnClick={false}
        connectionDragThreshold={4}
        connectionRadius={26}
        nodeDragThreshold={2}
        minZoom={0.1}
        maxZoom={2}
        elevateNodesOnSelect
        ariaLabelConfig={ARIA}
        attributionPosition="bottom-left"
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1.4} />
        <Overview />
      </ReactFlow>
      {count === 0 ? <EmptyCanvas /> : null}
      <ConnectorHint canvas={canvas} />
      <VerdictBubble canvas={canvas} />
      <FittingTypes canvas={canvas} />
      <NodeMenu />
    </div>
  );
}

const ARIA = {
  'node.a11yDescription.default':
    'Enter selects the node, arrow keys move it, Delete removes it. Tab leads to its connectors.',
  'node.a11yDescription.keyboardDisabled': 'Enter selects the node.',
  'edge.a11yDescription.default': 'Enter selects the edge, Delete disconnects it.'
};

/** Shift draws a box; Ctrl, Cmd and Shift add to the selection. Read from the pointer, not the page. */
function useModifiers() {
  const [boxing, setBoxing] = useState(false);
  const flow = useStoreApi();
  const followModifiers = useCallback(
    (event: PointerEvent) => {
      const adding = event.ctrlKey || event.metaKey || event.shiftKey;
      if (flow.getState().multiSelectionActive !== adding) {
        flow.setState({ multiSelectionActive: adding });
      }
      setBoxing(event.shiftKey);
    },
    [flow]
  );
  return { boxing, followModifiers };
}

/** A right click, or the menu key, on a card opens its menu, not the notebook's. */
function useNodeMenu(canvas: React.RefObject<HTMLDivElement | null>) {
  const actions = useActions();
  return useCallback(
    (event: React.MouseEvent, { id }: CardNode) => {
      const box = canvas.current?.getBoundingClientRect();
      if (!box) return;
      event.preventDefault();
      event.stopPropagation();
      actions.openMenu({ node: id, x: event.clientX - box.x, y: event.clientY - box.y });
    },
    [actions, canvas]
  );
}

/** React Flow's own dragging of edges, with our verdicts and our words. */
function useWires(canvas: React.RefObject<HTMLDivElement | null>) {
  const actions = useActions();
  const store = useEditorStore();
  const { screenToFlowPosition } = useReactFlow();
  return useMemo(
    () => ({
      onConnectStart: (_: unknown, from: OnConnectStartParams) => {
        const end = endOf(from.nodeId, from.handleId);
        if (end) actions.beginWire(end, 'drag');
      },
      isValidConnection: (connection: Connection | Edge) => {
        const from = endOf(connection.source, connection.sourceHandle);
        const to = endOf(connection.target, connection.targetHandle);
        return !!from && !!to && judgeEnds(store.getState(), from, to).verdict !== 'no';
      },
      onConnectEnd: (event: MouseEvent | TouchEvent, result: FinalConnectionState) => {
        const { wiring } = store.getState();
        if (wiring?.how !== 'drag') return;
        const hit = result.toHandle ? endOf(result.toHandle.nodeId, result.toHandle.id) : null;
        const over = hit ?? wiring.over;
        if (over) {
          actions.finishWire(over);
          return;
        }
        const screen = pointOf(event);
        const box = canvas.current?.getBoundingClientRect();
        const free = event.target instanceof Element && !!event.target.closest('.react-flow__pane');
        if (!free || !box) {
          actions.cancelWire();
          return;
        }
        actions.offerTypes({
          from: wiring.from,
          screen: { x: screen.x - box.x, y: screen.y - box.y },
          place: screenToFlowPosition(screen)
        });
      }
    }),
    [actions, store, canvas, screenToFlowPosition]
  );
}

function endOf(node: string | null | undefined, handle: string | null | undefined): End | null {
  if (!node || !handle) return null;
  const { name, direction } = readHandle(handle);
  return { node, connector: name, direction };
}

function pointOf(event: MouseEvent | TouchEvent): { readonly x: number; readonly y: number } {
  const at = 'changedTouches' in event ? event.changedTouches[0] : event;
  return { x: at?.clientX ?? 0, y: at?.clientY ?? 0 };
}

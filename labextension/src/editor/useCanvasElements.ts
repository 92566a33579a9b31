// The graph, the selection and React Flow's own changes in, its nodes and edges out.
import { useCallback, useMemo, useRef, useState } from 'react';
import type { EdgeChange, NodeChange, XYPosition } from '@xyflow/react';
import type { Outline } from '../graph/outline';
import { useActions, useEditor, useEditorStore } from './context';
import { drawCards, drawEdge, type CardData, type CardNode, type WireEdge } from './reactFlow';

interface CanvasElements {
  readonly nodes: CardNode[];
  readonly edges: WireEdge[];
  readonly onNodesChange: (changes: NodeChange<CardNode>[]) => void;
  readonly onEdgesChange: (changes: EdgeChange<WireEdge>[]) => void;
}

type Places = ReadonlyMap<string, XYPosition>;
type Size = { readonly width: number; readonly height: number };
type Sizes = ReadonlyMap<string, Size>;

interface Local {
  /** Where nodes are while they are dragged. */
  readonly places: Places;
  readonly sizes: Sizes;
}

export function useCanvasElements(): CanvasElements {
  const outline = useEditor(state => state.outline);
  const selection = useEditor(state => state.selection);
  const actions = useActions();
  const store = useEditorStore();
  const [local, setLocal] = useState<Local>({ places: new Map(), sizes: new Map() });
  const cards = useRef(new Map<string, CardNode>());
  const wires = useRef(new Map<string, WireEdge>());

  const contents = useRef<ReadonlyMap<string, CardData>>(new Map());

  const drawn = useMemo(() => (contents.current = drawCards(contents.current, outline)), [outline]);
  const nodes = useMemo(
    () => drawNodes(cards.current, drawn, selection, local),
    [drawn, selection, local]
  );
  const edges = useMemo(() => drawEdges(wires.current, outline, selection), [outline, selection]);

  const select = useCallback(
    (changes: readonly { readonly type: string }[]) => {
      // Nodes and edges report one after the other: each begins with what the other said.
      const next = new Set(store.getState().selection);
      for (const change of changes) {
        if (!isSelection(change)) continue;
        if (change.selected) next.add(change.id);
        else next.delete(change.id);
      }
      actions.select(next);
    },
    [store, actions]
  );

  const onNodesChange = useCallback(
    (changes: NodeChange<CardNode>[]) => {
      if (changes.some(isSelection)) select(changes);
      if (changes.some(isGeometry)) setLocal(before => applyGeometry(before, changes));
      const settled = changes.filter(isSettled);
      if (settled.length === 0) return;
      actions.moveNodes(
        Object.fromEntries(settled.map(({ id, position }) => [id, roundPlace(position)]))
      );
      setLocal(before => ({ ...before, places: drop(before.places, settled) }));
    },
    [select, actions]
  );

  const onEdgesChange = useCallback(
    (changes: EdgeChange<WireEdge>[]) => {
      if (changes.some(isSelection)) select(changes);
    },
    [select]
  );

  return { nodes, edges, onNodesChange, onEdgesChange };
}

interface Selection {
  readonly type: 'select';
  readonly id: string;
  readonly selected: boolean;
}

function isSelection(change: { readonly type: string }): change is Selection {
  return change.type === 'select';
}

function isGeometry(change: NodeChange<CardNode>): boolean {
  return change.type === 'dimensions' || (change.type === 'position' && change.dragging === true);
}

type Settled = { readonly id: string; readonly position: XYPosition };

function isSettled(change: NodeChange<CardNode>): change is NodeChange<CardNode> & Settled {
  return change.type === 'position' && change.dragging !== true && change.position !== undefined;
}

function applyGeometry(before: Local, changes: readonly NodeChange<CardNode>[]): Local {
  const places = new Map(before.places);
  const sizes = new Map(before.sizes);
  for (const change of changes) {
    if (change.type === 'dimensions' && change.dimensions) sizes.set(change.id, change.dimensions);
    if (change.type === 'position' && change.position && change.dragging) {
      places.set(change.id, change.position);
    }
  }
  return { places, sizes };
}

function drop(places: Places, settled: readonly { readonly id: string }[]): Places {
  const kept = new Map(places);
  for (const { id } of settled) kept.delete(id);
  return kept;
}

function roundPlace(at: XYPosition): XYPosition {
  return { x: Math.round(at.x), y: Math.round(at.y) };
}

function drawNodes(
  cards: Map<string, CardNode>,
  contents: ReadonlyMap<string, CardData>,
  selection: ReadonlySet<string>,
  local: Local
): CardNode[] {
  for (const id of cards.keys()) if (!contents.has(id)) cards.delete(id);
  return [...contents].map(([id, data]) => {
    const place = local.places.get(id) ?? data.picture;
    const size = local.sizes.get(id) ?? { width: data.picture.width, height: data.height };
    const next = drawCard(cards.get(id), data, place, size, selection.has(id));
    cards.set(id, next);
    return next;
  });
}

function drawCard(
  before: CardNode | undefined,
  data: CardData,
  place: XYPosition,
  size: Size,
  selected: boolean
): CardNode {
  const same =
    before?.data === data &&
    before.position.x === place.x &&
    before.position.y === place.y &&
    before.selected === selected &&
    before.measured?.width === size.width &&
    before.measured.height === size.height;
  if (same) return before;
  const { picture } = data;
  return {
    id: picture.id,
    type: 'card',
    position: { x: place.x, y: place.y },
    data,
    selected,
    measured: size,
    handles: data.handles,
    ariaLabel: `${picture.label || picture.id}, node of type ${picture.type}`
  };
}

function drawEdges(
  wires: Map<string, WireEdge>,
  outline: Outline,
  selection: ReadonlySet<string>
): WireEdge[] {
  for (const id of wires.keys()) if (!outline.edges.has(id)) wires.delete(id);
  return [...outline.edges.values()].map(picture => {
    const before = wires.get(picture.id);
    const selected = selection.has(picture.id);
    const next = drawEdge(picture, outline, selected);
    const same =
      before?.data?.picture === picture &&
      before.selected === selected &&
      before.data.type === next.data?.type;
    const wire = same ? before : next;
    wires.set(picture.id, wire);
    return wire;
  });
}

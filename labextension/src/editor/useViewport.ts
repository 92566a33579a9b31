// The canvas' size and the places asked for in, the right part of the graph in view out.
import { useEffect, useRef, type RefObject } from 'react';
import { useReactFlow, useStoreApi, type FitViewOptions, type Viewport } from '@xyflow/react';
import { isWithin, type View } from '../graph/placement';
import type { NodePicture } from '../protocol/generated';
import { useEditor, useEditorStore } from './context';
import type { CardNode } from './reactFlow';

/** How a flow is shown whole. */
export const FIT = { padding: 0.12, maxZoom: 1.1 };

export function useViewport(canvas: RefObject<HTMLDivElement | null>, fit: FitViewOptions): void {
  useFirstFit(canvas, fit);
  useFitWhenChanged(fit);
  useFocus(canvas);
  useUncover(canvas);
  useWireEnd();
}

/** A hidden or folded cell has no size: fit when the canvas first gets one. */
function useFirstFit(canvas: RefObject<HTMLDivElement | null>, fit: FitViewOptions): void {
  const { fitView } = useReactFlow();
  const hasNodes = useEditor(state => state.graph.flow.nodes.length > 0);
  const wasEmpty = useRef(!hasNodes);
  const done = useRef(false);
  const store = useEditorStore();
  const flow = useStoreApi();
  useEffect(() => {
    const element = canvas.current;
    if (!element || done.current || !hasNodes) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      const { width = 0, height = 0 } = entry?.contentRect ?? {};
      if (width < 10 || height < 10 || done.current) return;
      done.current = true;
      observer.disconnect();
      // What was put into an empty flow by hand stays where it was put.
      const view = shrink(viewOf(flow.getState()), MARGIN);
      const stays = (node: NodePicture): boolean => wasEmpty.current && isWithin(view, node);
      if (!store.getState().graph.flow.nodes.every(stays)) void fitView(fit);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [canvas, hasNodes, fitView, fit, store, flow]);
}

/** A new layout, and a new size of the whole editor, are shown whole. */
function useFitWhenChanged(fit: FitViewOptions): void {
  const { fitView } = useReactFlow();
  const arrangements = useEditor(state => state.graph.arrangements);
  const enlarged = useEditor(state => state.enlarged);
  const shown = useRef({ arrangements, enlarged });
  useEffect(() => {
    const before = shown.current;
    if (before.arrangements === arrangements && before.enlarged === enlarged) return undefined;
    shown.current = { arrangements, enlarged };
    // React Flow must have seen its new size first.
    const timer = setTimeout(() => void fitView({ ...fit, duration: calm() ? 0 : 300 }), 60);
    return () => clearTimeout(timer);
  }, [arrangements, enlarged, fitView, fit]);
}

/** Bring an asked-for node into view, and the cursor into its field. */
function useFocus(canvas: RefObject<HTMLDivElement | null>): void {
  const focus = useEditor(state => state.focus);
  const { setCenter, getZoom } = useReactFlow<CardNode>();
  const flow = useStoreApi();
  const store = useEditorStore();
  useEffect(() => {
    const node = focus && store.getState().outline.nodes.get(focus.node);
    if (!node) return;
    const zoom = Math.max(getZoom(), 0.7);
    // Above the middle: what is said about it stands below.
    const lift = (0.15 * flow.getState().height) / zoom;
    const at = { x: node.x + node.width / 2, y: node.y + node.height / 2 + lift };
    void setCenter(at.x, at.y, { zoom, duration: calm() ? 0 : 250 });
    if (focus.field) focusField(canvas.current?.closest('.dagy-editor') ?? null, focus.field);
  }, [focus, canvas, setCenter, getZoom, store, flow]);
}

function focusField(root: Element | null, field: string): void {
  const name = field.split('.')[0] ?? '';
  requestAnimationFrame(() => {
    root?.querySelector<HTMLElement>(`[data-field="${CSS.escape(name)}"]`)?.focus();
  });
}

const MARGIN = 24;

/** The canvas' width up to the inspector, which lies over it where the editor is narrow. */
function freeWidth(canvas: HTMLElement | null): number {
  const panel = canvas?.closest('.dagy-editor')?.querySelector('.dagy-inspector');
  if (!canvas || !panel) return canvas?.clientWidth ?? 0;
  const { left, right } = canvas.getBoundingClientRect();
  return Math.min(right, panel.getBoundingClientRect().left) - left;
}

function shrink({ x, y, width, height }: View, by: number): View {
  return { x: x + by, y: y + by, width: width - 2 * by, height: height - 2 * by };
}

interface Seen {
  readonly domNode: HTMLElement | null;
  readonly height: number;
  readonly transform: readonly [x: number, y: number, zoom: number];
}

/** What can be seen of the flow. */
export function viewOf({ domNode, height, transform }: Seen): View {
  return viewIn(transform, freeWidth(domNode), height);
}

export function viewIn([x, y, zoom]: Seen['transform'], width: number, height: number): View {
  return { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
}

/** A panel that opens over the node it is about moves the canvas aside, and back when it closes. */
function useUncover(canvas: RefObject<HTMLDivElement | null>): void {
  const { getViewport, setViewport } = useReactFlow<CardNode>();
  const only = useEditor(state => (state.selection.size === 1 ? [...state.selection][0] : ''));
  const store = useEditorStore();
  const moved = useRef<{ readonly from: Viewport; readonly to: Viewport } | null>(null);
  useEffect(() => {
    const node = only ? store.getState().outline.nodes.get(only) : undefined;
    const frame = requestAnimationFrame(() => {
      const now = getViewport();
      const stayed = moved.current !== null && isSame(moved.current.to, now);
      const home = stayed && moved.current ? moved.current.from : now;
      const shift = node ? findShift(node, home, freeWidth(canvas.current)) : 0;
      const next = { ...home, x: home.x - shift };
      moved.current = shift > 0 ? { from: home, to: next } : null;
      if (!isSame(next, now)) void setViewport(next, { duration: calm() ? 0 : 150 });
    });
    return () => cancelAnimationFrame(frame);
  }, [only, canvas, store, getViewport, setViewport]);
}

/** How far to the left a node must go to be in the free part of the canvas, and stay on it. */
function findShift(node: NodePicture, { x, zoom }: Viewport, width: number): number {
  const covered = (node.x + node.width) * zoom + x + MARGIN - width;
  const room = node.x * zoom + x - MARGIN;
  return Math.max(0, Math.min(covered, room));
}

function isSame(first: Viewport, second: Viewport): boolean {
  const near = (a: number, b: number): boolean => Math.abs(a - b) < 1;
  return near(first.x, second.x) && near(first.y, second.y) && first.zoom === second.zoom;
}

/** When the edge being made is given up by Escape, the library must forget it too. */
function useWireEnd(): void {
  const wiring = useEditor(state => state.wiring);
  const flow = useStoreApi();
  useEffect(() => {
    if (!wiring && flow.getState().connection.inProgress) flow.getState().cancelConnection();
  }, [wiring, flow]);
}

export function calm(): boolean {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches;
}

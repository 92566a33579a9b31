// A transport in, one editor's whole state out. One store per rendered view; nothing is shared.
import { createStore, type StoreApi } from 'zustand/vanilla';
import { outlineFlow, type End, type Outline } from '../graph/outline';
import type { GraphState, Notice } from '../graph/state';
import { NO_PLAN, type PlanState } from '../graph/forecast';
import type { Inside } from './looker';
import type { Verdict } from '../graph/connection';
import type { DiagnosticPicture, FlowPicture, RoutePicture } from '../protocol/generated';

export interface Toast extends Notice {
  readonly id: number;
}

/** An edge being made: from one end, towards whatever is pointed at. */
export interface Wiring {
  readonly from: End;
  readonly how: 'drag' | 'click';
  readonly over: End | null;
  /** Verdicts by `node.connector`, each asked once per wiring. */
  readonly verdicts: Map<string, Verdict | null>;
}

/** A place on the canvas where a new node may go, with the end it should connect to. */
export interface Offer {
  readonly from: End;
  readonly screen: { readonly x: number; readonly y: number };
  readonly place: { readonly x: number; readonly y: number };
}

/** The node whose menu is open, and where, in pixels from the editor's corner. */
export interface Menu {
  readonly node: string;
  readonly x: number;
  readonly y: number;
}

export type Popover = 'flow' | 'run' | 'diagnostics' | 'shortcuts' | null;

export interface EditorState {
  readonly graph: GraphState;
  readonly outline: Outline;
  readonly findings: ReadonlyMap<string, readonly DiagnosticPicture[]>;
  readonly connected: boolean;
  readonly selection: ReadonlySet<string>;
  readonly wiring: Wiring | null;
  readonly offer: Offer | null;
  readonly hint: End | null;
  readonly popover: Popover;
  readonly menu: Menu | null;
  readonly paletteOpen: boolean;
  readonly enlarged: boolean;
  readonly toasts: readonly Toast[];
  readonly announcement: string;
  /** Whether the next run takes the outputs of earlier ones, and which nodes run all the same. */
  readonly reuse: boolean;
  readonly force: ReadonlySet<string>;
  readonly plan: PlanState;
  /** Whether the cards tell of the next run, not of the last one, once that has ended. */
  readonly planShown: boolean;
  /** What ran inside the node that was last looked into. */
  readonly inside: Inside | null;
  /** Where a run would go, as the kernel last said. */
  readonly route: RoutePicture | null;
  readonly runValues: { readonly [name: string]: unknown };
  /** A place the canvas should bring into view; counted so that the same place can be asked again. */
  readonly focus: { readonly node: string; readonly field: string; readonly count: number } | null;
}

export type EditorStore = StoreApi<EditorState>;

export function createEditorStore(graph: GraphState, connected: boolean): EditorStore {
  return createStore<EditorState>(() => ({
    graph,
    outline: outlineFlow(graph.flow),
    findings: indexFindings(graph.flow),
    connected,
    selection: new Set<string>(),
    wiring: null,
    offer: null,
    hint: null,
    popover: null,
    menu: null,
    paletteOpen: true,
    enlarged: false,
    toasts: [],
    announcement: '',
    reuse: false,
    force: new Set<string>(),
    plan: NO_PLAN,
    planShown: false,
    inside: null,
    route: null,
    runValues: {},
    focus: null
  }));
}

/** The state with another graph: look-ups follow, and what is gone is no longer selected. */
export function withGraph(state: EditorState, graph: GraphState): Partial<EditorState> {
  if (graph.flow === state.graph.flow) return { graph };
  const outline = outlineFlow(graph.flow);
  const selection = keepExisting(state.selection, outline);
  const force = keepExisting(state.force, outline);
  return { graph, outline, findings: indexFindings(graph.flow), selection, force };
}

function keepExisting(selection: ReadonlySet<string>, outline: Outline): ReadonlySet<string> {
  const kept = [...selection].filter(id => outline.nodes.has(id) || outline.edges.has(id));
  return kept.length === selection.size ? selection : new Set(kept);
}

function indexFindings(flow: FlowPicture): ReadonlyMap<string, readonly DiagnosticPicture[]> {
  const index = new Map<string, DiagnosticPicture[]>();
  for (const each of flow.diagnostics) {
    if (!each.node) continue;
    const list = index.get(each.node);
    if (list) list.push(each);
    else index.set(each.node, [each]);
  }
  return index;
}

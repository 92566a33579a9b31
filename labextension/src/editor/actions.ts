// What a user does in, edits and messages out: the only place where the editor changes anything.
import type { Edit, NodePicture, SetFlow, SetOptions } from '../protocol/generated';
import { optionsOf, type Point } from '../graph/card';
import { pasteFragment, type Fragment } from '../graph/clipboard';
import { setFlowEdit, type Positions } from '../graph/edit';
import { parseEdge, specOf } from '../graph/outline';
import { freeId, freePlace, takenIds } from '../graph/placement';
import { waitFor } from '../graph/queue';
import { move, request } from '../graph/state';
import type { Transport } from '../transport/transport';
import type { Looker } from './looker';
import { addNodeEdit, type Perform, type SendEdits } from './making';
import { makePlanActions, type PlanActions } from './planActions';
import type { Planner } from './planner';
import type { EditorStore } from './store';
import { addToasts } from './toasts';
import { makeViewActions, type ViewActions } from './viewActions';
import { makeWireActions, type WireActions } from './wireActions';

export interface Actions extends ViewActions, WireActions, PlanActions {
  readonly addNode: (type: string, at: Point) => string;
  readonly pasteNodes: (fragment: Fragment, label: string) => void;
  readonly removeSelection: () => void;
  readonly removeNode: (id: string) => void;
  readonly disconnect: (edgeId: string) => void;
  readonly repair: (edgeId: string) => void;
  readonly setConfig: (id: string, config: { readonly [name: string]: unknown }) => void;
  readonly setOptions: (node: NodePicture, changes: Partial<SetOptions>) => void;
  readonly renameNode: (id: string, to: string) => void;
  /** Change what holds for the flow as a whole. */
  readonly setFlow: (changes: Partial<SetFlow>) => void;
  readonly moveNodes: (positions: Positions) => void;
  readonly undo: () => void;
  readonly redo: () => void;
  readonly arrange: () => void;
  readonly run: (parameters: { readonly [name: string]: unknown }) => void;
  /** Go on with the last run, with other values for the parameters named. */
  readonly resume: (parameters?: { readonly [name: string]: unknown }) => void;
  readonly cancel: (node?: string) => void;
  /** Ask what ran inside a node run. */
  readonly lookInside: (runId: string, node: string) => void;
}

export function makeActions(
  store: EditorStore,
  transport: Transport,
  perform: Perform,
  planner: Planner,
  looker: Looker
): Actions {
  const nextId = makeIds();
  const edit: SendEdits = (edits, positions = {}) => {
    if (edits.length === 0) return;
    perform(request(store.getState().graph, waitFor(nextId(), 'edit', { edits, positions })));
  };
  const ask = (kind: 'undo' | 'redo' | 'arrange'): void =>
    perform(request(store.getState().graph, waitFor(nextId(), kind)));
  return {
    ...makeViewActions(store),
    ...makeWireActions(store, edit),
    ...makePlanActions(store, planner),
    ...makeNodeActions(store, edit),
    ...makeEdgeActions(store, edit),
    moveNodes: positions => perform(move(store.getState().graph, nextId(), positions)),
    setFlow: changes => edit([setFlowEdit(store.getState().graph.flow, changes)]),
    undo: () => ask('undo'),
    redo: () => ask('redo'),
    arrange: () => ask('arrange'),
    run: parameters => {
      store.setState({ ...STARTED, runValues: parameters });
      const { reuse, force: forced, graph } = store.getState();
      const force = reuse ? [...forced] : [];
      perform(request(graph, waitFor(nextId(), 'run', { parameters, reuse, force })));
    },
    resume: parameters => {
      const { graph, force: forced } = store.getState();
      if (!graph.run) return;
      store.setState(parameters ? { ...STARTED, runValues: parameters } : STARTED);
      const details = { runId: graph.run.run_id, parameters: parameters ?? {}, force: [...forced] };
      perform(request(graph, waitFor(nextId(), 'resume', details)));
    },
    lookInside: looker.look,
    cancel: (node = '') => {
      const { run } = store.getState().graph;
      if (run) transport.cancel(run.run_id, node);
    }
  };
}

/** What was said of an earlier try is said no more. */
const STARTED = { popover: null, planShown: false, toasts: [], announcement: 'Run started.' };

type NodeActions = Pick<
  Actions,
  | 'addNode'
  | 'pasteNodes'
  | 'removeSelection'
  | 'removeNode'
  | 'setConfig'
  | 'setOptions'
  | 'renameNode'
>;

function makeNodeActions(store: EditorStore, edit: SendEdits): NodeActions {
  return {
    addNode: (typeName, at) => {
      const { flow, palette } = store.getState().graph;
      const type = palette.types.get(typeName);
      if (!type) return '';
      const id = freeId(typeName, takenIds(flow));
      edit([addNodeEdit(id, typeName)], { [id]: freePlace(flow, type, at) });
      store.setState({ selection: new Set([id]), announcement: `${id} added.` });
      return id;
    },
    pasteNodes: (fragment, label) => {
      const { edits, positions, ids } = pasteFragment(store.getState().graph.flow, fragment, label);
      edit(edits, positions);
      store.setState({ selection: new Set(ids), announcement: `${ids.length} nodes pasted.` });
    },
    removeSelection: () => {
      const { selection, outline } = store.getState();
      const nodes = [...selection].filter(id => outline.nodes.has(id));
      const gone = new Set(nodes);
      const edges = [...selection].flatMap(id => outline.edges.get(id) ?? []);
      const edits: Edit[] = [
        ...edges
          .filter(edge => !gone.has(edge.source) && !gone.has(edge.target))
          .map(edge => ({ kind: 'disconnect' as const, edge: specOf(edge) })),
        ...nodes.map(id => ({ kind: 'remove_node' as const, id }))
      ];
      edit(
        edits.length > 1 ? [{ kind: 'batch', edits, label: `remove ${edits.length} items` }] : edits
      );
    },
    removeNode: id => edit([{ kind: 'remove_node', id }]),
    setConfig: (id, config) => edit([{ kind: 'set_config', id, config }]),
    setOptions: (node, changes) => {
      edit([{ ...optionsOf(node), ...changes, kind: 'set_options', id: node.id }]);
    },
    renameNode: (id, to) => {
      const { force } = store.getState();
      const forced = force.has(id) && new Set([...force].map(each => (each === id ? to : each)));
      edit([{ kind: 'rename_node', id, to }]);
      if (!store.getState().outline.nodes.has(to)) return;
      store.setState({ selection: new Set([to]), ...(forced ? { force: forced } : {}) });
    }
  };
}

function makeEdgeActions(
  store: EditorStore,
  edit: SendEdits
): Pick<Actions, 'disconnect' | 'repair'> {
  return {
    disconnect: id => {
      const edge = store.getState().outline.edges.get(id);
      if (edge) edit([{ kind: 'disconnect', edge: specOf(edge) }]);
    },
    repair: id => {
      const edge = store.getState().outline.edges.get(id);
      const better = edge && parseEdge(edge.repair);
      if (!better) {
        addToasts(store, [NO_REPAIR]);
        return;
      }
      const edits: readonly Edit[] = [
        { kind: 'disconnect', edge: specOf(edge) },
        { kind: 'connect', edge: better, index: null }
      ];
      edit([{ kind: 'batch', edits, label: `repair ${id}` }]);
    }
  };
}

const NO_REPAIR = {
  tone: 'note',
  code: 'edge.no_repair',
  message: 'There is no connector this edge fits.',
  suggestion: 'Disconnect it and lead a new one.'
} as const;

/** Message ids that no other view of the same flow uses. */
function makeIds(): () => string {
  const view = Math.random().toString(36).slice(2, 8);
  let count = 0;
  return () => `${view}-${(count += 1)}`;
}

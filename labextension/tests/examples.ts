// Small flows, palettes and messages that the tests share.
import { cardHeight } from '../src/graph/card';
import { edgeId, parseEdge } from '../src/graph/outline';
import { indexPalette, type Palette } from '../src/graph/palette';
import { NEVER_RAN, NO_RUN, NO_STATUS } from '../ui-tests/blank';
import type {
  ConnectorPicture,
  EdgePicture,
  EdgeSpec,
  FlowPicture,
  ForecastPicture,
  NodeForecastPicture,
  NodePicture,
  NodeStatus,
  PalettePicture,
  Patch,
  RetrySpec,
  RunPicture,
  Snapshot,
  TypePicture,
  VerdictPicture
} from '../src/protocol/generated';

export function connector(
  name: string,
  types: readonly string[],
  changes: Partial<ConnectorPicture> = {}
): ConnectorPicture {
  return {
    name,
    types,
    type_key: types.join('|'),
    cardinality: 'one',
    side: 'left',
    description: '',
    required: true,
    secret: false,
    ...changes
  };
}

export function output(name: string, types: readonly string[]): ConnectorPicture {
  return connector(name, types, { cardinality: 'many', side: 'right', required: false });
}

export const RETRY: RetrySpec = {
  delay: 0,
  backoff: 1,
  max_delay: 3600,
  jitter: 0,
  on: ['raised'],
  errors: []
};

export function type(name: string, changes: Partial<TypePicture> = {}): TypePicture {
  return {
    type: name,
    label: name,
    description: `About ${name}.`,
    category: 'General',
    tags: [],
    icon: '',
    origin: 'cell',
    version: 'v1',
    runner: 'thread',
    timeout: null,
    retries: 0,
    retry: RETRY,
    no_retry: '',
    memory_mb: null,
    side_effects: false,
    unavailable: '',
    inputs: [],
    outputs: [],
    config_schema: {},
    config_defaults: {},
    search: name.toLowerCase(),
    ...changes
  };
}

export const TYPES: readonly TypePicture[] = [
  type('Load', { category: 'Sources', outputs: [output('table', ['TABLE'])] }),
  type('Late', {
    inputs: [connector('flights', ['TABLE'])],
    outputs: [output('output', ['TABLE'])],
    config_schema: {
      type: 'object',
      properties: { minutes: { type: 'number', default: 15, minimum: 0, title: 'Minutes' } }
    }
  }),
  type('Count', {
    inputs: [connector('table', ['TABLE', 'LIST'])],
    outputs: [output('count', ['INTEGER']), output('note', ['ANY'])]
  }),
  type('Merge', {
    inputs: [connector('tables', ['TABLE'], { cardinality: 'many' })],
    outputs: [connector('merged', ['TABLE'], { side: 'right', required: false })]
  })
];

const ok = (reason: string): VerdictPicture => ({
  verdict: 'ok',
  code: 'types.same',
  reason,
  suggestion: ''
});

const TABLES = ok('Both are TABLE.');
const NO: VerdictPicture = {
  verdict: 'no',
  code: 'types.mismatch',
  reason: 'INTEGER does not become TABLE by itself.',
  suggestion: 'Put a node from INTEGER to TABLE between them.'
};
const MAYBE: VerdictPicture = {
  verdict: 'unknown',
  code: 'types.unknown',
  reason: 'ANY may or may not hold TABLE; each value is checked at run time.',
  suggestion: ''
};

export const PALETTE: PalettePicture = {
  revision: 1,
  types: TYPES,
  table: {
    TABLE: { TABLE: TABLES, 'TABLE|LIST': TABLES },
    INTEGER: { TABLE: NO, 'TABLE|LIST': NO },
    ANY: { TABLE: MAYBE, 'TABLE|LIST': MAYBE }
  },
  rules: {
    'edge.unknown_node': { message: 'There is no node {node}.', suggestion: '{hint}' },
    'edge.unknown_connector': {
      message: '{node} ({type}) has no {kind} {connector}.',
      suggestion: '{hint}'
    },
    'edge.undefined_type': {
      message: 'The node type {type} of {node} is not defined here.',
      suggestion: 'Run the cell that defines {type}.'
    },
    'edge.direction': { message: '{node}.{connector} is no {kind}.', suggestion: 'Turn it.' },
    'edge.self_loop': {
      message: '{source} cannot feed itself.',
      suggestion: 'Put a node between.'
    },
    'edge.duplicate': { message: '{edge} is already there.', suggestion: 'One is enough.' },
    'edge.input_taken': {
      message: '{target}.{input} takes one edge and has {taken_by}.',
      suggestion: 'Remove that edge first.'
    },
    'edge.output_taken': {
      message: '{source}.{output} takes one edge and has {taken_by}.',
      suggestion: 'Remove that edge first.'
    },
    'edge.cycle': { message: 'This closes a cycle: {path}.', suggestion: 'Remove one edge.' }
  }
};

export function palette(): Palette {
  return indexPalette(PALETTE);
}

export function node(
  id: string,
  typeName: string,
  changes: Partial<NodePicture> = {}
): NodePicture {
  const found = TYPES.find(each => each.type === typeName);
  const inputs = found?.inputs ?? [];
  const outputs = found?.outputs ?? [];
  return {
    id,
    type: typeName,
    label: id,
    x: 0,
    y: 0,
    width: 220,
    height: cardHeight(inputs, outputs),
    category: found?.category ?? '',
    icon: '',
    config: {},
    missing: found === undefined,
    stale: false,
    unavailable: '',
    version: 'v1',
    inputs,
    outputs,
    timeout: null,
    runner: '',
    retries: null,
    retry: null,
    trigger: 'all_success',
    memory_mb: null,
    disabled: false,
    effective_runner: 'thread',
    effective_timeout: 300,
    ...changes
  };
}

export function spec(text: string): EdgeSpec {
  const edge = parseEdge(text);
  if (!edge) throw new Error(`${text} is no edge`);
  return edge;
}

export function edge(text: string, changes: Partial<EdgePicture> = {}): EdgePicture {
  const ends = spec(text);
  return {
    ...ends,
    id: edgeId(ends),
    verdict: 'ok',
    reason: 'Both are TABLE.',
    broken: '',
    repair: '',
    ...changes
  };
}

export function flow(changes: Partial<FlowPicture> = {}): FlowPicture {
  return {
    revision: 3,
    name: 'delays',
    description: '',
    parameters: [],
    nodes: [
      node('load', 'Load'),
      node('late', 'Late', { x: 300 }),
      node('count', 'Count', { x: 600 })
    ],
    edges: [edge('load.table -> late.flights')],
    diagnostics: [],
    failure_policy: 'continue',
    timeout: null,
    node_timeout: null,
    backend: null,
    undo: '',
    redo: '',
    ...changes
  };
}

export function snapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return { kind: 'snapshot', reply_to: '', run: null, flow: flow(), palette: PALETTE, ...changes };
}

/** A patch that changes nothing but the revision, from which a test departs. */
export function patch(from: FlowPicture, changes: Partial<Patch> = {}): Patch {
  return {
    kind: 'patch',
    base_revision: from.revision,
    revision: from.revision + 1,
    reply_to: '',
    nodes: [],
    removed_nodes: [],
    node_order: [],
    edges: [],
    removed_edges: [],
    edge_order: [],
    diagnostics: from.diagnostics,
    parameters: from.parameters,
    description: from.description,
    failure_policy: from.failure_policy,
    timeout: from.timeout,
    node_timeout: from.node_timeout,
    backend: from.backend,
    undo: 'x',
    redo: '',
    ...changes
  };
}

export function status(state: string, changes: Partial<NodeStatus> = {}): NodeStatus {
  return { ...NO_STATUS, state, attempts: 1, ...changes };
}

export function foreseen(
  action: NodeForecastPicture['action'],
  changes: Partial<NodeForecastPicture> = {}
): NodeForecastPicture {
  return { ...NEVER_RAN, why: '', action, ...changes };
}

export function forecast(nodes: ForecastPicture['nodes'], revision = 3): ForecastPicture {
  return { revision, nodes, force: [] };
}

export function run(changes: Partial<RunPicture> = {}): RunPicture {
  return { ...NO_RUN, run_id: 'r1', started_at: 100, now: 101, ...changes };
}

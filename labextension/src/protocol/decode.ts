// Anything a kernel may send in, a message or a snapshot of the right shape out; the rest is null.
import type { Reply, Snapshot } from './generated';

type Shape = 'text' | 'number' | 'list' | 'map' | 'mapOrNull' | 'flag';

const SHAPES: { readonly [kind in Reply['kind']]: { readonly [field: string]: Shape } } = {
  snapshot: { flow: 'map', palette: 'map', run: 'mapOrNull', reply_to: 'text' },
  patch: {
    base_revision: 'number',
    revision: 'number',
    reply_to: 'text',
    nodes: 'list',
    removed_nodes: 'list',
    node_order: 'list',
    edges: 'list',
    removed_edges: 'list',
    edge_order: 'list',
    diagnostics: 'list',
    parameters: 'list'
  },
  refused: { reply_to: 'text', code: 'text', message: 'text', suggestion: 'text' },
  moved: { positions: 'map', origin: 'text' },
  palette: { palette: 'map' },
  status: { run: 'map', whole: 'flag', reply_to: 'text' },
  planned: { forecast: 'map', reply_to: 'text' },
  routed: { route: 'map', reply_to: 'text' },
  looked: { run: 'mapOrNull', total: 'number', reply_to: 'text' }
};

const FLOW: { readonly [field: string]: Shape } = {
  revision: 'number',
  name: 'text',
  parameters: 'list',
  nodes: 'list',
  edges: 'list',
  diagnostics: 'list'
};
const PALETTE: { readonly [field: string]: Shape } = { types: 'list', table: 'map', rules: 'map' };
const FORECAST: { readonly [field: string]: Shape } = { revision: 'number', nodes: 'map' };
const ROUTE: { readonly [field: string]: Shape } = { levels: 'list', backends: 'list' };
const RUN: { readonly [field: string]: Shape } = { run_id: 'text', state: 'text', nodes: 'map' };

/** Return the message if it is one this editor knows, else null: newer kernels may say more. */
export function readReply(content: unknown): Reply | null {
  if (!isMap(content) || !isKnownKind(content.kind)) return null;
  if (!matches(content, SHAPES[content.kind])) return null;
  return hasWholePictures(content) ? (content as unknown as Reply) : null;
}

/** Return the snapshot that the widget's trait holds, or null where it holds none. */
export function readSnapshot(content: unknown): Snapshot | null {
  if (!isMap(content)) return null;
  const reply = readReply({ reply_to: '', run: null, ...content, kind: 'snapshot' });
  return reply?.kind === 'snapshot' ? reply : null;
}

function hasWholePictures(content: { readonly [field: string]: unknown }): boolean {
  if (isMap(content.flow) && !matches(content.flow, FLOW)) return false;
  if (isMap(content.palette) && !matches(content.palette, PALETTE)) return false;
  if (isMap(content.forecast) && !matches(content.forecast, FORECAST)) return false;
  if (isMap(content.route) && !matches(content.route, ROUTE)) return false;
  return !isMap(content.run) || matches(content.run, RUN);
}

function isKnownKind(kind: unknown): kind is Reply['kind'] {
  return typeof kind === 'string' && Object.hasOwn(SHAPES, kind);
}

function matches(
  content: { readonly [field: string]: unknown },
  shape: { readonly [field: string]: Shape }
): boolean {
  return Object.entries(shape).every(([field, wanted]) => fits(content[field], wanted));
}

function fits(value: unknown, wanted: Shape): boolean {
  switch (wanted) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'flag':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value);
    case 'map':
      return isMap(value);
    case 'mapOrNull':
      return value === null || isMap(value);
  }
}

function isMap(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

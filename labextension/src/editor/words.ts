// Connectors and types in, the words and colours for them out.
import type { ConnectorPicture } from '../protocol/generated';
import type { Direction } from '../graph/outline';

interface Described extends ConnectorPicture {
  readonly direction: Direction;
  readonly ghost: boolean;
}

/** The style sheet holds a colour for each of the data types, for light and for dark. */
export function colourOf(type: string | undefined): string {
  return type ? `var(--dagy-type-${type.toLowerCase()}, var(--dagy-type-any))` : 'var(--dagy-bad)';
}

const CATEGORIES = 8;

/** The colour of a category, chosen as dagy_nb/protocol/ink.py does: FNV-1a over its name. */
export function categoryColour(category: string): string {
  const name = category.trim().toLowerCase();
  if (name === '' || name === 'general') return 'var(--dagy-category-plain)';
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) {
    value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  }
  return `var(--dagy-category-${value % CATEGORIES})`;
}

export function wordCardinality(connector: ConnectorPicture, direction: Direction): string {
  if (direction === 'output') {
    return connector.cardinality === 'one' ? 'one edge at most' : 'any number of edges';
  }
  if (connector.cardinality === 'many') return 'one or more edges, given as a list';
  return connector.cardinality === 'optional' ? 'optional, one edge at most' : 'needs one edge';
}

/** All about a connector in one line, for the ear. */
export function wordConnector(connector: Described): string {
  const { name, direction, types, ghost } = connector;
  if (ghost) return `${direction} ${name}, gone: only an edge still names it`;
  const parts = [`${direction} ${name}`, types.join(' or '), wordCardinality(connector, direction)];
  if (connector.secret) parts.push('secret');
  if (connector.description) parts.push(connector.description);
  return parts.join(', ');
}

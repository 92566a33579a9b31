// A flow picture in, React Flow's nodes and edges out: the only translation between the two.
//
// Objects are kept from the last translation wherever nothing about them changed, so that a
// memoised card is drawn again only when it must be.
import { Position, type Edge, type Node, type NodeHandle } from '@xyflow/react';
import type { ConnectorPicture, EdgePicture, NodePicture } from '../protocol/generated';
import { BAND_HEIGHT, CARD_WIDTH, HEADER_HEIGHT, ROW_HEIGHT, cardHeight } from '../graph/card';
import { findConnector, type Direction, type Outline } from '../graph/outline';

/** A connector as a card shows it; a ghost is named only by an edge. */
export interface CardConnector extends ConnectorPicture {
  readonly direction: Direction;
  readonly ghost: boolean;
}

export interface CardData extends Record<string, unknown> {
  readonly picture: NodePicture;
  readonly connectors: readonly CardConnector[];
  readonly ghosts: readonly CardConnector[];
  readonly height: number;
  readonly handles: NodeHandle[];
}

export type CardNode = Node<CardData, 'card'>;
export type WireEdge = Edge<{ readonly picture: EdgePicture; readonly type: string }, 'wire'>;

export function handleId(name: string, direction: Direction): string {
  return `${direction}.${name}`;
}

/** The connector that a handle's id stands for. */
export function readHandle(id: string | null | undefined): { name: string; direction: Direction } {
  const [direction = '', name = ''] = (id ?? '').split('.', 2);
  return { name, direction: direction === 'output' ? 'output' : 'input' };
}

const SIDES = {
  left: Position.Left,
  right: Position.Right,
  top: Position.Top,
  bottom: Position.Bottom
} as const;

export function positionOf(side: ConnectorPicture['side']): Position {
  return SIDES[side];
}

type Ghosts = ReadonlyMap<string, readonly CardConnector[]>;

/** Node id → connectors that only edges name: vanished ones, or those of an undefined type. */
function findGhosts(outline: Outline): Ghosts {
  const ghosts = new Map<string, CardConnector[]>();
  const note = (id: string, name: string, direction: Direction): void => {
    const node = outline.nodes.get(id);
    if (!node || findConnector(node, name, direction)) return;
    const known = ghosts.get(id) ?? [];
    if (known.some(each => each.name === name && each.direction === direction)) return;
    ghosts.set(id, [...known, makeGhost(name, direction)]);
  };
  for (const edge of outline.edges.values()) {
    note(edge.source, edge.output, 'output');
    note(edge.target, edge.input, 'input');
  }
  return ghosts;
}

function makeGhost(name: string, direction: Direction): CardConnector {
  return {
    name,
    direction,
    ghost: true,
    types: [],
    type_key: '',
    cardinality: 'many',
    side: direction === 'input' ? 'left' : 'right',
    description: '',
    required: false,
    secret: false
  };
}

/** What each card shows; a card that shows the same as before keeps its data. */
export function drawCards(
  before: ReadonlyMap<string, CardData>,
  outline: Outline
): ReadonlyMap<string, CardData> {
  const ghosts = findGhosts(outline);
  return new Map(
    [...outline.nodes.values()].map(node => {
      const known = before.get(node.id);
      const own = ghosts.get(node.id) ?? [];
      const same = known?.picture === node && sameNames(known.ghosts, own);
      return [node.id, same ? known : drawCard(node, own)];
    })
  );
}

function drawCard(node: NodePicture, ghosts: readonly CardConnector[]): CardData {
  const connectors = [
    ...node.inputs.map(each => ({ ...each, direction: 'input' as const, ghost: false })),
    ...node.outputs.map(each => ({ ...each, direction: 'output' as const, ghost: false })),
    ...ghosts
  ];
  const height = cardHeight(connectors, []);
  const width = node.width || CARD_WIDTH;
  return {
    picture: node,
    connectors,
    ghosts,
    height,
    handles: placeHandles(connectors, width, height)
  };
}

function sameNames(first: readonly CardConnector[], second: readonly CardConnector[]): boolean {
  return (
    first.length === second.length &&
    first.every((each, index) => each.name === second[index]?.name)
  );
}

/** Where each handle is, as the style sheet lays the rows out; so nothing needs measuring. */
function placeHandles(
  connectors: readonly CardConnector[],
  width: number,
  height: number
): NodeHandle[] {
  const bySide = (side: ConnectorPicture['side']): readonly CardConnector[] =>
    connectors.filter(each => each.side === side);
  const top = bySide('top').length > 0 ? BAND_HEIGHT : 0;
  const rows = (side: 'left' | 'right'): NodeHandle[] =>
    bySide(side).map((each, index) =>
      makeHandle(
        each,
        side === 'left' ? 0 : width,
        top + HEADER_HEIGHT + ROW_HEIGHT * (index + 0.5)
      )
    );
  const band = (side: 'top' | 'bottom', y: number): NodeHandle[] =>
    bySide(side).map((each, index, all) =>
      makeHandle(each, (width * (index + 1)) / (all.length + 1), y)
    );
  return [...rows('left'), ...rows('right'), ...band('top', 0), ...band('bottom', height)];
}

function makeHandle(connector: CardConnector, x: number, y: number): NodeHandle {
  return {
    id: handleId(connector.name, connector.direction),
    type: connector.direction === 'output' ? 'source' : 'target',
    position: positionOf(connector.side),
    x,
    y,
    width: 0,
    height: 0
  };
}

export function drawEdge(edge: EdgePicture, outline: Outline, selected: boolean): WireEdge {
  const source = outline.nodes.get(edge.source);
  const output = source?.outputs.find(each => each.name === edge.output);
  return {
    id: edge.id,
    type: 'wire',
    source: edge.source,
    target: edge.target,
    sourceHandle: handleId(edge.output, 'output'),
    targetHandle: handleId(edge.input, 'input'),
    selected,
    data: { picture: edge, type: output?.types[0] ?? 'ANY' },
    ariaLabel: describeEdge(edge)
  };
}

function describeEdge(edge: EdgePicture): string {
  const state = edge.broken
    ? `broken: ${edge.broken}`
    : edge.verdict === 'unknown'
      ? edge.reason
      : '';
  return [`Edge from ${edge.source}.${edge.output} to ${edge.target}.${edge.input}`, state]
    .filter(Boolean)
    .join(', ');
}

// A node entry and its type in, the picture of its card out: what the kernel will draw, guessed early.
import type {
  ConnectorPicture,
  NodeEntry,
  NodePicture,
  SetOptions,
  TypePicture
} from '../protocol/generated';

export const CARD_WIDTH = 220;
export const HEADER_HEIGHT = 46;
export const ROW_HEIGHT = 24;
export const BAND_HEIGHT = 22;
export const FOOTER_HEIGHT = 26;

export interface Point {
  readonly x: number;
  readonly y: number;
}

type Connectors = readonly ConnectorPicture[];

/** The height that dagy_nb gives a card with these connectors. */
export function cardHeight(inputs: Connectors, outputs: Connectors): number {
  const all = [...inputs, ...outputs];
  const count = (side: ConnectorPicture['side']): number =>
    all.filter(connector => connector.side === side).length;
  const rows = Math.max(count('left'), count('right'));
  const bands = (count('top') > 0 ? 1 : 0) + (count('bottom') > 0 ? 1 : 0);
  return HEADER_HEIGHT + ROW_HEIGHT * rows + BAND_HEIGHT * bands + FOOTER_HEIGHT;
}

export function drawNode(entry: NodeEntry, type: TypePicture | undefined, at: Point): NodePicture {
  const inputs = type?.inputs ?? [];
  const outputs = type?.outputs ?? [];
  return {
    id: entry.id,
    type: entry.type,
    label: entry.label,
    x: at.x,
    y: at.y,
    width: CARD_WIDTH,
    height: cardHeight(inputs, outputs),
    category: type?.category ?? '',
    icon: type?.icon ?? '',
    config: entry.config,
    missing: type === undefined,
    stale: false,
    unavailable: type?.unavailable ?? '',
    version: type?.version ?? '',
    inputs,
    outputs,
    timeout: entry.timeout,
    runner: entry.runner ?? '',
    retries: entry.retries,
    retry: entry.retry,
    trigger: entry.trigger,
    memory_mb: entry.memory_mb,
    disabled: entry.disabled,
    effective_runner: entry.runner ?? type?.runner ?? '',
    effective_timeout: entry.timeout ?? type?.timeout ?? null
  };
}

/** The entry that a node's picture was drawn from. */
export function entryOf(node: NodePicture): NodeEntry {
  return {
    id: node.id,
    type: node.type,
    config: node.config,
    extra: {},
    ...optionsOf(node)
  };
}

export type Options = Omit<SetOptions, 'kind' | 'id'>;

/** All options of a node: an edit replaces them all, so that none may be left out. */
export function optionsOf(node: NodePicture): Options {
  return {
    label: node.label === node.id ? '' : node.label,
    timeout: node.timeout,
    runner: isRunner(node.runner) ? node.runner : null,
    retries: node.retries,
    retry: node.retry,
    trigger: node.trigger,
    memory_mb: node.memory_mb,
    disabled: node.disabled
  };
}

export const RUNNERS = ['inline', 'thread', 'process', 'dask'] as const;

function isRunner(name: string): name is (typeof RUNNERS)[number] {
  return RUNNERS.some(runner => runner === name);
}

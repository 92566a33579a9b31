// A flow and a wish in, a free id or a free place out.
import type { FlowPicture, NodePicture, TypePicture } from '../protocol/generated';
import { CARD_WIDTH, cardHeight, type Point } from './card';

const GAP = 32;
const COLUMN = CARD_WIDTH + 2 * GAP;

/** `DelayByCarrier` becomes `delay_by_carrier`, then `delay_by_carrier_2` and so on. */
export function freeId(wish: string, taken: ReadonlySet<string>): string {
  const base = toIdentifier(wish);
  if (!taken.has(base)) return base;
  const stem = base.replace(/_\d+$/, '');
  for (let count = 2; ; count += 1) {
    const candidate = `${stem}_${count}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** Whether a text can name a node, as in dagy_nb/model/connector.py. */
export function isIdentifier(text: string): boolean {
  return text.length <= 100 && /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

export function takenIds(flow: FlowPicture): ReadonlySet<string> {
  return new Set(flow.nodes.map(node => node.id));
}

/** The place nearest below `wish` where a card of this type covers no other. */
export function freePlace(flow: FlowPicture, type: TypePicture, wish: Point): Point {
  const height = cardHeight(type.inputs, type.outputs);
  let at = { x: Math.round(wish.x), y: Math.round(wish.y) };
  for (;;) {
    const hit = flow.nodes.find(node => overlaps(node, at, height));
    if (!hit) return at;
    at = { x: at.x, y: Math.round(hit.y + hit.height + GAP) };
  }
}

/** A part of the canvas, such as what is in view, in the flow's own units. */
export interface View extends Point {
  readonly width: number;
  readonly height: number;
}

/** Right of the node it follows where that is in view, else the first free place there, row by row, else below. */
export function placeNext(
  flow: FlowPicture,
  type: TypePicture,
  view: View,
  after: NodePicture | undefined
): Point {
  const height = cardHeight(type.inputs, type.outputs);
  const beside = after && freePlace(flow, type, placeAfter(after));
  if (beside && isWithin(view, { ...beside, width: CARD_WIDTH, height })) return beside;
  // Rows and columns go on with those that are there.
  const shown = flow.nodes.filter(node => isWithin(view, node));
  const origins = shown.length > 0 ? shown : [{ x: view.x + GAP, y: view.y + GAP }];
  const left = Math.min(...origins.map(each => each.x));
  const top = Math.min(...origins.map(each => each.y));
  const right = view.x + view.width - CARD_WIDTH;
  const bottom = view.y + view.height - height;
  for (let y = Math.round(top); y <= bottom; y += height + GAP) {
    for (let x = Math.round(left); x <= right; x += COLUMN) {
      if (!flow.nodes.some(node => overlaps(node, { x, y }, height))) return { x, y };
    }
  }
  const below = freePlace(flow, type, { x: left, y: top });
  return shown.length === 0 && beside ? beside : below;
}

/** Whether a card lies wholly in what is in view. */
export function isWithin(view: View, card: View): boolean {
  return (
    card.x >= view.x &&
    card.y >= view.y &&
    card.x + card.width <= view.x + view.width &&
    card.y + card.height <= view.y + view.height
  );
}

/** Right of a node, where the next one in the flow belongs. */
export function placeAfter(node: NodePicture): Point {
  return { x: node.x + COLUMN, y: node.y };
}

function overlaps(node: NodePicture, at: Point, height: number): boolean {
  return (
    at.x < node.x + node.width + GAP / 2 &&
    at.x + CARD_WIDTH + GAP / 2 > node.x &&
    at.y < node.y + node.height + GAP / 2 &&
    at.y + height + GAP / 2 > node.y
  );
}

function toIdentifier(wish: string): string {
  const words = wish
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 90);
  return isIdentifier(words) ? words : ['node', words].filter(Boolean).join('_');
}

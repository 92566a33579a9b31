// The making of an edge, by dragging or by two clicks (or Enters), step by step.
import type { Point } from '../graph/card';
import type { End } from '../graph/outline';
import { freeId, freePlace, takenIds } from '../graph/placement';
import { addNodeEdit, connectEdit, type SendEdits } from './making';
import type { EditorStore, Offer, Wiring } from './store';
import { addToasts } from './toasts';
import { isSameEnd, judgeEnds, startWiring, verdictAt } from './wiring';

export interface WireActions {
  readonly beginWire: (from: End, how: Wiring['how']) => void;
  readonly pointWire: (over: End | null) => void;
  /** Lead the edge here, or say why not. */
  readonly finishWire: (to: End) => void;
  readonly cancelWire: () => void;
  readonly offerTypes: (offer: Offer | null) => void;
  /** Add a node of this type where the edge was dropped, and connect it. */
  readonly takeOffer: (type: string, connector: string) => void;
}

export function makeWireActions(store: EditorStore, edit: SendEdits): WireActions {
  return {
    beginWire: (from, how) => {
      const announcement = how === 'click' ? sayBegin(from) : store.getState().announcement;
      store.setState({ wiring: startWiring(from, how), hint: null, offer: null, announcement });
    },
    pointWire: over => point(store, over),
    finishWire: to => finish(store, edit, to),
    cancelWire: () => store.setState({ wiring: null }),
    offerTypes: offer => store.setState({ offer, wiring: null }),
    takeOffer: (type, connector) => takeOffer(store, edit, type, connector)
  };
}

function sayBegin(from: End): string {
  const wanted = from.direction === 'output' ? 'an input' : 'an output';
  return `Connecting ${from.node}.${from.connector}. Move to ${wanted} and press Enter; Escape ends.`;
}

function point(store: EditorStore, over: End | null): void {
  const { wiring } = store.getState();
  if (!wiring || wiring.over === over || isSameEnd(wiring.over, over)) return;
  store.setState({ wiring: { ...wiring, over } });
  const verdict = over && verdictAt(store.getState(), over);
  if (!over || !verdict) return;
  const word = { ok: 'Fits', unknown: 'May fit', no: 'Does not fit' }[verdict.verdict];
  const text = `${over.node}.${over.connector}: ${word}. ${verdict.reason} ${verdict.suggestion}`;
  store.setState({ announcement: text.trim() });
}

function finish(store: EditorStore, edit: SendEdits, to: End): void {
  const state = store.getState();
  const { wiring } = state;
  store.setState({ wiring: null });
  if (!wiring || isSameEnd(wiring.from, to)) return;
  const { verdict, reason, suggestion, code } = judgeEnds(state, wiring.from, to);
  if (verdict === 'no') {
    addToasts(store, [{ tone: 'error', message: reason, suggestion, code }]);
    return;
  }
  const change = connectEdit(wiring.from, to);
  if (!change) return;
  edit([change]);
  store.setState({ announcement: `Connected to ${to.node}.${to.connector}.` });
}

function takeOffer(store: EditorStore, edit: SendEdits, type: string, connector: string): void {
  const { offer, graph } = store.getState();
  const picture = graph.palette.types.get(type);
  store.setState({ offer: null });
  if (!offer || !picture) return;
  const id = freeId(type, takenIds(graph.flow));
  const direction = offer.from.direction === 'output' ? 'input' : 'output';
  const connect = connectEdit(offer.from, { node: id, connector, direction });
  const wish: Point = { x: offer.place.x, y: offer.place.y - 40 };
  const edits = [addNodeEdit(id, type), ...(connect ? [connect] : [])];
  edit([{ kind: 'batch', edits, label: `add ${id} after ${offer.from.node}` }], {
    [id]: freePlace(graph.flow, picture, wish)
  });
  store.setState({ selection: new Set([id]), announcement: `${id} added and connected.` });
}

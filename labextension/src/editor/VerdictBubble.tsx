// The edge being made in, words beside the pointer out: whether it fits, why, and what to do.
import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import { useConnection, type ConnectionState, type InternalNode } from '@xyflow/react';
import type { Verdict } from '../graph/connection';
import type { End } from '../graph/outline';
import { useActions, useEditor, useEditorStore } from './context';
import { Icon } from './Icon';
import { readHandle, type CardNode } from './reactFlow';
import { Spoken } from './Spoken';
import type { Wiring } from './store';
import { bestEnd, isSameEnd, verdictAt } from './wiring';

interface BubbleProps {
  readonly canvas: RefObject<HTMLDivElement | null>;
}

export function VerdictBubble({ canvas }: BubbleProps) {
  const wiring = useEditor(state => state.wiring);
  const verdict = useEditor(state =>
    state.wiring?.over ? verdictAt(state, state.wiring.over) : null
  );
  const pointer = usePointer(canvas, wiring);
  if (!wiring || !pointer) return null;
  return (
    <Placed at={pointer} canvas={canvas}>
      {verdict && wiring.over ? (
        <Words verdict={verdict} wiring={wiring} over={wiring.over} />
      ) : (
        <Advice from={wiring.from} />
      )}
    </Placed>
  );
}

const HEADS = {
  ok: { icon: 'check', word: 'Fits' },
  unknown: { icon: 'question', word: 'May fit' },
  no: { icon: 'cross', word: 'Does not fit' }
} as const;

interface WordsProps {
  readonly verdict: Verdict;
  readonly wiring: Wiring;
  readonly over: End;
}

function Words({ verdict, wiring, over }: WordsProps) {
  const [from, to] = wiring.from.direction === 'output' ? [wiring.from, over] : [over, wiring.from];
  const { icon, word } = HEADS[verdict.verdict];
  return (
    <div className={`dagy-bubble verdict-${verdict.verdict}`} data-code={verdict.code}>
      <div className="dagy-bubble-head">
        <span className="dagy-bubble-mark">
          <Icon name={icon} size={12} />
        </span>
        <b>{word}</b>
      </div>
      <p className="dagy-bubble-ends">
        {from.node}.{from.connector} → {to.node}.{to.connector}
      </p>
      <p className="dagy-reason">
        <Spoken text={verdict.reason} />
      </p>
      {verdict.suggestion ? (
        <p className="dagy-suggestion">
          <Spoken text={verdict.suggestion} />
        </p>
      ) : null}
    </div>
  );
}

/** What to look for while no target is near. */
function Advice({ from }: { readonly from: End }) {
  const types = useEditor(state => {
    const node = state.outline.nodes.get(from.node);
    const list = from.direction === 'output' ? node?.outputs : node?.inputs;
    return list?.find(each => each.name === from.connector)?.types.join(' or ') ?? '';
  });
  const wanted = from.direction === 'output' ? `an input for ${types}` : `an output with ${types}`;
  return (
    <div className="dagy-bubble">
      <p className="dagy-reason">Lead it to {wanted}.</p>
      <p className="dagy-legend">
        <Legend verdict="ok" word="fits" />
        <Legend verdict="unknown" word="may fit" />
        <Legend verdict="no" word="does not" />
      </p>
    </div>
  );
}

function Legend({
  verdict,
  word
}: {
  readonly verdict: Verdict['verdict'];
  readonly word: string;
}) {
  return (
    <span className={`dagy-legend-item verdict-${verdict}`}>
      <span className="dagy-bubble-mark">
        <Icon name={HEADS[verdict].icon} size={10} />
      </span>
      {word}
    </span>
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where the pointer, or the focused handle, is in the canvas; tells the store what it points at. */
function usePointer(canvas: BubbleProps['canvas'], wiring: Wiring | null): Point | null {
  const connection = useConnection<CardNode>();
  const actions = useActions();
  const store = useEditorStore();
  const [focused, setFocused] = useState<Point | null>(null);

  useEffect(() => {
    if (!connection.inProgress || store.getState().wiring?.how !== 'drag') return;
    actions.pointWire(endAt(connection, canvas.current, id => bestEnd(store.getState(), id)));
  }, [connection, canvas, actions, store]);

  const clicking = wiring?.how === 'click';
  const over = wiring?.over ?? wiring?.from ?? null;
  useLayoutEffect(() => {
    setFocused(clicking && over ? findHandle(canvas.current, over) : null);
  }, [clicking, over, canvas]);

  return connection.inProgress ? connection.pointer : focused;
}

/** The handle beside the pointer, or the best one of the card under it. */
function endAt(
  connection: ConnectionState<InternalNode<CardNode>>,
  canvas: HTMLElement | null,
  best: (node: string) => End | null
): End | null {
  if (!connection.inProgress || !canvas) return null;
  const { toHandle, fromHandle, pointer } = connection;
  if (toHandle) {
    const { name, direction } = readHandle(toHandle.id);
    const from = readHandle(fromHandle.id);
    const end = { node: toHandle.nodeId, connector: name, direction };
    const start = { node: fromHandle.nodeId, connector: from.name, direction: from.direction };
    return isSameEnd(end, start) ? null : end;
  }
  const box = canvas.getBoundingClientRect();
  const root = canvas.getRootNode() as Document | ShadowRoot;
  const below = root.elementFromPoint(box.x + pointer.x, box.y + pointer.y);
  const id = below?.closest('.react-flow__node')?.getAttribute('data-id');
  return id ? best(id) : null;
}

function findHandle(canvas: HTMLElement | null, end: End): Point | null {
  const handle = canvas?.querySelector(
    `.react-flow__handle[data-nodeid="${end.node}"][data-handleid="${end.direction}.${end.connector}"]`
  );
  if (!canvas || !handle) return null;
  const box = canvas.getBoundingClientRect();
  const at = handle.getBoundingClientRect();
  return { x: at.x - box.x + at.width / 2, y: at.y - box.y + at.height };
}

interface PlacedProps extends BubbleProps {
  readonly at: Point;
  readonly children: React.ReactNode;
}

const GAP = 18;

/** Right below the pointer, or on its other side where there is no room. */
function Placed({ at, canvas, children }: PlacedProps) {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const { offsetWidth: width = 0, offsetHeight: height = 0 } = box.current ?? {};
    setSize(before =>
      before.width === width && before.height === height ? before : { width, height }
    );
  }, [children]);
  const { clientWidth = 0, clientHeight = 0 } = canvas.current ?? {};
  const x = at.x + GAP + size.width > clientWidth ? at.x - GAP - size.width : at.x + GAP;
  const y = at.y + GAP + size.height > clientHeight ? at.y - GAP - size.height : at.y + GAP;
  return (
    <div ref={box} className="dagy-placed" style={{ left: Math.max(4, x), top: Math.max(4, y) }}>
      {children}
    </div>
  );
}

// The connector under the pointer in, a hint on its outer side out: name, types, how many, what for.
import { useLayoutEffect, useState, type CSSProperties, type RefObject } from 'react';
import type { End } from '../graph/outline';
import { findConnector } from '../graph/outline';
import { useEditor } from './context';
import { colourOf, wordCardinality } from './words';

const DELAY = 350;

export function ConnectorHint({ canvas }: { readonly canvas: RefObject<HTMLDivElement | null> }) {
  const hint = useEditor(state => (state.wiring ? null : state.hint));
  const connector = useEditor(state => {
    const node = hint && state.outline.nodes.get(hint.node);
    return node ? findConnector(node, hint.connector, hint.direction) : null;
  });
  const [style, setStyle] = useState<CSSProperties | null>(null);
  const side = connector?.side ?? 'left';
  useLayoutEffect(() => {
    setStyle(null);
    if (!hint) return undefined;
    const timer = setTimeout(() => setStyle(placeBeside(canvas.current, hint, side)), DELAY);
    return () => clearTimeout(timer);
  }, [hint, side, canvas]);
  if (!hint || !connector || !style) return null;
  return (
    <div className={`dagy-hint is-${side}`} style={style} role="tooltip">
      <div className="dagy-hint-head">
        <b>{connector.name}</b>
        <span>{hint.direction}</span>
      </div>
      <div className="dagy-types">
        {connector.types.map(type => (
          <span key={type} className="dagy-type-chip" style={{ '--dagy-type': colourOf(type) }}>
            {type}
          </span>
        ))}
      </div>
      <p>{wordCardinality(connector, hint.direction)}</p>
      {connector.secret ? <p>secret: its values are never shown or recorded</p> : null}
      {connector.description ? <p className="dagy-hint-text">{connector.description}</p> : null}
    </div>
  );
}

const GAP = 10;

/** On the side of the card where the connector is, outside of it. */
function placeBeside(canvas: HTMLElement | null, end: End, side: string): CSSProperties | null {
  const handle = canvas?.querySelector(
    `.react-flow__handle[data-nodeid="${end.node}"][data-handleid="${end.direction}.${end.connector}"]`
  );
  if (!canvas || !handle) return null;
  const box = canvas.getBoundingClientRect();
  const at = handle.getBoundingClientRect();
  const [left, right] = [at.left - box.left, at.right - box.left];
  const [top, bottom] = [at.top - box.top, at.bottom - box.top];
  const middleX = (left + right) / 2;
  const middleY = (top + bottom) / 2;
  switch (side) {
    case 'right':
      return { left: right + GAP, top: middleY, transform: 'translateY(-50%)' };
    case 'top':
      return { left: middleX, top: top - GAP, transform: 'translate(-50%, -100%)' };
    case 'bottom':
      return { left: middleX, top: bottom + GAP, transform: 'translateX(-50%)' };
    default:
      return { left: left - GAP, top: middleY, transform: 'translate(-100%, -50%)' };
  }
}

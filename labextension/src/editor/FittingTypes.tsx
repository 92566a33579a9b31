// An edge dropped on the empty canvas in, the node types it fits out, to add one right there.
import { useEffect, useMemo, useRef, type KeyboardEvent, type RefObject } from 'react';
import type { TypePicture } from '../protocol/generated';
import { findConnector } from '../graph/outline';
import { compareTypes } from '../graph/palette';
import { useActions, useEditor } from './context';
import { NodeIcon } from './Icon';
import type { EditorState } from './store';
import { stepFocus } from './stepFocus';

interface Fit {
  readonly type: TypePicture;
  readonly connector: string;
  readonly sure: boolean;
}

export function FittingTypes({ canvas }: { readonly canvas: RefObject<HTMLDivElement | null> }) {
  const offer = useEditor(state => state.offer);
  const palette = useEditor(state => state.graph.palette);
  const outline = useEditor(state => state.outline);
  const actions = useActions();
  const box = useRef<HTMLDivElement>(null);
  const fits = useMemo(() => listFits(offer, palette, outline), [offer, palette, outline]);
  useEffect(() => {
    if (offer) box.current?.querySelector('button')?.focus();
  }, [offer]);
  if (!offer) return null;
  const { clientWidth = 0, clientHeight = 0 } = canvas.current ?? {};
  const left = Math.max(4, Math.min(offer.screen.x, clientWidth - 236));
  const top = Math.max(4, Math.min(offer.screen.y, clientHeight - 250));
  const end = offer.from.direction === 'output' ? 'after' : 'before';
  return (
    <div
      ref={box}
      className="dagy-menu dagy-fitting nowheel"
      role="menu"
      tabIndex={-1}
      aria-label="Node types that fit"
      style={{ left, top }}
      onKeyDown={(event: KeyboardEvent) => stepFocus(event, box.current)}
    >
      <div className="dagy-menu-head">
        Add {end} {offer.from.node}.{offer.from.connector}
      </div>
      {fits.length === 0 ? <p className="dagy-calm">No node type in the palette fits.</p> : null}
      {fits.map(({ type, connector, sure }) => (
        <button
          key={type.type}
          type="button"
          role="menuitem"
          className="dagy-menu-item"
          onClick={() => actions.takeOffer(type.type, connector)}
        >
          <NodeIcon icon={type.icon} label={type.label} category={type.category} />
          <span className="dagy-names">
            <span className="dagy-label">{type.label}</span>
            <span className="dagy-type">
              {connector}
              {sure ? '' : ' (may fit)'}
            </span>
          </span>
        </button>
      ))}
    </div>
  );
}

function listFits(
  offer: EditorState['offer'],
  palette: EditorState['graph']['palette'],
  outline: EditorState['outline']
): readonly Fit[] {
  const node = offer && outline.nodes.get(offer.from.node);
  const from = node && findConnector(node, offer.from.connector, offer.from.direction);
  if (!offer || !from) return [];
  const forward = offer.from.direction === 'output';
  const fits = palette.picture.types.flatMap(type => {
    if (type.unavailable) return [];
    const others = forward ? type.inputs : type.outputs;
    const verdicts = others.map(each => ({
      type,
      connector: each.name,
      verdict: (forward ? compareTypes(palette, from, each) : compareTypes(palette, each, from))
        ?.verdict
    }));
    const best =
      verdicts.find(each => each.verdict === 'ok') ??
      verdicts.find(each => each.verdict === 'unknown');
    return best ? [{ type, connector: best.connector, sure: best.verdict === 'ok' }] : [];
  });
  return [...fits.filter(each => each.sure), ...fits.filter(each => !each.sure)];
}

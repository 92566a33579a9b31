// A connector in, the end that edges are led from and to out; its verdict while one is being made.
import { memo, useMemo, type KeyboardEvent } from 'react';
import { Handle } from '@xyflow/react';
import type { End } from '../graph/outline';
import { useActions, useEditor, useEditorStore } from './context';
import { Icon } from './Icon';
import type { IconName } from './icons';
import { handleId, positionOf, type CardConnector } from './reactFlow';
import type { EditorState } from './store';
import { colourOf, wordConnector } from './words';
import { isSameEnd, verdictAt } from './wiring';

interface ConnectorProps {
  readonly node: string;
  readonly connector: CardConnector;
  /** Share of the card's width, at the top and the bottom. */
  readonly place?: number;
}

export const ConnectorHandle = memo(function ConnectorHandle(props: ConnectorProps) {
  const { node, connector, place } = props;
  const { name, direction, ghost, side } = connector;
  const end = useMemo<End>(() => ({ node, connector: name, direction }), [node, name, direction]);
  // One subscription that answers with one text: there may be thousands of handles.
  const look = useEditor(state => lookAt(state, end));
  const [verdict = '', role = ''] = look.split(' ');
  const events = useConnectorEvents(end);
  const classes = [
    'dagy-connector',
    `is-${side}`,
    ghost ? 'is-ghost' : '',
    connector.required ? 'is-required' : '',
    verdict ? `verdict-${verdict}` : '',
    role ? `is-${role}` : ''
  ].join(' ');
  return (
    <Handle
      id={handleId(name, direction)}
      type={direction === 'output' ? 'source' : 'target'}
      position={positionOf(side)}
      isConnectable={!ghost}
      className={classes}
      style={{
        '--dagy-type': colourOf(connector.types[0]),
        ...(place === undefined ? {} : { left: `${place * 100}%` })
      }}
      role="button"
      tabIndex={0}
      aria-label={wordConnector(connector)}
      data-verdict={verdict || undefined}
      {...events}
    >
      <span className="dagy-dot">
        <VerdictMark verdict={verdict} />
      </span>
      <span className="dagy-name">
        {name}
        {connector.secret ? <Icon name="lock" size={10} /> : null}
      </span>
    </Handle>
  );
});

/** `ok over`: the verdict on this end and its part in the edge being made. */
function lookAt(state: EditorState, end: End): string {
  const { wiring } = state;
  if (!wiring) return '';
  if (isSameEnd(wiring.from, end)) return ' start';
  const verdict = verdictAt(state, end)?.verdict ?? '';
  return isSameEnd(wiring.over, end) ? `${verdict} over` : verdict;
}

const MARKS: { readonly [verdict: string]: IconName } = {
  ok: 'check',
  unknown: 'question',
  no: 'cross'
};

/** A sign beside the colour, for eyes that do not tell green from red. */
function VerdictMark({ verdict }: { readonly verdict: string }) {
  const mark = MARKS[verdict];
  return mark ? <Icon name={mark} size={9} /> : null;
}

/** Two clicks, or two Enters, make an edge too; a hint shows what the connector takes. */
function useConnectorEvents(end: End) {
  const actions = useActions();
  const store = useEditorStore();
  return useMemo(() => {
    const touch = (): void => {
      const { wiring } = store.getState();
      if (!wiring) actions.beginWire(end, 'click');
      else actions.finishWire(end);
    };
    const enter = (): void => {
      if (store.getState().wiring?.how === 'drag') return;
      actions.showHint(end);
      actions.pointWire(end);
    };
    const leave = (): void => {
      actions.showHint(null);
      if (store.getState().wiring?.how === 'click') actions.pointWire(null);
    };
    return {
      onClick: touch,
      onKeyDown: (event: KeyboardEvent) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        event.stopPropagation();
        touch();
      },
      onMouseEnter: enter,
      onMouseLeave: leave,
      onFocus: enter,
      onBlur: leave
    };
  }, [actions, store, end]);
}

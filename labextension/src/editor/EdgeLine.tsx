// One edge in, its line out; broken ones say why and offer a way out.
import { memo } from 'react';
import { BaseEdge, EdgeLabelRenderer, getBezierPath, type EdgeProps } from '@xyflow/react';
import { parseEdge } from '../graph/outline';
import { isUntaken } from '../graph/status';
import type { EdgePicture } from '../protocol/generated';
import { useActions, useEditor } from './context';
import { Icon } from './Icon';
import type { WireEdge } from './reactFlow';
import { showsPlan } from './tone';
import { colourOf } from './words';

export const EdgeLine = memo(function EdgeLine(props: EdgeProps<WireEdge>) {
  const { id, data, selected, sourceX, sourceY, targetX, targetY } = props;
  const flowing = useEditor(
    state => state.graph.run?.nodes[props.target]?.state === 'RUNNING' && state.connected
  );
  const idle = useEditor(
    state => !showsPlan(state) && isUntaken(data?.picture, data?.type, state.graph.run)
  );
  const [path, middleX, middleY] = getBezierPath({
    sourceX,
    sourceY,
    targetX,
    targetY,
    sourcePosition: props.sourcePosition,
    targetPosition: props.targetPosition
  });
  if (!data) return null;
  const { picture, type } = data;
  const look = picture.broken
    ? 'is-broken'
    : picture.verdict === 'unknown'
      ? 'is-unknown'
      : 'is-ok';
  const classes = `dagy-wire ${look} ${selected ? 'is-selected' : ''} ${flowing ? 'is-flowing' : ''} ${idle ? 'is-untaken' : ''}`;
  return (
    <>
      <BaseEdge
        id={id}
        path={path}
        className={classes}
        interactionWidth={18}
        style={{ '--dagy-type': colourOf(type) }}
      />
      {selected || picture.broken ? (
        <EdgeLabelRenderer>
          <EdgeActions picture={picture} selected={selected === true} x={middleX} y={middleY} />
        </EdgeLabelRenderer>
      ) : null}
    </>
  );
});

interface EdgeActionsProps {
  readonly picture: EdgePicture;
  readonly selected: boolean;
  readonly x: number;
  readonly y: number;
}

function EdgeActions({ picture, selected, x, y }: EdgeActionsProps) {
  const actions = useActions();
  const connected = useEditor(state => state.connected);
  const broken = picture.broken !== '';
  const repair = repairWords(picture);
  return (
    <div
      className={`dagy-edge-actions nodrag nopan ${broken ? 'is-broken' : ''}`}
      style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
    >
      {broken ? (
        <button
          type="button"
          className="dagy-chip"
          title={picture.broken}
          aria-label={`Broken edge ${picture.id}: ${picture.broken}`}
          onClick={() => actions.select([picture.id])}
        >
          <Icon name="unplug" size={12} />
          broken
        </button>
      ) : null}
      {repair && connected ? (
        <button
          type="button"
          className="dagy-chip is-strong"
          title={`Lead it ${repair} instead`}
          onClick={() => actions.repair(picture.id)}
        >
          <Icon name="repair" size={12} />
          Repair
        </button>
      ) : null}
      {selected && connected ? (
        <button
          type="button"
          className="dagy-chip"
          aria-label={`Disconnect ${picture.id}`}
          title="Disconnect (Delete)"
          onClick={() => actions.disconnect(picture.id)}
        >
          <Icon name="close" size={12} />
        </button>
      ) : null}
    </div>
  );
}

/** Which ends change when the edge is repaired; empty where there is no edge to repair it with. */
export function repairWords(picture: EdgePicture): string {
  const better = parseEdge(picture.repair);
  if (!better) return '';
  const from = `${better.source}.${better.output}`;
  const to = `${better.target}.${better.input}`;
  const words = [
    from === `${picture.source}.${picture.output}` ? '' : `from ${from}`,
    to === `${picture.target}.${picture.input}` ? '' : `to ${to}`
  ];
  return words.filter(Boolean).join(' ');
}

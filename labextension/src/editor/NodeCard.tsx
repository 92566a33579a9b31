// One node in, its card out: what it is, what goes in and out, and how it fares.
import { memo } from 'react';
import type { NodeProps } from '@xyflow/react';
import type { DiagnosticPicture, NodePicture } from '../protocol/generated';
import { CardStatus } from './CardStatus';
import { ConnectorHandle } from './ConnectorHandle';
import { CONTROL } from '../graph/palette';
import { useEditor } from './context';
import { Icon, NodeIcon } from './Icon';
import type { IconName } from './icons';
import type { CardConnector, CardNode } from './reactFlow';
import { toneOf } from './tone';

export const NodeCard = memo(function NodeCard({ data, selected }: NodeProps<CardNode>) {
  const { picture, connectors, height } = data;
  const tone = useEditor(state => toneOf(state, picture.id));
  const findings = useEditor(state => state.findings.get(picture.id));
  const worst = worstOf(findings);
  const classes = [
    'dagy-card',
    `is-${tone}`,
    selected ? 'is-selected' : '',
    picture.disabled ? 'is-disabled' : '',
    picture.category === CONTROL ? 'is-control' : '',
    picture.missing || picture.unavailable ? 'is-missing' : '',
    worst ? `has-${worst}` : ''
  ].join(' ');
  const at = (side: CardConnector['side']): readonly CardConnector[] =>
    connectors.filter(each => each.side === side);
  return (
    <div className={classes} style={{ width: picture.width, height }} data-tone={tone}>
      <Band node={picture} connectors={at('top')} side="top" />
      <CardHead picture={picture} findings={findings} worst={worst} />
      <div className="dagy-rows">
        <Column node={picture} connectors={at('left')} side="left" />
        <Column node={picture} connectors={at('right')} side="right" />
      </div>
      <CardStatus picture={picture} />
      <Band node={picture} connectors={at('bottom')} side="bottom" />
    </div>
  );
});

interface SideProps {
  readonly node: NodePicture;
  readonly connectors: readonly CardConnector[];
  readonly side: CardConnector['side'];
}

function Column({ node, connectors, side }: SideProps) {
  return (
    <div className={`dagy-column is-${side}`}>
      {connectors.map(each => (
        <ConnectorHandle key={`${each.direction}.${each.name}`} node={node.id} connector={each} />
      ))}
    </div>
  );
}

/** Connectors at the top or the bottom, each at its share of the width. */
function Band({ node, connectors, side }: SideProps) {
  if (connectors.length === 0) return null;
  return (
    <div className={`dagy-band is-${side}`}>
      {connectors.map((each, index) => (
        <ConnectorHandle
          key={`${each.direction}.${each.name}`}
          node={node.id}
          connector={each}
          place={(index + 1) / (connectors.length + 1)}
        />
      ))}
    </div>
  );
}

interface HeadProps {
  readonly picture: NodePicture;
  readonly findings: readonly DiagnosticPicture[] | undefined;
  readonly worst: DiagnosticPicture['severity'] | null;
}

function CardHead({ picture, findings, worst }: HeadProps) {
  const label = picture.label || picture.id;
  const forced = useEditor(state => state.force.has(picture.id));
  return (
    <div className="dagy-head">
      <NodeIcon icon={picture.icon} label={label} category={picture.category} />
      <span className="dagy-names">
        <span
          className="dagy-label"
          title={label === picture.id ? label : `${label} (${picture.id})`}
        >
          {label}
        </span>
        <span className="dagy-type">{picture.type}</span>
      </span>
      {forced ? <ForceBadge /> : null}
      {badgesOf(picture).map(badge => (
        <span key={badge.text} className={`dagy-badge is-${badge.tone}`} title={badge.title}>
          <Icon name={badge.icon} size={12} />
          {badge.text}
        </span>
      ))}
      {worst && findings ? (
        <span className={`dagy-finding is-${worst}`} title={findings.map(sayFinding).join('\n')}>
          <Icon name={worst} size={16} />
          <span className="dagy-unseen">
            {findings.length} {worst}
          </span>
        </span>
      ) : null}
    </div>
  );
}

function ForceBadge() {
  return (
    <span className="dagy-badge is-plan" title="It runs in the next run, whatever is kept of it.">
      <Icon name="force" size={12} />
      forced
    </span>
  );
}

interface Badge {
  readonly text: string;
  readonly title: string;
  readonly icon: IconName;
  readonly tone: 'bad' | 'warn' | 'calm';
}

function badgesOf(picture: NodePicture): readonly Badge[] {
  const { type } = picture;
  if (picture.unavailable) {
    return [{ text: 'unavailable', title: picture.unavailable, icon: 'unplug', tone: 'bad' }];
  }
  if (picture.missing) {
    const title = `The node type ${type} is not defined here. Run the cell that defines it.`;
    return [{ text: 'undefined', title, icon: 'question', tone: 'bad' }];
  }
  if (picture.disabled) {
    return [{ text: 'off', title: 'Disabled: runs skip this node.', icon: 'off', tone: 'calm' }];
  }
  if (!picture.stale) return [];
  const title = `${type} was redefined after the run shown; run again to see its effect.`;
  return [{ text: 'stale', title, icon: 'stale', tone: 'warn' }];
}

function sayFinding(finding: DiagnosticPicture): string {
  return `${finding.message} ${finding.suggestion}`.trim();
}

function worstOf(
  findings: readonly DiagnosticPicture[] | undefined
): DiagnosticPicture['severity'] | null {
  for (const severity of ['error', 'warning', 'note'] as const) {
    if (findings?.some(each => each.severity === severity)) return severity;
  }
  return null;
}

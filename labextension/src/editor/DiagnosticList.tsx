// What the checks found in, a list out whose entries lead to their places.
import { useMemo, useRef } from 'react';
import type { DiagnosticPicture } from '../protocol/generated';
import { useActions, useEditor } from './context';
import { Icon } from './Icon';
import { Spoken } from './Spoken';
import { stepFocus } from './stepFocus';

const ORDER = { error: 0, warning: 1, note: 2 } as const;

export function DiagnosticList() {
  const diagnostics = useEditor(state => state.graph.flow.diagnostics);
  const list = useRef<HTMLUListElement>(null);
  const sorted = useMemo(
    () => [...diagnostics].sort((a, b) => ORDER[a.severity] - ORDER[b.severity]),
    [diagnostics]
  );
  return (
    <div className="dagy-menu dagy-diagnostics nowheel" role="dialog" aria-label="Findings">
      <div className="dagy-menu-head">
        {sorted.length === 0 ? 'No findings: this flow can run.' : 'Findings'}
      </div>
      {/* The entries are buttons; arrow keys only lead from one to the next. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <ul ref={list} className="dagy-findings" onKeyDown={event => stepFocus(event, list.current)}>
        {sorted.map((finding, index) => (
          <FindingItem key={index} finding={finding} leads />
        ))}
      </ul>
    </div>
  );
}

interface FindingProps {
  readonly finding: DiagnosticPicture;
  /** Whether a click leads to the place. */
  readonly leads?: boolean;
}

export function FindingItem({ finding, leads = false }: FindingProps) {
  const actions = useActions();
  const { node, field, edge, severity, message, suggestion, code } = finding;
  const place = edge || [node, finding.connector || field].filter(Boolean).join('.');
  const body = (
    <>
      <Icon name={severity} size={16} className={`is-${severity}`} />
      <span className="dagy-finding-text">
        {leads && !message.includes(place) ? <code>{place}</code> : null}
        <span>
          <Spoken text={message} />
        </span>
        {suggestion ? (
          <span className="dagy-suggestion">
            <Spoken text={suggestion} />
          </span>
        ) : null}
      </span>
    </>
  );
  return (
    <li data-code={code}>
      {leads && (node || edge) ? (
        <button type="button" onClick={() => actions.showPlace({ node, field, edge })}>
          {body}
        </button>
      ) : (
        <span className="dagy-finding-row">{body}</span>
      )}
    </li>
  );
}

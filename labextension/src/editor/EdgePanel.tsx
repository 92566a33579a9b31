// One edge in, what is known about it out: from where to where, whether it fits, and why.
import type { EdgePicture } from '../protocol/generated';
import { judgeTypes } from '../graph/connection';
import { useActions, useEditor } from './context';
import { repairWords } from './EdgeLine';
import { Icon } from './Icon';
import { CloseButton } from './CloseButton';
import { Spoken } from './Spoken';

const HEADS = {
  ok: { icon: 'check', word: 'Fits' },
  unknown: { icon: 'question', word: 'May fit' },
  no: { icon: 'cross', word: 'Does not fit' }
} as const;

export function EdgePanel({ edge }: { readonly edge: EdgePicture }) {
  const actions = useActions();
  const connected = useEditor(state => state.connected);
  const typed = useEditor(state => judgeTypes(state.outline, state.graph.palette, edge).suggestion);
  const findings = useEditor(state => state.graph.flow.diagnostics);
  const said = findings.filter(each => each.edge === edge.id);
  const verdict = edge.broken ? 'no' : edge.verdict;
  const { icon, word } = HEADS[verdict];
  const repair = repairWords(edge);
  const advice = said.map(each => each.suggestion).find(Boolean) ?? (verdict === 'ok' ? '' : typed);
  return (
    <aside className="dagy-inspector is-short" aria-label={`About the edge ${edge.id}`}>
      <div className="dagy-panel-head">
        <b className="dagy-label">Edge</b>
        <CloseButton />
      </div>
      <div className="dagy-panel-body">
        <p className="dagy-ends">
          <code>
            {edge.source}.{edge.output}
          </code>
          <Icon name="down" size={14} />
          <code>
            {edge.target}.{edge.input}
          </code>
        </p>
        <p className={`dagy-verdict verdict-${verdict}`}>
          <span className="dagy-bubble-mark">
            <Icon name={icon} size={12} />
          </span>
          <b>{edge.broken ? 'Broken' : word}</b>
        </p>
        <p>
          <Spoken text={edge.broken || edge.reason} />
        </p>
        {advice ? (
          <p className="dagy-suggestion">
            <Spoken text={advice} />
          </p>
        ) : null}
        {edge.repair && !repair ? <p className="dagy-suggestion">{edge.repair}</p> : null}
        <div className="dagy-buttons">
          {repair ? (
            <button
              type="button"
              className="dagy-button is-strong"
              disabled={!connected}
              onClick={() => actions.repair(edge.id)}
            >
              <Icon name="repair" size={14} />
              Lead it {repair}
            </button>
          ) : null}
          <button
            type="button"
            className="dagy-button"
            disabled={!connected}
            onClick={() => actions.disconnect(edge.id)}
          >
            <Icon name="unplug" size={14} />
            Disconnect
          </button>
        </div>
      </div>
    </aside>
  );
}

// A node's status in, everything about its part in the run out.
import { Fragment } from 'react';
import type { NodePicture, NodeStatus } from '../protocol/generated';
import { wordWhy } from '../graph/forecast';
import { isTicking, lookOfNode, wordEnforcement, wordReason } from '../graph/status';
import { useActions, useEditor } from './context';
import { Elapsed } from './Elapsed';
import { Icon } from './Icon';
import { InsidePart } from './InsidePart';
import { PreviewTable } from './PreviewTable';
import { Spoken } from './Spoken';
import { ErrorPart, LogPart } from './StatusParts';
import { symbolOfNode } from './tone';
import { useAttempt } from './useAttempt';

/** Where a node runs whose work is done by other nodes. */
const NESTED = 'nested';

export function RunTab({ node }: { readonly node: NodePicture }) {
  const status = useEditor(state => state.graph.run?.nodes[node.id]);
  if (!status) return <p className="dagy-calm">This node has not run yet. Press Run.</p>;
  return (
    <div className="dagy-run">
      <StateLine status={status} node={node} />
      {status.message ? <p className="dagy-about">{status.message}</p> : null}
      <ErrorPart status={status} />
      <CausePart status={status} />
      <ReplayPart status={status} node={node.id} />
      {status.runner === NESTED ? <InsidePart node={node.id} status={status} /> : null}
      {Object.entries(status.previews).map(([name, preview]) => (
        <PreviewTable key={name} name={name} preview={preview} />
      ))}
      <LogPart lines={status.log_tail} />
    </div>
  );
}

interface StateProps {
  readonly status: NodeStatus;
  readonly node: NodePicture;
}

function StateLine({ status, node }: StateProps) {
  const actions = useActions();
  const { word, tone } = lookOfNode(status);
  const attempt = useAttempt(node, status);
  const ticking = isTicking(status);
  return (
    <div className={`dagy-state is-${tone}`}>
      <Icon
        name={symbolOfNode(status)}
        className={status.state === 'RUNNING' ? 'is-spinning' : ''}
      />
      <b>{word}</b>
      <span className="dagy-time">
        <Elapsed span={status} ticking={ticking} />
      </span>
      {ticking ? (
        <button type="button" className="dagy-button" onClick={() => actions.cancel(node.id)}>
          Cancel node
        </button>
      ) : null}
      {[attempt, sentence(wordReason(status.reason)), sayWhy(status)].map(said =>
        said ? (
          <span key={said} className="dagy-about">
            <Spoken text={said} />
          </span>
        ) : null
      )}
      {status.enforcement ? (
        <span className="dagy-about">{wordEnforcement(status.enforcement)}</span>
      ) : null}
    </div>
  );
}

function sayWhy({ why, why_detail: detail, reused_from: run }: NodeStatus): string {
  if (run) return `Its outputs are those of run \`${run}\`.`;
  const reason = wordWhy(why, detail);
  return reason ? `It ran because ${reason}.` : '';
}

function sentence(words: string): string {
  return words ? `${words.charAt(0).toUpperCase()}${words.slice(1)}.` : '';
}

/** A line for a cell in which the failed node's inputs are at hand, and the error comes again. */
function ReplayPart({ status, node }: { readonly status: NodeStatus; readonly node: string }) {
  const run = useEditor(state => state.graph.run?.run_id);
  const actions = useActions();
  if (!run || (status.state !== 'FAILED' && status.state !== 'TIMED_OUT')) return null;
  const line = `dagy_nb.replay("${run}", "${node}")`;
  return (
    <details className="dagy-log">
      <summary>Open its inputs in a cell</summary>
      <code>{line}</code>
      <div className="dagy-buttons">
        <button type="button" className="dagy-button" onClick={() => actions.copy(line)}>
          <Icon name="copy" size={14} />
          Copy this line
        </button>
      </div>
    </details>
  );
}

/** The earlier nodes whose failure this one shares. */
function CausePart({ status }: { readonly status: NodeStatus }) {
  const nodes = useEditor(state => state.outline.nodes);
  const actions = useActions();
  if (status.cause.length === 0) return null;
  return (
    <p className="dagy-about">
      Because of{' '}
      {status.cause.map((cause, at) => (
        <Fragment key={cause}>
          {at > 0 ? ', ' : ''}
          {nodes.has(cause) ? (
            <button
              type="button"
              className="dagy-link"
              onClick={() => actions.showPlace({ node: cause, field: '', edge: '' })}
            >
              {cause}
            </button>
          ) : (
            cause
          )}
        </Fragment>
      ))}
    </p>
  );
}

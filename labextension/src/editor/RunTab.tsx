// A node's status in, everything about its part in the run out.
import type { NodePicture, NodeStatus } from '../protocol/generated';
import { isTicking, lookOf, wordReason } from '../graph/status';
import { useActions, useEditor } from './context';
import { Elapsed } from './Elapsed';
import { Icon } from './Icon';
import { PreviewTable } from './PreviewTable';
import { Spoken } from './Spoken';
import { symbolOf } from './tone';

export function RunTab({ node }: { readonly node: NodePicture }) {
  const status = useEditor(state => state.graph.run?.nodes[node.id]);
  if (!status) return <p className="dagy-calm">This node has not run yet. Press Run.</p>;
  return (
    <div className="dagy-run">
      <StateLine status={status} node={node.id} />
      {status.message ? <p className="dagy-about">{status.message}</p> : null}
      <ErrorPart status={status} />
      <CausePart status={status} />
      {Object.entries(status.previews).map(([name, preview]) => (
        <PreviewTable key={name} name={name} preview={preview} />
      ))}
      <LogPart lines={status.log_tail} />
    </div>
  );
}

function StateLine({ status, node }: { readonly status: NodeStatus; readonly node: string }) {
  const actions = useActions();
  const { word, tone } = lookOf(status.state);
  const ticking = isTicking(status);
  return (
    <div className={`dagy-state is-${tone}`}>
      <Icon
        name={symbolOf(status.state)}
        className={status.state === 'RUNNING' ? 'is-spinning' : ''}
      />
      <b>{word}</b>
      <span className="dagy-time">
        <Elapsed span={status} ticking={ticking} />
      </span>
      {ticking ? (
        <button type="button" className="dagy-button" onClick={() => actions.cancel(node)}>
          Cancel node
        </button>
      ) : null}
      {status.reason ? <span className="dagy-about">{wordReason(status.reason)}</span> : null}
      {status.attempts > 1 ? <span className="dagy-about">attempt {status.attempts}</span> : null}
      {status.enforcement ? (
        <span className="dagy-about">limit held by: {status.enforcement.replaceAll('_', ' ')}</span>
      ) : null}
    </div>
  );
}

function ErrorPart({ status }: { readonly status: NodeStatus }) {
  if (!status.error && !status.error_code && !status.traceback) return null;
  return (
    <div className="dagy-error">
      {status.error_code ? <code>{status.error_code}</code> : null}
      <p>{status.error}</p>
      {status.suggestion ? (
        <p className="dagy-suggestion">
          <Spoken text={status.suggestion} />
        </p>
      ) : null}
      {status.traceback ? (
        <details>
          <summary>Traceback</summary>
          <pre className="nowheel">{status.traceback}</pre>
        </details>
      ) : null}
    </div>
  );
}

/** The earlier nodes whose failure this one shares. */
function CausePart({ status }: { readonly status: NodeStatus }) {
  const nodes = useEditor(state => state.outline.nodes);
  const actions = useActions();
  if (status.cause.length === 0) return null;
  return (
    <p className="dagy-about">
      because of{' '}
      {status.cause.map(cause =>
        nodes.has(cause) ? (
          <button
            key={cause}
            type="button"
            className="dagy-link"
            onClick={() => actions.showPlace({ node: cause, field: '', edge: '' })}
          >
            {cause}
          </button>
        ) : (
          <span key={cause}>{cause} </span>
        )
      )}
    </p>
  );
}

function LogPart({ lines }: { readonly lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <details open className="dagy-log">
      <summary>Log, last lines</summary>
      <pre className="nowheel">{lines.join('\n')}</pre>
    </details>
  );
}

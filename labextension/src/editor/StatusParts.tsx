// A node's status in, its error and the end of its log out.
import type { NodeStatus } from '../protocol/generated';
import { Spoken } from './Spoken';

export function ErrorPart({ status }: { readonly status: NodeStatus }) {
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

export function LogPart({ lines }: { readonly lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <details open className="dagy-log">
      <summary>Log, last lines</summary>
      <pre className="nowheel">{lines.join('\n')}</pre>
    </details>
  );
}

// A node that runs others in, these with state, time, error and log out: a Map's items, a sub-flow's nodes.
import { useEffect } from 'react';
import type { NodeStatus } from '../protocol/generated';
import { countStates, isTicking, lookOfNode } from '../graph/status';
import { useActions, useEditor } from './context';
import { Elapsed } from './Elapsed';
import { Icon } from './Icon';
import { PreviewTable } from './PreviewTable';
import { ErrorPart, LogPart } from './StatusParts';
import { symbolOfNode } from './tone';

const PACE = 1000;

interface InsideProps {
  readonly node: string;
  readonly status: NodeStatus;
}

export function InsidePart({ node, status }: InsideProps) {
  const runId = useEditor(state => state.graph.run?.run_id) ?? '';
  const connected = useEditor(state => state.connected);
  const inside = useEditor(state => state.inside);
  const { lookInside } = useActions();
  const live = isTicking(status);
  useEffect(() => {
    if (!connected) return undefined;
    lookInside(runId, node);
    const timer = live ? setInterval(() => lookInside(runId, node), PACE) : undefined;
    return () => clearInterval(timer);
  }, [runId, node, live, connected, lookInside]);
  if (!inside?.run || inside.runId !== runId || inside.nodeId !== node) return null;
  const nodes = Object.entries(inside.run.nodes);
  const left = inside.total - nodes.length;
  const counts = countStates(inside.run).map(([word, count]) => `${count} ${word.toLowerCase()}`);
  return (
    <section className="dagy-inside" aria-label={`Inside ${node}`}>
      <div className="dagy-field-head">
        Inside it: {left > 0 ? `${inside.total} runs` : counts.join(', ')}
      </div>
      {nodes.map(([id, each]) => (
        <InnerRun key={id} id={id} status={each} />
      ))}
      {left > 0 ? <p className="dagy-about">… and {left} more; failed ones stand first.</p> : null}
    </section>
  );
}

/** One node inside; it opens where there is more to see. */
function InnerRun({ id, status }: { readonly id: string; readonly status: NodeStatus }) {
  const { word, tone } = lookOfNode(status);
  const attempt = status.attempts > 1 ? ` (attempt ${status.attempts})` : '';
  return (
    <details className={`dagy-inner is-${tone}`} data-state={status.state}>
      <summary>
        <Icon
          name={symbolOfNode(status)}
          size={14}
          className={status.state === 'RUNNING' ? 'is-spinning' : ''}
        />
        <span className="dagy-word">
          {id}: {word.toLowerCase()}
          {attempt}
        </span>
        <span className="dagy-time">
          <Elapsed span={status} ticking={isTicking(status)} />
        </span>
      </summary>
      <ErrorPart status={status} />
      {Object.entries(status.previews).map(([name, preview]) => (
        <PreviewTable key={name} name={name} preview={preview} />
      ))}
      <LogPart lines={status.log_tail} />
    </details>
  );
}

// The lowest line of a card: its state in this run, or where and how long it may run.
import type { NodePicture, NodeStatus } from '../protocol/generated';
import { isTicking, lookOf, wordReason } from '../graph/status';
import { useEditor } from './context';
import { Elapsed } from './Elapsed';
import { Icon } from './Icon';
import { symbolOf } from './tone';

export function CardStatus({ picture }: { readonly picture: NodePicture }) {
  const status = useEditor(state => state.graph.run?.nodes[picture.id]);
  if (!status) return <div className="dagy-foot">{sayLimits(picture)}</div>;
  const { word, tone } = lookOf(status.state);
  const spinning = status.state === 'RUNNING' ? 'is-spinning' : '';
  return (
    <div className={`dagy-foot is-${tone}`} title={sayMore(status)}>
      <Icon name={symbolOf(status.state)} size={14} className={spinning} />
      <span className="dagy-word">{wordOf(status, word)}</span>
      <span className="dagy-time">
        <Elapsed span={status} ticking={isTicking(status)} />
      </span>
      <Progress status={status} />
    </div>
  );
}

/** How far a running node is; without a fraction the bar only says that something moves. */
function Progress({ status }: { readonly status: NodeStatus }) {
  if (!isTicking(status)) return null;
  const known = status.fraction > 0;
  const percent = Math.round(Math.min(1, status.fraction) * 100);
  return (
    <span
      className={`dagy-progress ${known ? '' : 'is-unknown'}`}
      role="progressbar"
      aria-label="Progress"
      aria-valuemin={0}
      aria-valuemax={100}
      {...(known ? { 'aria-valuenow': percent } : {})}
    >
      <span style={known ? { width: `${percent}%` } : {}} />
    </span>
  );
}

function wordOf(status: NodeStatus, word: string): string {
  if (isTicking(status) && status.message) return status.message;
  if (status.state === 'SKIPPED' && status.reason === 'up_to_date') return 'Up to date';
  return status.attempts > 1 ? `${word} (attempt ${status.attempts})` : word;
}

function sayMore(status: NodeStatus): string {
  const reason = status.reason ? `${lookOf(status.state).word}: ${wordReason(status.reason)}.` : '';
  return [reason, status.error, status.suggestion].filter(Boolean).join('\n');
}

function sayLimits(picture: NodePicture): string {
  const limit = picture.effective_timeout ? `limit ${picture.effective_timeout} s` : '';
  return [picture.effective_runner, limit].filter(Boolean).join(' · ');
}

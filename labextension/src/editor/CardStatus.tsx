// The lowest line of a card: its state in this run, what the next one would do, or where it may run.
import type { NodePicture, NodeForecastPicture, NodeStatus } from '../protocol/generated';
import { ACTION_WORDS, wordWhy } from '../graph/forecast';
import { isTicking, lookOfNode, wordReason } from '../graph/status';
import { useEditor } from './context';
import { Elapsed } from './Elapsed';
import { Icon } from './Icon';
import { forecastOf, PLAN_SYMBOLS, showsPlan, symbolOfNode } from './tone';
import { useAttempt } from './useAttempt';

export function CardStatus({ picture }: { readonly picture: NodePicture }) {
  const forecast = useEditor(state => forecastOf(state, picture.id));
  const status = useEditor(state => state.graph.run?.nodes[picture.id]);
  const planned = useEditor(showsPlan);
  if (forecast) return <ForecastFoot forecast={forecast} />;
  if (!status || planned) return <div className="dagy-foot">{sayLimits(picture)}</div>;
  return <StatusFoot picture={picture} status={status} />;
}

function ForecastFoot({ forecast }: { readonly forecast: NodeForecastPicture }) {
  const { action, why, detail } = forecast;
  const [word] = ACTION_WORDS[action];
  const reason = wordWhy(why, detail);
  const words = reason ? `${word}: ${reason.replaceAll('`', '')}` : word;
  return (
    <div className={`dagy-foot is-plan-${action}`} title={words}>
      <Icon name={PLAN_SYMBOLS[action]} size={14} />
      {/* There is little room; the tooltip and the panel say it in full. */}
      <span className="dagy-word">{words.replace('config field ', '')}</span>
    </div>
  );
}

interface FootProps {
  readonly picture: NodePicture;
  readonly status: NodeStatus;
}

function StatusFoot({ picture, status }: FootProps) {
  const { word, tone } = lookOfNode(status);
  const attempt = useAttempt(picture, status);
  const spinning = status.state === 'RUNNING' ? 'is-spinning' : '';
  const waits = status.state === 'RETRYING';
  return (
    <div className={`dagy-foot is-${tone}`} title={sayMore(status, word)}>
      <Icon name={symbolOfNode(status)} size={14} className={spinning} />
      <span className="dagy-word">{wordOf(status, word, attempt)}</span>
      {waits ? null : (
        <span className="dagy-time">
          <Elapsed span={status} ticking={isTicking(status)} />
        </span>
      )}
      <Progress status={status} />
    </div>
  );
}

/** How far a running node is; without a fraction the bar only says that something moves. */
function Progress({ status }: { readonly status: NodeStatus }) {
  if (status.state !== 'RUNNING') return null;
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

function wordOf(status: NodeStatus, word: string, attempt: string): string {
  if (status.state === 'RETRYING') return attempt || word;
  if (isTicking(status) && status.message) return status.message;
  if (status.state === 'SKIPPED' && status.cause.length > 0) {
    const causes = status.cause.join(', ');
    return `${word}: ${causes}${status.reason === 'upstream_failed' ? ' failed' : ''}`;
  }
  if (status.reason === 'disabled') return `${word}: disabled`;
  if (!attempt) return word;
  // How many there could have been matters only while one is going on.
  const told = isTicking(status) ? attempt : attempt.replace(/ of \d+$/, '');
  return `${word} (${told.toLowerCase()})`;
}

function sayMore(status: NodeStatus, word: string): string {
  const reason = status.reason ? `${word}: ${wordReason(status.reason)}.` : '';
  return [reason, status.error, status.suggestion].filter(Boolean).join('\n');
}

function sayLimits(picture: NodePicture): string {
  const limit = picture.effective_timeout ? `limit ${picture.effective_timeout} s` : '';
  return [picture.effective_runner, limit].filter(Boolean).join(' · ');
}

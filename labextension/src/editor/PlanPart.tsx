// A node in, what would become of it in the next run and why out; and whether it is to run all the same.
import { ACTION_WORDS, wordWhy } from '../graph/forecast';
import { canResume, wordDuration } from '../graph/status';
import type { NodeForecastPicture } from '../protocol/generated';
import { useActions, useEditor } from './context';
import { Icon } from './Icon';
import { Spoken } from './Spoken';
import type { EditorState } from './store';
import { forecastOf, PLAN_SYMBOLS } from './tone';

export function PlanPart({ node }: { readonly node: string }) {
  const forecast = useEditor(state => forecastOf(state, node));
  const reuse = useEditor(state => state.reuse);
  const forced = useEditor(state => state.force.has(node));
  const actions = useActions();
  const unrepeated = useEditor(state => canResume(state.graph.run) && isUnrepeated(state, node));
  if (!forecast && !reuse && !forced && !unrepeated) return null;
  return (
    <div className={`dagy-plan-part ${forecast ? `is-plan-${forecast.action}` : ''}`}>
      {forecast ? <ForecastWords forecast={forecast} /> : null}
      <label className="dagy-box">
        <input type="checkbox" checked={forced} onChange={() => actions.toggleForce(node)} />
        Force: run it, whatever is kept of it
      </label>
    </div>
  );
}

/** Whether a run that goes on with another does not repeat a node unasked. */
function isUnrepeated({ graph, outline }: EditorState, node: string): boolean {
  return Boolean(graph.palette.types.get(outline.nodes.get(node)?.type ?? '')?.no_retry);
}

function ForecastWords({ forecast }: { readonly forecast: NodeForecastPicture }) {
  const { action, why, detail, from_run: run, seconds } = forecast;
  const reason = wordWhy(why, detail);
  return (
    <p>
      <Icon name={PLAN_SYMBOLS[action]} size={14} />
      <b>{ACTION_WORDS[action][0]}</b>
      {reason ? (
        <span>
          because <Spoken text={reason} />
        </span>
      ) : null}
      {action === 'reuse' && run ? (
        <span>
          from run <code>{run}</code>
        </span>
      ) : null}
      {seconds === null ? null : (
        <span className="dagy-time">took {wordDuration(seconds)} last time</span>
      )}
    </p>
  );
}

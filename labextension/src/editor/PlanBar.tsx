// What is known of the next run in, one line about it over the canvas out.
import { summarise } from '../graph/forecast';
import { isLive } from '../graph/status';
import { useActions, useEditor } from './context';
import { Icon } from './Icon';
import { Spoken } from './Spoken';

export function PlanBar() {
  const shown = useEditor(state => state.planShown);
  const reuse = useEditor(state => state.reuse);
  const { fresh, problem } = useEditor(state => state.plan);
  const actions = useActions();
  if (!shown) return null;
  return (
    <div className={`dagy-plan ${fresh || problem ? '' : 'is-old'}`}>
      <Icon name={problem ? 'warning' : 'plan'} size={14} />
      <span className="dagy-plan-words" role="status">
        <PlanWords />
      </span>
      {reuse ? null : (
        <button type="button" className="dagy-link" onClick={actions.toggleReuse}>
          Turn reuse on
        </button>
      )}
      <button type="button" className="dagy-link" onClick={actions.askAgain}>
        Look again
      </button>
      <button type="button" className="dagy-link" onClick={actions.togglePlan}>
        Close
      </button>
    </div>
  );
}

function PlanWords() {
  const reuse = useEditor(state => state.reuse);
  const live = useEditor(state => isLive(state.graph.run));
  const { problem, forecast } = useEditor(state => state.plan);
  if (live) return <>The flow is running. The plan follows when it has ended.</>;
  if (problem) return <Spoken text={problem} />;
  if (!forecast) return <>Looking what has changed…</>;
  return (
    <>
      {reuse ? null : <b>Reuse is off, so all run. With it: </b>}
      <Spoken text={summarise(forecast)} />
    </>
  );
}

// What is known of the next run in, one line about it over the canvas out.
import { summarise } from '../graph/forecast';
import { useActions, useEditor } from './context';
import { Icon } from './Icon';
import { Spoken } from './Spoken';

export function PlanBar() {
  const shown = useEditor(state => state.planShown);
  const reuse = useEditor(state => state.reuse);
  const { fresh, problem, forecast } = useEditor(state => state.plan);
  const actions = useActions();
  if (!shown) return null;
  return (
    <div className={`dagy-plan ${fresh || problem ? '' : 'is-old'}`} role="status">
      <Icon name={problem ? 'warning' : 'plan'} size={14} />
      <span className="dagy-plan-words">
        {problem ? (
          <Spoken text={problem} />
        ) : (
          <>
            {reuse ? '' : <b>Reuse is off, so all run. With it: </b>}
            {forecast ? <Spoken text={summarise(forecast)} /> : 'Looking what has changed…'}
          </>
        )}
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

// The last run in; Run, Cancel and how the run fares out.
import { useActions, useEditor } from './context';
import { Elapsed } from './Elapsed';
import { Icon } from './Icon';
import { isComplete, sayValues } from './parameters';
import { countStates, isLive, lookOf } from '../graph/status';
import { symbolOf } from './tone';
import { ToolButton } from './ToolButton';

export function RunControls() {
  const live = useEditor(state => isLive(state.graph.run));
  const hasParameters = useEditor(state => state.graph.flow.parameters.length > 0);
  const open = useEditor(state => state.popover === 'run');
  const actions = useActions();
  return (
    <span className="dagy-group is-run">
      <RunButton />
      {hasParameters ? (
        <ToolButton
          icon="down"
          label="Run with other parameters"
          expanded={open}
          onClick={() => actions.togglePopover('run')}
        />
      ) : null}
      {live ? (
        <button
          type="button"
          className="dagy-button is-bad"
          title="Cancel the run"
          onClick={() => actions.cancel()}
        >
          <Icon name="stop" size={14} />
          Cancel
        </button>
      ) : null}
      <RunChip />
    </span>
  );
}

function RunButton() {
  const actions = useActions();
  const connected = useEditor(state => state.connected);
  const parameters = useEditor(state => state.graph.flow.parameters);
  const values = useEditor(state => state.runValues);
  const starting = useEditor(state => state.graph.queue.some(each => each.kind === 'run'));
  const empty = useEditor(state => state.graph.flow.nodes.length === 0);
  const complete = isComplete(parameters, values);
  const withWhat =
    parameters.length > 0 && complete ? ` with ${sayValues(parameters, values)}` : '';
  return (
    <button
      type="button"
      className="dagy-button is-strong"
      title={empty ? 'Add a node first' : `Run the flow${withWhat} (Ctrl+Enter)`}
      disabled={!connected || starting || empty}
      onClick={() => (complete ? actions.run(values) : actions.togglePopover('run'))}
    >
      <Icon name="play" size={14} />
      Run
    </button>
  );
}

/** State, time and counts of the last run; and what waits for a busy kernel. */
function RunChip() {
  const run = useEditor(state => state.graph.run);
  const starting = useEditor(state => state.graph.queue.some(each => each.kind === 'run'));
  if (starting) return <span className="dagy-run-chip is-waiting">Starting…</span>;
  if (!run) return null;
  const { word, tone } = lookOf(run.state);
  const counts = countStates(run).map(([each, count]) => `${count} ${each.toLowerCase()}`);
  return (
    <span
      className={`dagy-run-chip is-${tone}`}
      data-run-state={run.state}
      title={[`Run ${run.run_id}`, counts.join(', '), run.error].filter(Boolean).join('\n')}
    >
      <Icon
        name={symbolOf(run.state)}
        size={14}
        className={run.state === 'RUNNING' ? 'is-spinning' : ''}
      />
      {word}
      <span className="dagy-time">
        <Elapsed span={run} ticking={isLive(run)} />
      </span>
    </span>
  );
}

// The last run in; Run, Cancel and how the run fares out.
import type { DiagnosticPicture, RunPicture } from '../protocol/generated';
import { useActions, useEditor } from './context';
import { Elapsed } from './Elapsed';
import { Icon } from './Icon';
import { isComplete, sayValues } from './parameters';
import { countWork, summarise } from '../graph/forecast';
import { canResume, countStates, isLive, lookOf } from '../graph/status';
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
      <PlanControls />
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
      <ResumeButton />
    </span>
  );
}

/** Whether earlier outputs are taken, and a look at what would then run. */
function PlanControls() {
  const reuse = useEditor(state => state.reuse);
  const shown = useEditor(state => state.planShown);
  const empty = useEditor(state => state.graph.flow.nodes.length === 0);
  const connected = useEditor(state => state.connected);
  const actions = useActions();
  return (
    <>
      <button
        type="button"
        role="switch"
        className="dagy-tool is-wide is-switch"
        aria-checked={reuse}
        title="Take the outputs of earlier runs where code, settings and inputs are the same"
        onClick={actions.toggleReuse}
      >
        <Icon name="reuse" />
        Reuse
      </button>
      <ToolButton
        icon="plan"
        label="Plan: what the next run would do"
        keys="P"
        pressed={shown}
        disabled={!connected || empty}
        onClick={actions.togglePlan}
      />
    </>
  );
}

/** Goes on with a run that did not complete. */
function ResumeButton() {
  const resumable = useEditor(state => canResume(state.graph.run));
  const busy = useEditor(state => !state.connected || state.graph.queue.length > 0);
  const force = useEditor(state => state.force);
  const actions = useActions();
  if (!resumable) return null;
  const forced = force.size > 0 ? `, but for the forced ${[...force].join(', ')}` : '';
  return (
    <button
      type="button"
      className="dagy-button"
      title={`Go on with this run: nodes that completed and have not changed are not run again${forced}`}
      disabled={busy}
      onClick={() => actions.resume()}
    >
      <Icon name="right" size={14} />
      Resume
    </button>
  );
}

function RunButton() {
  const actions = useActions();
  const connected = useEditor(state => state.connected);
  const parameters = useEditor(state => state.graph.flow.parameters);
  const values = useEditor(state => state.runValues);
  const starting = useEditor(state => state.graph.queue.some(each => each.kind === 'run'));
  const empty = useEditor(state => state.graph.flow.nodes.length === 0);
  const errors = useEditor(state => countFindings(state.graph.flow.diagnostics, 'error'));
  const complete = isComplete(parameters, values);
  const forecast = useEditor(state =>
    state.reuse && state.plan.fresh ? state.plan.forecast : null
  );
  const withWhat =
    parameters.length > 0 && complete ? ` with ${sayValues(parameters, values)}` : '';
  const words = errors > 0 ? wordErrors(errors) : `Run the flow${withWhat} (Ctrl+Enter)`;
  return (
    <button
      type="button"
      className="dagy-button is-strong"
      title={
        empty
          ? 'Add a node first'
          : [words, forecast && summarise(forecast)].filter(Boolean).join('\n')
      }
      disabled={!connected || starting || empty}
      onClick={() => (complete ? actions.run(values) : actions.togglePopover('run'))}
    >
      <Icon name="play" size={14} />
      Run
      {forecast ? <span className="dagy-count">{countWork(forecast)}</span> : null}
    </button>
  );
}

export function countFindings(
  diagnostics: readonly DiagnosticPicture[],
  severity: DiagnosticPicture['severity']
): number {
  return diagnostics.filter(each => each.severity === severity).length;
}

function wordErrors(count: number): string {
  const words = count === 1 ? 'An error keeps' : `${count} errors keep`;
  return `${words} the flow from running: press to see where`;
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
      title={[`Run ${run.run_id}`, ...sayPlace(run), counts.join(', '), run.error]
        .filter(Boolean)
        .join('\n')}
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

function sayPlace(run: RunPicture): readonly string[] {
  return [
    run.backend ? `on ${run.backend}${run.backend_reason ? `: ${run.backend_reason}` : ''}` : '',
    run.resumed_from ? `goes on with run ${run.resumed_from}` : ''
  ];
}

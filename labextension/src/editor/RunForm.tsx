// The flow's parameters in, a form to run with other values out.
import { useState, type FormEvent } from 'react';
import type { ParameterPicture } from '../protocol/generated';
import { findProblem, takeReading, type Reading } from '../graph/form';
import { canResume } from '../graph/status';
import { useActions, useEditor } from './context';
import { FieldInput } from './FieldInput';
import { Icon } from './Icon';
import { fieldOf, type Values } from './parameters';

export function RunForm() {
  const parameters = useEditor(state => state.graph.flow.parameters);
  const remembered = useEditor(state => state.runValues);
  const actions = useActions();
  const [values, setValues] = useState<Values>(remembered);
  const [asked, setAsked] = useState(false);
  const resumable = useEditor(state => canResume(state.graph.run));
  const busy = useEditor(state => !state.connected || state.graph.queue.length > 0);
  const problems = parameters.filter(each => problemOf(each, values) !== '');
  const change = (name: string, reading: Reading): void => {
    setValues(before => takeReading(before, name, reading));
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setAsked(true);
    if (problems.length === 0) actions.run(values);
  };
  /** What is left empty stays as it was in that run. */
  const resume = (): void => {
    if (problems.every(each => values[each.name] === undefined)) actions.resume(values);
  };
  return (
    <form className="dagy-menu dagy-run-form nowheel" aria-label="Run with" onSubmit={submit}>
      <div className="dagy-menu-head">Run with</div>
      <div className="dagy-form">
        {parameters.map(parameter => {
          const problem = problemOf(parameter, values);
          const shown = problem && (asked || values[parameter.name] !== undefined);
          return (
            <FieldInput
              key={parameter.name}
              field={fieldOf(parameter)}
              value={values[parameter.name]}
              problems={shown ? [problem] : []}
              parameters={[]}
              disabled={false}
              eager
              onReading={reading => change(parameter.name, reading)}
            />
          );
        })}
      </div>
      <div className="dagy-buttons">
        <button type="submit" className="dagy-button is-strong">
          <Icon name="play" size={14} />
          Run
        </button>
        {resumable ? (
          <button
            type="button"
            className="dagy-button"
            title="Go on with the last run with these values; what is left empty stays as it was there"
            disabled={busy}
            onClick={resume}
          >
            <Icon name="right" size={14} />
            Resume with these
          </button>
        ) : null}
        <button type="button" className="dagy-button" onClick={actions.closePopover}>
          Close
        </button>
      </div>
    </form>
  );
}

function problemOf(parameter: ParameterPicture, values: Values): string {
  return findProblem(fieldOf(parameter), values[parameter.name]);
}

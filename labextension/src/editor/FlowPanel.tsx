// The flow in, what holds for all of it out: description, limits, what a failure does, and its backend.
import { useEffect, useRef } from 'react';
import type { RoutePicture } from '../protocol/generated';
import { FAILURE_POLICIES, LEVELS } from '../graph/options';
import { useActions, useEditor } from './context';
import { ChoiceField, NumberField, TextField, Warned } from './OptionFields';
import { Spoken } from './Spoken';

export function FlowPanel() {
  const flow = useEditor(state => state.graph.flow);
  const actions = useActions();
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => panel.current?.querySelector('input')?.focus(), []);
  return (
    <div
      ref={panel}
      className="dagy-menu dagy-run-form nowheel"
      role="dialog"
      aria-label={`About the flow ${flow.name}`}
    >
      <div className="dagy-menu-head">Flow {flow.name}</div>
      <div className="dagy-form">
        <TextField
          label="Description"
          text={flow.description}
          onText={description => {
            actions.setFlow({ description });
            return '';
          }}
        />
        <NumberField
          label="Limit of a run in seconds"
          value={flow.timeout}
          hint="none"
          about="Of the whole run, whatever its nodes are doing."
          least={0.001}
          onValue={timeout => actions.setFlow({ timeout })}
        />
        <NumberField
          label="Limit of a node in seconds"
          value={flow.node_timeout}
          hint="as the setting says"
          about="For nodes and types that name none; 0 means no limit."
          onValue={node_timeout => actions.setFlow({ node_timeout })}
        />
        <ChoiceField
          label="When a node fails"
          value={flow.failure_policy}
          about={FAILURE_POLICIES.find(([each]) => each === flow.failure_policy)?.[2] ?? ''}
          options={FAILURE_POLICIES.map(([each, words]) => [each, words])}
          onValue={failure_policy => actions.setFlow({ failure_policy })}
        />
        <BackendPart />
      </div>
      <div className="dagy-buttons">
        <button type="button" className="dagy-button" onClick={actions.closePopover}>
          Close
        </button>
      </div>
    </div>
  );
}

/** Where runs go: the flow's wish, and what becomes of it. */
function BackendPart() {
  const chosen = useEditor(state => state.graph.flow.backend) ?? '';
  const route = useEditor(state => state.route);
  const actions = useActions();
  const known = new Map(route?.backends.map(each => [each.name, each.missing]));
  if (chosen && !known.has(chosen)) known.set(chosen, route ? 'unknown' : '');
  return (
    <>
      <ChoiceField
        label="Backend: where runs go"
        value={chosen}
        options={[
          ['', 'as rules and settings say'],
          ...[...known].map(([name, missing]) => [name, sayName(name, missing)] as const)
        ]}
        onValue={name => actions.setFlow({ backend: name || null })}
      />
      {route ? <RouteWords route={route} /> : null}
    </>
  );
}

function sayName(name: string, missing: string): string {
  return missing ? `${name} (not usable here)` : name;
}

function RouteWords({ route }: { readonly route: RoutePicture }) {
  const { backend, problem, suggestion, reason, levels } = route;
  return (
    <div className="dagy-about dagy-route" role="status">
      {problem ? <Warned text={`${problem} ${suggestion}`.trim()} /> : null}
      {backend ? (
        <p>
          A run goes to <b>{backend}</b>. <Spoken text={reason} />
        </p>
      ) : null}
      {levels.length > 0 ? (
        <details>
          <summary>Who may say so, the strongest first</summary>
          <ol>
            {levels.map(each => (
              <li key={each.level}>
                {LEVELS[each.level] ?? each.level}: <b>{each.backend || 'nothing'}</b>
                {each.level === 'rules' || each.level === 'default' ? ` (${each.words})` : ''}
              </li>
            ))}
          </ol>
        </details>
      ) : null}
    </div>
  );
}

// A node in, its options out: name, label, limits, runner, retries, trigger, on or off; and its removal.
import type { NodePicture } from '../protocol/generated';
import { RUNNERS, optionsOf } from '../graph/card';
import { holdsMemory, PROMISES, TRIGGERS } from '../graph/options';
import { isIdentifier } from '../graph/placement';
import { useActions, useEditor, useEditorStore } from './context';
import { Icon } from './Icon';
import { BoxField, ChoiceField, NumberField, TextField, Warned } from './OptionFields';
import { RetryOptions } from './RetryOptions';

export function NodeOptions({ node }: { readonly node: NodePicture }) {
  const actions = useActions();
  const connected = useEditor(state => state.connected);
  const options = optionsOf(node);
  return (
    <details className="dagy-more">
      <summary>Node options</summary>
      <div className="dagy-form">
        <IdField node={node} />
        <TextField
          label="Label"
          text={options.label}
          hint={node.id}
          onText={label => {
            actions.setOptions(node, { label });
            return '';
          }}
        />
        <NumberField
          label="Limit in seconds"
          value={node.timeout}
          hint={node.effective_timeout === null ? 'none' : String(node.effective_timeout)}
          about="0 means no limit; empty follows the node type, the flow, the setting."
          onValue={timeout => actions.setOptions(node, { timeout })}
        />
        <RunnerOptions node={node} />
        <RetryOptions node={node} />
        <ChoiceField
          label="Starts when all before it have ended"
          value={node.trigger}
          about={TRIGGERS.find(([each]) => each === node.trigger)?.[2] ?? ''}
          options={TRIGGERS.map(([each, words]) => [each, words])}
          onValue={trigger => actions.setOptions(node, { trigger })}
        />
        <BoxField
          label="Disabled: runs skip it"
          checked={node.disabled}
          onCheck={disabled => actions.setOptions(node, { disabled })}
        />
        <button
          type="button"
          className="dagy-button is-bad"
          disabled={!connected}
          onClick={() => actions.removeNode(node.id)}
        >
          <Icon name="trash" size={14} />
          Delete node
        </button>
      </div>
    </details>
  );
}

/** Where the body runs, and what that means for its limits. */
function RunnerOptions({ node }: { readonly node: NodePicture }) {
  const actions = useActions();
  const type = useEditor(state => state.graph.palette.types.get(node.type));
  const { runner } = optionsOf(node);
  const effective = RUNNERS.find(each => each === node.effective_runner);
  const memory = node.memory_mb ?? type?.memory_mb ?? null;
  return (
    <>
      <ChoiceField
        label="Runner"
        value={runner ?? ''}
        about={effective ? PROMISES[effective] : ''}
        options={[
          ['', type?.runner ? `as its type says: ${type.runner}` : 'as its type says'],
          ...RUNNERS.map(each => [each, each] as const)
        ]}
        onValue={chosen => actions.setOptions(node, { runner: chosen || null })}
      />
      <NumberField
        label="Memory limit in MB"
        value={node.memory_mb}
        hint={type?.memory_mb ? String(type.memory_mb) : 'none'}
        about="A node that takes more is ended: it failed, out of memory."
        least={1}
        onValue={memory_mb => actions.setOptions(node, { memory_mb })}
      />
      {memory !== null && !holdsMemory(node.effective_runner) ? (
        <Warned
          text={`The runner ${node.effective_runner} shares the kernel's memory and cannot hold this limit: choose process or dask.`}
        />
      ) : null}
    </>
  );
}

function IdField({ node }: { readonly node: NodePicture }) {
  const actions = useActions();
  const store = useEditorStore();
  const rename = (text: string): string => {
    const to = text.trim();
    if (to === node.id) return '';
    const problem = findIdProblem(to, store.getState().outline.nodes.has(to));
    if (!problem) actions.renameNode(node.id, to);
    return problem;
  };
  return <TextField label="Name in the flow" text={node.id} onText={rename} />;
}

function findIdProblem(to: string, taken: boolean): string {
  if (!isIdentifier(to)) {
    return `“${to}” is no name. Use letters, digits and _, not starting with a digit.`;
  }
  return taken ? `There is a node ${to} already. Choose another name.` : '';
}

// A node in, its options out: name, label, limit, runner, retries, on or off; and its removal.
import type { ReactNode } from 'react';
import type { NodePicture } from '../protocol/generated';
import { RUNNERS, entryOf } from '../graph/card';
import { isIdentifier } from '../graph/placement';
import { useActions, useEditor, useEditorStore } from './context';
import { Icon } from './Icon';
import { addToasts } from './toasts';
import { useDraft } from './useDraft';

export function NodeOptions({ node }: { readonly node: NodePicture }) {
  const actions = useActions();
  const connected = useEditor(state => state.connected);
  const entry = entryOf(node);
  const fallback = useEditor(state => state.graph.palette.types.get(node.type)?.runner ?? '');
  return (
    <details className="dagy-more">
      <summary>Node options</summary>
      <div className="dagy-form">
        <IdField node={node} />
        <TextField
          label="Label"
          text={entry.label}
          hint={node.id}
          onText={label => actions.setOptions(node, { label })}
        />
        <NumberField
          label="Limit in seconds"
          value={node.timeout}
          hint={node.effective_timeout === null ? 'none' : String(node.effective_timeout)}
          about="0 means no limit; empty follows the node type, the flow, the setting."
          onValue={timeout => actions.setOptions(node, { timeout })}
        />
        <Labelled label="Runner">
          <select
            className="dagy-input"
            disabled={!connected}
            value={entry.runner ?? ''}
            onChange={event => {
              const runner = RUNNERS.find(each => each === event.target.value) ?? null;
              actions.setOptions(node, { runner });
            }}
          >
            <option value="">
              {fallback ? `as its type says: ${fallback}` : 'as its type says'}
            </option>
            {RUNNERS.map(runner => (
              <option key={runner}>{runner}</option>
            ))}
          </select>
        </Labelled>
        <NumberField
          label="Retries"
          value={node.retries}
          hint="as its type says"
          whole
          onValue={retries => actions.setOptions(node, { retries })}
        />
        <label className="dagy-box">
          <input
            type="checkbox"
            disabled={!connected}
            checked={node.disabled}
            onChange={event => actions.setOptions(node, { disabled: event.target.checked })}
          />
          Disabled: runs skip it
        </label>
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

function Labelled({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <label className="dagy-field">
      <span className="dagy-field-head">{label}</span>
      {children}
    </label>
  );
}

interface TextProps {
  readonly label: string;
  readonly text: string;
  readonly hint?: string;
  readonly about?: string;
  readonly onText: (text: string) => void;
}

function TextField({ label, text, hint = '', about = '', onText }: TextProps) {
  const connected = useEditor(state => state.connected);
  const draft = useDraft({ text, commit: onText });
  return (
    <Labelled label={label}>
      <input
        {...draft}
        className="dagy-input nokey"
        type="text"
        autoComplete="off"
        spellCheck={false}
        placeholder={hint}
        disabled={!connected}
      />
      {about ? <span className="dagy-about">{about}</span> : null}
    </Labelled>
  );
}

function IdField({ node }: { readonly node: NodePicture }) {
  const actions = useActions();
  const store = useEditorStore();
  const rename = (text: string): void => {
    const to = text.trim();
    if (to === node.id) return;
    const problem = findIdProblem(to, store.getState().outline.nodes.has(to));
    if (problem) addToasts(store, [{ tone: 'error', code: 'edit.name', ...problem }]);
    else actions.renameNode(node.id, to);
  };
  return <TextField label="Name in the flow" text={node.id} onText={rename} />;
}

function findIdProblem(
  to: string,
  taken: boolean
): { readonly message: string; readonly suggestion: string } | null {
  if (!isIdentifier(to)) {
    const suggestion = 'Use letters, digits and _, not starting with a digit.';
    return { message: `“${to}” is no name.`, suggestion };
  }
  return taken
    ? { message: `There is a node ${to} already.`, suggestion: 'Choose another name.' }
    : null;
}

interface NumberProps {
  readonly label: string;
  readonly value: number | null;
  readonly hint: string;
  readonly about?: string;
  readonly whole?: boolean;
  readonly onValue: (value: number | null) => void;
}

function NumberField({ label, value, hint, about = '', whole = false, onValue }: NumberProps) {
  const store = useEditorStore();
  const read = (text: string): void => {
    const number = Number(text);
    const fits = Number.isFinite(number) && number >= 0 && (!whole || Number.isInteger(number));
    if (text.trim() === '') onValue(null);
    else if (fits) onValue(number);
    else addToasts(store, [{ ...NO_NUMBER, message: `${label}: “${text}” does not fit.` }]);
  };
  const text = value === null ? '' : String(value);
  return <TextField label={label} text={text} hint={hint} about={about} onText={read} />;
}

const NO_NUMBER = {
  tone: 'error',
  code: 'edit.number',
  suggestion: 'Give a number that is not below 0, or leave it empty.'
} as const;

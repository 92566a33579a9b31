// A label and a value in, one field of a node's options out.
import type { ReactNode } from 'react';
import { useEditor, useEditorStore } from './context';
import { addToasts } from './toasts';
import { useDraft } from './useDraft';

interface LabelledProps {
  readonly label: string;
  readonly about?: string;
  readonly children: ReactNode;
}

export function Labelled({ label, about = '', children }: LabelledProps) {
  return (
    <label className="dagy-field">
      <span className="dagy-field-head">{label}</span>
      {children}
      {about ? <span className="dagy-about">{about}</span> : null}
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

export function TextField({ label, text, hint = '', about = '', onText }: TextProps) {
  const connected = useEditor(state => state.connected);
  const draft = useDraft({ text, commit: onText });
  return (
    <Labelled label={label} about={about}>
      <input
        {...draft}
        className="dagy-input nokey"
        type="text"
        autoComplete="off"
        spellCheck={false}
        placeholder={hint}
        disabled={!connected}
      />
    </Labelled>
  );
}

interface NumberProps {
  readonly label: string;
  readonly value: number | null;
  readonly hint: string;
  readonly about?: string;
  readonly whole?: boolean;
  /** The smallest and the largest that fits. */
  readonly least?: number;
  readonly most?: number;
  readonly onValue: (value: number | null) => void;
}

export function NumberField(props: NumberProps) {
  const { label, value, hint, about = '', whole = false, least = 0, onValue } = props;
  const { most = Infinity } = props;
  const store = useEditorStore();
  const read = (text: string): void => {
    const number = Number(text);
    const inside = Number.isFinite(number) && number >= least && number <= most;
    if (text.trim() === '') onValue(null);
    else if (inside && (!whole || Number.isInteger(number))) onValue(number);
    else refuse(store, label, text, sayLimits(whole, least, most));
  };
  const text = value === null ? '' : String(value);
  return <TextField label={label} text={text} hint={hint} about={about} onText={read} />;
}

export function refuse(
  store: ReturnType<typeof useEditorStore>,
  label: string,
  text: string,
  suggestion: string
): void {
  const message = `${label}: “${text}” does not fit.`;
  addToasts(store, [{ tone: 'error', code: 'edit.value', message, suggestion }]);
}

function sayLimits(whole: boolean, least: number, most: number): string {
  const what = whole ? 'a whole number' : 'a number';
  const end = most === Infinity ? '' : ` and not above ${most}`;
  return `Give ${what} that is not below ${least}${end}, or leave it empty.`;
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly about?: string;
  readonly options: readonly (readonly [value: Value, words: string])[];
  readonly onValue: (value: Value) => void;
}

export function ChoiceField<Value extends string>(props: ChoiceProps<Value>) {
  const { label, value, about = '', options, onValue } = props;
  const connected = useEditor(state => state.connected);
  return (
    <Labelled label={label} about={about}>
      <select
        className="dagy-input"
        disabled={!connected}
        value={value}
        onChange={event => {
          const chosen = options.find(([each]) => each === event.target.value);
          if (chosen) onValue(chosen[0]);
        }}
      >
        {options.map(([each, words]) => (
          <option key={each} value={each}>
            {words}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

interface BoxProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onCheck: (checked: boolean) => void;
}

export function BoxField({ label, checked, onCheck }: BoxProps) {
  const connected = useEditor(state => state.connected);
  return (
    <label className="dagy-box">
      <input
        type="checkbox"
        disabled={!connected}
        checked={checked}
        onChange={event => onCheck(event.target.checked)}
      />
      {label}
    </label>
  );
}

export function Warned({ text }: { readonly text: string }) {
  return <p className="dagy-warned">{text}</p>;
}

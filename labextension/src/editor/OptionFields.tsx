// A label and a value in, one field of a node's options out.
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { readNumber } from '../graph/options';
import { useEditor, useEditorStore } from './context';
import { Icon } from './Icon';
import { Spoken } from './Spoken';
import { addToasts } from './toasts';
import { useDraft } from './useDraft';

interface LabelledProps {
  readonly id: string;
  readonly label: string;
  readonly about: string;
  readonly problem?: string;
  readonly children: ReactNode;
}

/** The label names the control; what stands below describes it. */
function Labelled({ id, label, about, problem = '', children }: LabelledProps) {
  return (
    <div className={`dagy-field ${problem ? 'has-problem' : ''}`}>
      <label className="dagy-field-head" htmlFor={id}>
        {label}
      </label>
      {children}
      <div id={`${id}-about`}>
        {problem ? <Problem text={problem} /> : null}
        {about ? (
          <span className="dagy-about">
            <Spoken text={about} />
          </span>
        ) : null}
      </div>
    </div>
  );
}

export function Problem({ text }: { readonly text: string }) {
  return (
    <p className="dagy-problem" role="alert">
      <Icon name="error" size={12} />
      <span>{text}</span>
    </p>
  );
}

interface TextProps {
  readonly label: string;
  readonly text: string;
  readonly hint?: string;
  readonly about?: string;
  /** Take what was typed, and say what is wrong with it, if anything is. */
  readonly onText: (text: string) => string;
}

export function TextField({ label, text, hint = '', about = '', onText }: TextProps) {
  const connected = useEditor(state => state.connected);
  const id = useId();
  const { wrong, take, giveUp } = useWrong(label, text, onText);
  const draft = useDraft({ text: wrong?.text ?? text, commit: take });
  const onKeyDown = (event: KeyboardEvent): void => {
    draft.onKeyDown(event);
    if (event.key !== 'Escape' || !wrong) return;
    event.stopPropagation();
    giveUp();
  };
  return (
    <Labelled id={id} label={label} about={about} problem={wrong?.problem ?? ''}>
      <input
        {...draft}
        onKeyDown={onKeyDown}
        id={id}
        className="dagy-input nokey"
        type="text"
        autoComplete="off"
        spellCheck={false}
        placeholder={hint}
        disabled={!connected}
        aria-invalid={wrong !== null}
        aria-describedby={`${id}-about`}
      />
    </Labelled>
  );
}

interface Wrong {
  readonly text: string;
  readonly problem: string;
}

/** What was typed and does not fit: it stays to be mended, until the value itself changes. */
function useWrong(label: string, text: string, onText: (text: string) => string) {
  const store = useEditorStore();
  const [wrong, setWrong] = useState<Wrong | null>(null);
  const latest = useRef(wrong);
  const put = (next: Wrong | null): void => {
    latest.current = next;
    setWrong(next);
  };
  const take = (typed: string): void => {
    const problem = typed === text ? '' : onText(typed);
    put(problem ? { text: typed, problem } : null);
  };
  useEffect(() => put(null), [text]);
  // A field that goes away, since another node was selected, says what it did not take.
  useEffect(
    () => () => {
      if (!latest.current) return;
      const { text: typed, problem } = latest.current;
      const message = `${label}: “${typed}” was not taken.`;
      addToasts(store, [{ tone: 'error', code: 'edit.value', message, suggestion: problem }]);
    },
    [label, store]
  );
  return { wrong, take, giveUp: () => put(null) };
}

interface NumberProps {
  readonly label: string;
  readonly value: number | null;
  readonly hint: string;
  readonly about?: string;
  readonly whole?: boolean;
  readonly least?: number;
  readonly most?: number;
  readonly onValue: (value: number | null) => void;
}

export function NumberField(props: NumberProps) {
  const { label, value, hint, about = '', whole = false, least = 0, most = Infinity } = props;
  const take = (typed: string): string => {
    const read = readNumber(typed, { whole, least, most });
    if (typeof read === 'string') return read;
    props.onValue(read);
    return '';
  };
  const text = value === null ? '' : String(value);
  return <TextField label={label} text={text} hint={hint} about={about} onText={take} />;
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
  const id = useId();
  return (
    <Labelled id={id} label={label} about={about}>
      <select
        id={id}
        className="dagy-input"
        aria-describedby={`${id}-about`}
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

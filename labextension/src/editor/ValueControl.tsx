// A field's kind and value in, an input, a box, a choice or a text area out.
import { isParameter, showValue } from '../graph/form';
import type { Field } from '../graph/schema';
import { useEditor } from './context';
import { useDraft } from './useDraft';

interface ValueProps {
  readonly id: string;
  readonly field: Field;
  readonly value: unknown;
  readonly disabled: boolean;
  readonly eager: boolean;
  readonly invalid: boolean;
  readonly describedBy: string;
  readonly onText: (text: string) => void;
  readonly onValue: (value: unknown) => void;
}

export function ValueControl(props: ValueProps) {
  const { field, value } = props;
  if (isParameter(value)) return <LineControl {...props} />;
  switch (field.kind) {
    case 'constant':
      return <output className="dagy-constant">{showValue(field, field.choices[0])}</output>;
    case 'boolean':
      return typeof value === 'string' ? <LineControl {...props} /> : <BoxControl {...props} />;
    case 'choice':
      return <ChoiceControl {...props} />;
    case 'list':
    case 'json':
    case 'long_text':
      return <AreaControl {...props} />;
    default:
      return <LineControl {...props} />;
  }
}

function basics({ id, field, disabled, invalid, describedBy }: ValueProps) {
  return {
    id,
    disabled,
    'data-field': field.name,
    'aria-invalid': invalid,
    'aria-describedby': describedBy
  };
}

function hintOf({ field }: ValueProps): string {
  if (field.hasDefault && field.default !== null && field.default !== '') {
    return showValue(field, field.default);
  }
  if (field.example) return `for example ${field.example}`;
  return field.nullable ? 'none' : '';
}

function LineControl(props: ValueProps) {
  const { field, value, eager, onText } = props;
  const draft = useDraft({ text: showValue(field, value), commit: onText, eager });
  const names =
    field.schema.format === 'node_type' ? `types-${props.id.replaceAll(':', '')}` : undefined;
  const numeric = field.kind === 'integer' || field.kind === 'number';
  return (
    <>
      <input
        {...basics(props)}
        {...draft}
        className="dagy-input nokey"
        type={field.kind === 'secret' ? 'password' : 'text'}
        autoComplete="off"
        spellCheck={false}
        placeholder={hintOf(props)}
        list={names}
        {...(numeric ? { inputMode: 'decimal' as const } : {})}
      />
      {names ? <TypeNames id={names} /> : null}
    </>
  );
}

/** The node types that there are, to choose a name from. */
function TypeNames({ id }: { readonly id: string }) {
  const palette = useEditor(state => state.graph.palette.picture);
  return (
    <datalist id={id}>
      {palette.types.map(each => (
        <option key={each.type} value={each.type}>
          {each.label}
        </option>
      ))}
    </datalist>
  );
}

function AreaControl(props: ValueProps) {
  const { field, value, eager, onText } = props;
  const text = showValue(field, value);
  const draft = useDraft({ text, commit: onText, eager, multiline: true });
  const rows = Math.min(8, Math.max(2, draft.value.split('\n').length));
  return (
    <textarea
      {...basics(props)}
      {...draft}
      className={`dagy-input nokey nowheel ${field.kind === 'json' ? 'is-code' : ''}`}
      rows={rows}
      spellCheck={false}
      placeholder={hintOf(props) || (field.kind === 'list' ? 'one entry a line' : '')}
    />
  );
}

function BoxControl(props: ValueProps) {
  const { field, value, onValue } = props;
  const checked = value === undefined ? field.default === true : value === true;
  return (
    <label className="dagy-box">
      <input
        {...basics(props)}
        type="checkbox"
        checked={checked}
        onChange={event => onValue(event.target.checked)}
      />
      {checked ? 'yes' : 'no'}
    </label>
  );
}

const DEFAULT = ' default';

function ChoiceControl(props: ValueProps) {
  const { field, value, onText, onValue } = props;
  const at = value === undefined ? DEFAULT : JSON.stringify(value);
  const known = at === DEFAULT || field.choices.some(each => JSON.stringify(each) === at);
  return (
    <select
      {...basics(props)}
      className="dagy-input"
      value={at}
      onChange={event => {
        const text = event.target.value;
        if (text === DEFAULT) onText('');
        else onValue(JSON.parse(text) as unknown);
      }}
    >
      {field.hasDefault || value === undefined ? (
        <option value={DEFAULT}>{hintOf(props) ? `default: ${hintOf(props)}` : 'choose'}</option>
      ) : null}
      {field.nullable ? <option value="null">none</option> : null}
      {known || value === null ? null : <option value={at}>{showValue(field, value)}</option>}
      {field.choices.map(each => (
        <option key={JSON.stringify(each)} value={JSON.stringify(each)}>
          {showValue(field, each)}
        </option>
      ))}
    </select>
  );
}

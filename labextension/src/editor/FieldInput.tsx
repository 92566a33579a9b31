// A field and its value in, the fitting control out, with its words and its problems.
import { useId } from 'react';
import { isParameter, parameterText, readText, showValue, type Reading } from '../graph/form';
import type { Field } from '../graph/schema';
import type { ParameterPicture } from '../protocol/generated';
import { Icon } from './Icon';
import { Spoken } from './Spoken';
import { ValueControl } from './ValueControl';

interface FieldInputProps {
  readonly field: Field;
  /** Undefined where nothing is set and the default holds. */
  readonly value: unknown;
  readonly problems: readonly string[];
  readonly parameters: readonly ParameterPicture[];
  readonly disabled: boolean;
  readonly eager?: boolean;
  readonly onReading: (reading: Reading) => void;
}

export function FieldInput(props: FieldInputProps) {
  const { field, value, problems, parameters, disabled, onReading } = props;
  const id = useId();
  const isSet = value !== undefined;
  return (
    <div className={`dagy-field ${problems.length > 0 ? 'has-problem' : ''}`}>
      <div className="dagy-field-head">
        <label htmlFor={id}>
          {field.title}
          {field.required ? (
            <span className="dagy-star" title="required">
              *
            </span>
          ) : null}
        </label>
        {isSet && field.hasDefault && !disabled ? (
          <button
            type="button"
            className="dagy-link"
            title={`Use the default, ${sayDefault(field)}`}
            onClick={() => onReading({ kind: 'unset' })}
          >
            default
          </button>
        ) : null}
        {parameters.length > 0 && field.kind !== 'constant' ? <ParameterChoice {...props} /> : null}
      </div>
      <ValueControl
        id={id}
        field={field}
        value={value}
        disabled={disabled}
        eager={props.eager ?? false}
        describedBy={`${id}-about`}
        invalid={problems.length > 0}
        onText={text => onReading(readText(field, text))}
        onValue={next => onReading({ kind: 'value', value: next })}
      />
      <div id={`${id}-about`}>
        {problems.map(problem => (
          <p key={problem} className="dagy-problem">
            <Icon name="error" size={12} />
            <span>
              <Spoken text={problem} />
            </span>
          </p>
        ))}
        {field.description ? (
          <p className="dagy-about">
            <Spoken text={field.description} />
          </p>
        ) : null}
      </div>
    </div>
  );
}

/** Lets a flow parameter fill the field. */
function ParameterChoice({ field, value, parameters, disabled, onReading }: FieldInputProps) {
  const chosen = isParameter(value) ? String(value).trim() : '';
  return (
    <select
      className={`dagy-parameter ${chosen ? 'is-on' : ''}`}
      title="Take the value from a flow parameter"
      aria-label={`Parameter for ${field.title}`}
      disabled={disabled}
      value={chosen}
      onChange={event => {
        const text = event.target.value;
        onReading(text ? { kind: 'value', value: text } : { kind: 'unset' });
      }}
    >
      <option value="">{chosen ? 'no parameter' : '${…}'}</option>
      {parameters.map(each => (
        <option key={each.name} value={parameterText(each.name)}>
          {parameterText(each.name)}
        </option>
      ))}
    </select>
  );
}

export function sayDefault(field: Field): string {
  if (field.default === null) return 'none';
  return showValue(field, field.default) || 'empty';
}

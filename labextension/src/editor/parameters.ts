// A flow's parameters in, the fields of the run form out, and whether a run may start without it.
import type { ParameterPicture } from '../protocol/generated';
import { readField, type Field, type Json } from '../graph/schema';
import { showValue } from '../graph/form';

export type Values = { readonly [name: string]: unknown };

export function fieldOf(parameter: ParameterPicture): Field {
  const { name, type, description, has_default: hasDefault } = parameter;
  const schema: Json = {
    title: name,
    description,
    ...(type === 'any' ? {} : { type }),
    ...(hasDefault ? { default: parameter.default } : {})
  };
  return readField(name, schema, {}, !hasDefault);
}

/** Whether each parameter has a value: a default, or one from the last run. */
export function isComplete(parameters: readonly ParameterPicture[], values: Values): boolean {
  return parameters.every(each => each.has_default || values[each.name] !== undefined);
}

/** `month = 2, carrier = UA`: what a run without the form would use. */
export function sayValues(parameters: readonly ParameterPicture[], values: Values): string {
  return parameters
    .map(each => {
      const value = values[each.name] ?? each.default;
      return `${each.name} = ${showValue(fieldOf(each), value)}`;
    })
    .join(', ');
}

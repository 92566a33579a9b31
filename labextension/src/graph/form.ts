// A field and what the user typed in, a value out, and what is wrong with it in words.
//
// What cannot be read as the field's kind stays as text: the kernel's check names the problem, and
// nothing that was typed is lost. A text that is wholly `${params.NAME}` stands for that parameter.
import type { Field } from './schema';

export type Reading =
  { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'unset' };

const PARAMETER = /^\s*\$\{params\.\w+\}\s*$/;

export function isParameter(value: unknown): boolean {
  return typeof value === 'string' && PARAMETER.test(value);
}

export function parameterText(name: string): string {
  return `\${params.${name}}`;
}

/** The text that an input shows for a value. */
export function showValue(field: Field, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (field.kind === 'list' && Array.isArray(value)) return value.map(String).join('\n');
  return field.kind === 'json' ? JSON.stringify(value, null, 2) : JSON.stringify(value);
}

/** The value that a typed text stands for. An empty text unsets what is no text. */
export function readText(field: Field, text: string): Reading {
  if (isParameter(text)) return valued(text.trim());
  if (field.kind === 'text' || field.kind === 'long_text' || field.kind === 'secret') {
    return text === '' && (field.nullable || field.hasDefault) ? empty(field) : valued(text);
  }
  if (text.trim() === '') return empty(field);
  if (field.kind === 'list') return valued(readItems(field, text));
  if (field.kind === 'json') return valued(readJson(text));
  return valued(readScalar(field.kind, text));
}

/** The values with one of them read anew; the others keep their order. */
export function takeReading(
  values: { readonly [name: string]: unknown },
  name: string,
  reading: Reading
): { readonly [name: string]: unknown } {
  if (reading.kind === 'value') return { ...values, [name]: reading.value };
  return Object.fromEntries(Object.entries(values).filter(([key]) => key !== name));
}

/** What is wrong with a value, or nothing. Python's check is the judge; this answers at once. */
export function findProblem(field: Field, value: unknown): string {
  if (value === undefined) return field.required ? 'A value is needed.' : '';
  if (isParameter(value)) return '';
  if (value === null) return field.nullable ? '' : 'A value is needed.';
  switch (field.kind) {
    case 'integer':
      return Number.isInteger(value) ? checkLimits(field.schema, value as number) : NO_INTEGER;
    case 'number':
      return typeof value === 'number' ? checkLimits(field.schema, value) : NO_NUMBER;
    case 'boolean':
      return typeof value === 'boolean' ? '' : 'This must be true or false.';
    case 'choice':
      return field.choices.includes(value) ? '' : `Choose one of: ${field.choices.join(', ')}.`;
    case 'list':
      return Array.isArray(value) ? checkItems(field, value) : 'This must be a list.';
    case 'json':
      return checkJson(field, value);
    default:
      return typeof value === 'string' ? checkLength(field.schema, value) : 'This must be a text.';
  }
}

const NO_INTEGER = 'This must be a whole number.';
const NO_NUMBER = 'This must be a number.';

function valued(value: unknown): Reading {
  return { kind: 'value', value };
}

function empty(field: Field): Reading {
  return field.nullable && field.hasDefault && field.default !== null
    ? valued(null)
    : { kind: 'unset' };
}

function readItems(field: Field, text: string): readonly unknown[] {
  const lines = text.split('\n').filter(line => line.trim() !== '');
  return field.item === 'text' ? lines : lines.map(line => readScalar(field.item, line));
}

function readScalar(kind: string, text: string): unknown {
  const trimmed = text.trim();
  if (kind === 'boolean') {
    return trimmed === 'true' ? true : trimmed === 'false' ? false : text;
  }
  if (kind !== 'integer' && kind !== 'number') return text;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : text;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function checkLimits(schema: Field['schema'], value: number): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (typeof minimum === 'number' && value < minimum) return `This must be at least ${minimum}.`;
  if (typeof maximum === 'number' && value > maximum) return `This must be at most ${maximum}.`;
  if (typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum) {
    return `This must be greater than ${exclusiveMinimum}.`;
  }
  if (typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum) {
    return `This must be less than ${exclusiveMaximum}.`;
  }
  if (typeof multipleOf === 'number' && Math.abs(value % multipleOf) > 1e-9) {
    return `This must be a multiple of ${multipleOf}.`;
  }
  return '';
}

function checkLength(schema: Field['schema'], value: string): string {
  const { minLength, maxLength, pattern } = schema;
  if (typeof minLength === 'number' && value.length < minLength) {
    return minLength === 1 ? 'A text is needed.' : `At least ${minLength} characters are needed.`;
  }
  if (typeof maxLength === 'number' && value.length > maxLength) {
    return `At most ${maxLength} characters fit.`;
  }
  if (typeof pattern === 'string' && !matchesPattern(pattern, value)) {
    return `This must match ${pattern}.`;
  }
  return '';
}

/** Python's dialect has more than JavaScript's: what cannot be read here is left to the kernel. */
function matchesPattern(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true;
  }
}

function checkItems(field: Field, items: readonly unknown[]): string {
  const { minItems, maxItems } = field.schema;
  if (typeof minItems === 'number' && items.length < minItems) {
    return `At least ${minItems} ${minItems === 1 ? 'entry is' : 'entries are'} needed.`;
  }
  if (typeof maxItems === 'number' && items.length > maxItems) {
    return `At most ${maxItems} entries fit.`;
  }
  const wanted = field.item;
  const bad = items.find(item => !isItem(wanted, item));
  return bad === undefined ? '' : `${JSON.stringify(bad)} is not ${ITEM_WORDS[wanted]}.`;
}

const ITEM_WORDS = {
  text: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false'
} as const;

function isItem(wanted: Field['item'], item: unknown): boolean {
  if (wanted === 'integer') return Number.isInteger(item);
  return typeof item === (wanted === 'text' ? 'string' : wanted);
}

function checkJson(field: Field, value: unknown): string {
  const { type } = field.schema;
  if (typeof value === 'string' && type !== 'string' && type !== undefined) {
    return 'This must be JSON.';
  }
  if (type === 'object' && (typeof value !== 'object' || Array.isArray(value))) {
    return 'This must be a JSON object, {…}.';
  }
  return type === 'array' && !Array.isArray(value) ? 'This must be a JSON list, […].' : '';
}

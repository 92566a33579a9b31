import { describe, expect, it } from 'vitest';
import { findProblem, readText, showValue, takeReading } from '../../src/graph/form';
import { readFields, type Field, type Json } from '../../src/graph/schema';

/** As pydantic writes it, for one field of each kind. */
const SCHEMA: Json = {
  type: 'object',
  required: ['to'],
  $defs: {
    Carrier: { enum: ['UA', 'DL'], title: 'Carrier', type: 'string' },
    Window: { properties: { start: { type: 'string' } }, title: 'Window', type: 'object' }
  },
  properties: {
    to: { type: 'string', title: 'To', minLength: 3, description: 'Address.' },
    month: { type: 'integer', default: 1, minimum: 1, maximum: 12, title: 'Month' },
    ratio: { type: 'number', default: 0.5, exclusiveMinimum: 0, exclusiveMaximum: 1 },
    strict: { type: 'boolean', default: false },
    carrier: { anyOf: [{ $ref: '#/$defs/Carrier' }, { type: 'null' }], default: null },
    plain: { allOf: [{ $ref: '#/$defs/Carrier' }], default: 'UA' },
    columns: { type: 'array', items: { type: 'string' }, minItems: 1, default: ['a'] },
    numbers: { type: 'array', items: { type: 'integer' }, default: [] },
    window: { $ref: '#/$defs/Window', default: { start: '06:00' } },
    pair: { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }] },
    kind: { const: 'fixed', default: 'fixed' },
    token: { type: 'string', format: 'password', writeOnly: true },
    limit: { anyOf: [{ type: 'integer' }, { type: 'null' }], default: 9 },
    either: { anyOf: [{ type: 'integer' }, { type: 'string' }] }
  }
};

const FIELDS = new Map(readFields(SCHEMA).map(field => [field.name, field]));

function field(name: string): Field {
  const found = FIELDS.get(name);
  if (!found) throw new Error(name);
  return found;
}

describe('readFields', () => {
  it.each([
    ['to', 'text'],
    ['month', 'integer'],
    ['ratio', 'number'],
    ['strict', 'boolean'],
    ['carrier', 'choice'],
    ['plain', 'choice'],
    ['columns', 'list'],
    ['numbers', 'list'],
    ['window', 'json'],
    ['pair', 'json'],
    ['kind', 'constant'],
    ['token', 'secret'],
    ['limit', 'integer'],
    ['either', 'json']
  ])('%s is a field for %s', (name, kind) => {
    expect(field(name).kind).toBe(kind);
  });

  it('keeps order, words and defaults', () => {
    expect([...FIELDS.keys()][0]).toBe('to');
    expect(field('to')).toMatchObject({ title: 'To', description: 'Address.', required: true });
    expect(field('month')).toMatchObject({ default: 1, hasDefault: true, required: false });
    expect(field('ratio').title).toBe('Ratio');
  });

  it('finds what may be nothing', () => {
    expect(field('carrier')).toMatchObject({ nullable: true, choices: ['UA', 'DL'] });
    expect(field('plain').nullable).toBe(false);
  });

  it('bears a schema that refers to itself', () => {
    const root = { properties: { a: { $ref: '#/$defs/A' } }, $defs: { A: { $ref: '#/$defs/A' } } };

    expect(readFields(root)[0]?.kind).toBe('json');
  });
});

describe('readText', () => {
  it.each([
    ['to', 'a@b', { kind: 'value', value: 'a@b' }],
    ['to', '', { kind: 'value', value: '' }],
    ['month', '7', { kind: 'value', value: 7 }],
    ['month', ' 7 ', { kind: 'value', value: 7 }],
    ['month', '', { kind: 'unset' }],
    ['month', 'soon', { kind: 'value', value: 'soon' }],
    ['month', '${params.month}', { kind: 'value', value: '${params.month}' }],
    ['month', ' ${params.month} ', { kind: 'value', value: '${params.month}' }],
    ['ratio', '1e-3', { kind: 'value', value: 0.001 }],
    ['ratio', '.5', { kind: 'value', value: 0.5 }],
    ['ratio', '0x10', { kind: 'value', value: '0x10' }],
    ['limit', '', { kind: 'value', value: null }],
    ['columns', 'a\n\nb\n', { kind: 'value', value: ['a', 'b'] }],
    ['numbers', '1\n2\nx', { kind: 'value', value: [1, 2, 'x'] }],
    ['window', '{"start": "07:00"}', { kind: 'value', value: { start: '07:00' } }],
    ['window', '{"start"', { kind: 'value', value: '{"start"' }]
  ])('%s: %j', (name, text, reading) => {
    expect(readText(field(name), text)).toEqual(reading);
  });

  it.each(['to', 'month', 'ratio', 'columns', 'numbers', 'window'])(
    'reads back what is shown for %s',
    name => {
      const value = {
        to: 'abc',
        month: 3,
        ratio: 0.25,
        columns: ['x', 'y'],
        numbers: [1],
        window: {}
      }[name];

      expect(readText(field(name), showValue(field(name), value))).toEqual({
        kind: 'value',
        value
      });
    }
  );
});

describe('findProblem', () => {
  it.each([
    ['to', undefined, 'A value is needed.'],
    ['to', 'ab', 'At least 3 characters are needed.'],
    ['to', 'abc', ''],
    ['to', 5, 'This must be a text.'],
    ['month', 0, 'This must be at least 1.'],
    ['month', 13, 'This must be at most 12.'],
    ['month', 1.5, 'This must be a whole number.'],
    ['month', 'soon', 'This must be a whole number.'],
    ['month', '${params.month}', ''],
    ['month', undefined, ''],
    ['month', null, 'A value is needed.'],
    ['ratio', 0, 'This must be greater than 0.'],
    ['ratio', 1, 'This must be less than 1.'],
    ['strict', 'yes', 'This must be true or false.'],
    ['carrier', null, ''],
    ['carrier', 'XX', 'Choose one of: UA, DL.'],
    ['columns', [], 'At least 1 entry is needed.'],
    ['numbers', [1, 'x'], '"x" is not a whole number.'],
    ['window', '{"start"', 'This must be JSON.'],
    ['window', [], 'This must be a JSON object, {…}.'],
    ['pair', 'x', 'This must be JSON.'],
    ['either', 'x', '']
  ])('%s = %j: %s', (name, value, problem) => {
    expect(findProblem(field(name), value)).toBe(problem);
  });
});

describe('takeReading', () => {
  it('sets a value, or lets go of it', () => {
    expect(takeReading({ a: 1 }, 'b', { kind: 'value', value: 2 })).toEqual({ a: 1, b: 2 });
    expect(takeReading({ a: 1, b: 2 }, 'a', { kind: 'unset' })).toEqual({ b: 2 });
  });
});

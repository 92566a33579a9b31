// The JSON schema of a config in, the fields of a form out.

export type Json = { readonly [key: string]: unknown };

export type FieldKind =
  | 'text'
  | 'long_text'
  | 'secret'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'choice'
  | 'list'
  | 'json'
  | 'constant';

export interface Field {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly kind: FieldKind;
  readonly required: boolean;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
  readonly default: unknown;
  readonly choices: readonly unknown[];
  /** A value that would fit, to show how one looks; empty where there is none. */
  readonly example: string;
  /** What a list holds, or the field itself: where its limits stand. */
  readonly schema: Json;
  readonly item: 'text' | 'integer' | 'number' | 'boolean';
}

/** The fields of a config model, in declared order. */
export function readFields(root: Json): readonly Field[] {
  const properties = asMap(root.properties);
  const required = new Set(asList(root.required));
  return Object.entries(properties).map(([name, body]) =>
    readField(name, asMap(body), root, required.has(name))
  );
}

export function readField(name: string, body: Json, root: Json, required: boolean): Field {
  const { schema, nullable } = unwrap(body, root);
  const kind = kindOf(schema, root);
  const item = kind === 'list' ? unwrap(asMap(schema.items), root).schema : {};
  return {
    name,
    title: asText(body.title) || asText(schema.title) || sayName(name),
    description: asText(body.description) || asText(schema.description),
    kind,
    required,
    nullable,
    hasDefault: 'default' in body,
    default: body.default,
    choices: choicesOf(schema),
    example: asText(asList(body.examples ?? schema.examples)[0]),
    schema: { ...schema, items: item },
    item: itemKind(item)
  };
}

/** Follow references, single `allOf` and `anyOf` with null to the schema that counts. */
function unwrap(body: Json, root: Json): { readonly schema: Json; readonly nullable: boolean } {
  let schema = body;
  let nullable = false;
  for (let depth = 0; depth < 20; depth += 1) {
    const next = unwrapOnce(schema, root);
    if (next === null) break;
    nullable ||= next.nullable;
    schema = next.schema;
  }
  return { schema, nullable };
}

function unwrapOnce(
  schema: Json,
  root: Json
): { readonly schema: Json; readonly nullable: boolean } | null {
  const reference = asText(schema.$ref);
  if (reference) return { schema: follow(reference, root), nullable: false };
  const all = asList(schema.allOf);
  if (all.length === 1) return { schema: asMap(all[0]), nullable: false };
  const any = asList(schema.anyOf).map(asMap);
  const rest = any.filter(each => each.type !== 'null');
  if (rest.length === 1 && any.length > 1) return { schema: rest[0] ?? {}, nullable: true };
  return null;
}

function follow(reference: string, root: Json): Json {
  let here: unknown = root;
  for (const part of reference.replace(/^#\//, '').split('/')) here = asMap(here)[part];
  return asMap(here);
}

function kindOf(schema: Json, root: Json): FieldKind {
  if ('const' in schema) return 'constant';
  if (Array.isArray(schema.enum)) return 'choice';
  switch (schema.type) {
    case 'integer':
    case 'number':
    case 'boolean':
      return schema.type;
    case 'string':
      return textKind(schema);
    case 'array':
      return isScalarList(schema, root) ? 'list' : 'json';
    default:
      return 'json';
  }
}

function textKind(schema: Json): FieldKind {
  if (schema.format === 'password' || schema.writeOnly === true) return 'secret';
  return schema.format === 'multiline' ? 'long_text' : 'text';
}

function isScalarList(schema: Json, root: Json): boolean {
  if (Array.isArray(schema.prefixItems)) return false;
  const { schema: item, nullable } = unwrap(asMap(schema.items), root);
  return !nullable && ['string', 'integer', 'number', 'boolean'].includes(asText(item.type));
}

function itemKind(item: Json): Field['item'] {
  const type = asText(item.type);
  return type === 'integer' || type === 'number' || type === 'boolean' ? type : 'text';
}

function choicesOf(schema: Json): readonly unknown[] {
  if ('const' in schema) return [schema.const];
  return asList(schema.enum);
}

/** `min_flights` becomes `Min Flights`, as pydantic titles a field. */
function sayName(name: string): string {
  return name.replaceAll('_', ' ').replace(/\b\w/g, letter => letter.toUpperCase());
}

function asMap(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

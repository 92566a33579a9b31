// A node and its type's schema in, the form of its settings out.
import { useMemo } from 'react';
import type { DiagnosticPicture, NodePicture, TypePicture } from '../protocol/generated';
import { findProblem, takeReading, type Reading } from '../graph/form';
import { readFields, type Field } from '../graph/schema';
import { useActions, useEditor } from './context';
import { FieldInput } from './FieldInput';

interface ConfigFormProps {
  readonly node: NodePicture;
  readonly type: TypePicture | undefined;
  readonly findings: readonly DiagnosticPicture[];
}

export function ConfigForm({ node, type, findings }: ConfigFormProps) {
  const actions = useActions();
  const connected = useEditor(state => state.connected);
  const parameters = useEditor(state => state.graph.flow.parameters);
  const fields = useMemo(() => readFields(type?.config_schema ?? {}), [type]);
  const known = new Set(fields.map(field => field.name));
  const stray = Object.keys(node.config).filter(name => !known.has(name));
  const change = (name: string, reading: Reading): void => {
    actions.setConfig(node.id, takeReading(node.config, name, reading));
  };
  if (fields.length === 0 && stray.length === 0) {
    return (
      <p className="dagy-calm">
        {type ? 'This node has no settings.' : `Define ${node.type} to see its settings.`}
      </p>
    );
  }
  return (
    <div className="dagy-form">
      {[...fields, ...stray.map(makeStray)].map(field => (
        <FieldInput
          key={field.name}
          field={field}
          value={node.config[field.name]}
          problems={listProblems(field, node, findings)}
          parameters={parameters}
          disabled={!connected}
          onReading={reading => change(field.name, reading)}
        />
      ))}
    </div>
  );
}

/** What the kernel found about the field, else what can be seen at once. */
function listProblems(
  field: Field,
  node: NodePicture,
  findings: readonly DiagnosticPicture[]
): readonly string[] {
  const said = findings
    .filter(each => each.field === field.name || each.field.startsWith(`${field.name}.`))
    .map(each => `${each.message} ${each.suggestion}`.trim());
  if (said.length > 0) return [...new Set(said)];
  // A missing required value is told by the kernel; a fresh form should not shout.
  const value = node.config[field.name];
  const problem = value === undefined ? '' : findProblem(field, value);
  return problem ? [problem] : [];
}

/** A value that the type (no longer) knows: shown, so that it can be read and taken away. */
function makeStray(name: string): Field {
  return {
    name,
    title: name,
    description: 'This node type has no such setting.',
    kind: 'json',
    required: false,
    nullable: false,
    hasDefault: true,
    default: null,
    choices: [],
    example: '',
    schema: {},
    item: 'text'
  };
}

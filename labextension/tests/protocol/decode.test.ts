import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readReply, readSnapshot } from '../../src/protocol/decode';
import { patch, snapshot, flow } from '../examples';

const FOLDER = join(import.meta.dirname, '../../../tests/protocol/messages');
const REPLIES = [
  'snapshot',
  'patch',
  'refused',
  'moved',
  'palette',
  'status',
  'planned',
  'routed',
  'looked'
];

function example(name: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));
}

describe('readReply', () => {
  it.each(REPLIES)('understands the kernel’s own example of %s', kind => {
    expect(readReply(example(`${kind}.json`))).toMatchObject({ kind });
  });

  it('has seen an example of every kind of message there is', () => {
    const kinds = readdirSync(FOLDER).map(name => name.replace('.json', ''));

    const understood = kinds.filter(kind => readReply(example(`${kind}.json`)) !== null);

    expect(understood.sort()).toEqual([...REPLIES].sort());
  });

  it.each([
    ['a text', 'hello'],
    ['nothing', null],
    ['a list', []],
    ['a kind of a later version', { kind: 'weather', sun: true }],
    ['a name that objects inherit', { kind: 'constructor' }],
    ['a patch without nodes', { ...patch(flow()), nodes: undefined }],
    ['a patch whose revision is a text', { ...patch(flow()), revision: '4' }],
    ['a snapshot whose flow has no edges', { ...snapshot(), flow: { ...flow(), edges: null } }],
    ['a snapshot whose palette has no table', { ...snapshot(), palette: { types: [], rules: {} } }],
    ['a status without a run', { kind: 'status', whole: true, reply_to: '', run: null }]
  ])('leaves %s alone', (_, content) => {
    expect(readReply(content)).toBeNull();
  });
});

describe('readSnapshot', () => {
  it('reads what the widget’s trait holds', () => {
    expect(readSnapshot(snapshot())?.flow.name).toBe('delays');
  });

  it('needs neither kind nor run', () => {
    const { flow: picture, palette } = snapshot();

    expect(readSnapshot({ flow: picture, palette })?.run).toBeNull();
  });

  it.each([[{}], [null], ['x'], [{ flow: {} }]])('takes %j for no snapshot', content => {
    expect(readSnapshot(content)).toBeNull();
  });
});

// All node types in, a list out to search, to click and to drag from.
import { useMemo, useRef, useState, type KeyboardEvent } from 'react';
import type { TypePicture } from '../protocol/generated';
import { groupTypes, hasOwnTypes, searchTypes } from '../graph/palette';
import { useActions, useEditor } from './context';
import { Icon, NodeIcon } from './Icon';
import { stepFocus } from './stepFocus';
import { useAddNode } from './useAddNode';
import { useDragToCanvas } from './useDragToCanvas';

export function Palette() {
  const palette = useEditor(state => state.graph.palette);
  const [query, setQuery] = useState('');
  const list = useRef<HTMLDivElement>(null);
  const actions = useActions();
  const found = useMemo(() => searchTypes(palette, query), [palette, query]);
  const groups = useMemo(() => groupTypes(found), [found]);
  const onKeyDown = (event: KeyboardEvent): void => {
    stepFocus(event, list.current, '.dagy-entry:not(:disabled)');
  };
  return (
    <aside className="dagy-palette" aria-label="Palette of node types">
      <div className="dagy-panel-head">
        <b>Nodes</b>
        <button
          type="button"
          className="dagy-tool"
          title="Hide the palette"
          aria-label="Hide the palette"
          onClick={actions.togglePalette}
        >
          <Icon name="close" size={14} />
        </button>
      </div>
      <div className="dagy-search">
        <Icon name="search" size={14} />
        <input
          type="search"
          className="nokey"
          data-dagy-search=""
          placeholder="Search nodes"
          aria-label="Search nodes"
          value={query}
          onChange={event => setQuery(event.target.value)}
          onKeyDown={event => {
            if (event.key === 'Enter') list.current?.querySelector('button')?.click();
            else onKeyDown(event);
          }}
        />
      </div>
      {/* Arrow keys lead through the entries, which are buttons and take Tab and Enter as well. */}
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions */}
      <div className="dagy-entries nowheel" ref={list} onKeyDown={onKeyDown}>
        {groups.map(group => (
          <section key={group.name} aria-label={group.name}>
            <h4>{group.name}</h4>
            {group.types.map(type => (
              <Entry key={type.type} type={type} />
            ))}
          </section>
        ))}
        {query === '' && !hasOwnTypes(palette) ? (
          <p className="dagy-calm">
            Your node types appear here once a cell with <code>%%flownode</code> has defined them.
          </p>
        ) : null}
        {query !== '' && found.length === 0 ? (
          <p className="dagy-calm">
            No node type matches “{query}”. A cell that begins with <code>%%flownode</code> defines
            one.
          </p>
        ) : null}
      </div>
    </aside>
  );
}

function Entry({ type }: { readonly type: TypePicture }) {
  const connected = useEditor(state => state.connected);
  const add = useAddNode();
  const drag = useDragToCanvas(type);
  return (
    <button
      type="button"
      className="dagy-entry"
      data-type={type.type}
      disabled={!connected || type.unavailable !== ''}
      title={sayType(type)}
      onClick={() => {
        if (!drag.justDropped()) add(type.type);
      }}
      {...drag.events}
    >
      <NodeIcon icon={type.icon} label={type.label} category={type.category} />
      <span className="dagy-names">
        <span className="dagy-label">{type.label}</span>
        <span className="dagy-type">
          {type.unavailable ? 'unavailable' : firstLine(type.description) || type.type}
        </span>
      </span>
      {type.unavailable ? <Icon name="warning" size={14} className="is-bad" /> : null}
    </button>
  );
}

function sayType(type: TypePicture): string {
  if (type.unavailable) return `${type.type} is unavailable: ${type.unavailable}`;
  const ends = (list: TypePicture['inputs']): string =>
    list.map(each => `${each.name}: ${each.types.join(' or ')}`).join(', ') || 'nothing';
  return [
    type.description || type.type,
    `in: ${ends(type.inputs)}`,
    `out: ${ends(type.outputs)}`,
    type.origin ? `from ${type.origin}` : ''
  ]
    .filter(Boolean)
    .join('\n');
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

// The selection in, a panel about it out: a node's settings and run, an edge's reason.
import { useId, useRef, useState } from 'react';
import type { NodePicture } from '../protocol/generated';
import { CloseButton } from './CloseButton';
import { ConfigForm } from './ConfigForm';
import { useActions, useEditor } from './context';
import { EdgePanel } from './EdgePanel';
import { Icon, NodeIcon } from './Icon';
import { NodeOptions } from './NodeOptions';
import { PlanPart } from './PlanPart';
import { RunTab } from './RunTab';
import { Spoken } from './Spoken';
import { FindingItem } from './DiagnosticList';

export function Inspector() {
  const selection = useEditor(state => state.selection);
  const outline = useEditor(state => state.outline);
  if (selection.size === 0) return null;
  if (selection.size > 1) return <ManyPanel count={selection.size} />;
  const [id = ''] = selection;
  const node = outline.nodes.get(id);
  if (node) return <NodePanel node={node} key={id} />;
  const edge = outline.edges.get(id);
  return edge ? <EdgePanel edge={edge} key={id} /> : null;
}

type Tab = 'configure' | 'run';

function NodePanel({ node }: { readonly node: NodePicture }) {
  const type = useEditor(state => state.graph.palette.types.get(node.type));
  const hasRun = useEditor(state => state.graph.run?.nodes[node.id] !== undefined);
  const failed = useEditor(state => {
    const status = state.graph.run?.nodes[node.id];
    return status?.state === 'FAILED' || status?.state === 'TIMED_OUT';
  });
  const findings = useEditor(state => state.findings.get(node.id)) ?? NONE;
  const [chosen, choose] = useState<Tab | null>(null);
  const tabs = useRef<HTMLDivElement>(null);
  const id = useId();
  const tab = chosen ?? (failed ? 'run' : 'configure');
  const general = findings.filter(each => !each.field);
  return (
    <aside className="dagy-inspector" aria-label={`About ${node.id}`}>
      <div className="dagy-panel-head">
        <NodeIcon icon={node.icon} label={node.label || node.id} category={node.category} />
        <span className="dagy-names">
          <b className="dagy-label">{node.label || node.id}</b>
          <span className="dagy-type">{node.type}</span>
        </span>
        <CloseButton />
      </div>
      <div
        ref={tabs}
        className="dagy-tabs"
        role="tablist"
        aria-label="About this node"
        tabIndex={-1}
        onKeyDown={event => {
          const other = OTHER[event.key];
          if (!other) return;
          event.preventDefault();
          event.stopPropagation();
          choose(other);
          tabs.current?.querySelector<HTMLElement>(`[data-tab=${other}]`)?.focus();
        }}
      >
        <TabButton id={id} tab="configure" chosen={tab} onChoose={choose} word="Settings" />
        <TabButton id={id} tab="run" chosen={tab} onChoose={choose} word="Run" marked={hasRun} />
      </div>
      <PlanPart node={node.id} />
      <div
        className="dagy-panel-body nowheel"
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${tab}`}
      >
        {tab === 'run' ? (
          <RunTab node={node} />
        ) : (
          <>
            {type?.description ? (
              <p className="dagy-about">
                <Spoken text={type.description} />
              </p>
            ) : null}
            {general.length > 0 ? (
              <ul className="dagy-findings">
                {general.map(each => (
                  <FindingItem key={`${each.code}${each.connector}${each.edge}`} finding={each} />
                ))}
              </ul>
            ) : null}
            <ConfigForm node={node} type={type} findings={findings} />
            <NodeOptions node={node} />
          </>
        )}
      </div>
    </aside>
  );
}

const NONE = [] as const;

/** The arrow keys of a list of two tabs. */
const OTHER: { readonly [key: string]: Tab } = { ArrowLeft: 'configure', ArrowRight: 'run' };

interface TabProps {
  readonly id: string;
  readonly tab: Tab;
  readonly chosen: Tab;
  readonly word: string;
  readonly marked?: boolean;
  readonly onChoose: (tab: Tab) => void;
}

function TabButton({ id, tab, chosen, word, marked = false, onChoose }: TabProps) {
  return (
    <button
      type="button"
      role="tab"
      id={`${id}-${tab}`}
      data-tab={tab}
      aria-controls={`${id}-panel`}
      aria-selected={tab === chosen}
      tabIndex={tab === chosen ? 0 : -1}
      className={tab === chosen ? 'is-on' : ''}
      onClick={() => onChoose(tab)}
    >
      {word}
      {marked ? <span className="dagy-mark" /> : null}
    </button>
  );
}

function ManyPanel({ count }: { readonly count: number }) {
  const actions = useActions();
  const connected = useEditor(state => state.connected);
  return (
    <aside className="dagy-inspector is-short" aria-label="About the selection">
      <div className="dagy-panel-head">
        <b className="dagy-label">{count} selected</b>
        <CloseButton />
      </div>
      <div className="dagy-panel-body">
        <p className="dagy-calm">Drag to move them together, Ctrl+D duplicates them.</p>
        <button
          type="button"
          className="dagy-button is-bad"
          disabled={!connected}
          onClick={actions.removeSelection}
        >
          <Icon name="trash" size={14} />
          Delete {count}
        </button>
      </div>
    </aside>
  );
}

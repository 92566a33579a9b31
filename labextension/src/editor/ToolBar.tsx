// The flow and its run in, the bar over the canvas out.
import { useReactFlow } from '@xyflow/react';
import { useActions, useEditor } from './context';
import { Icon } from './Icon';
import { countFindings, RunControls } from './RunControls';
import { ToolButton } from './ToolButton';
import { calm, FIT } from './useViewport';

export function ToolBar() {
  const name = useEditor(state => state.graph.flow.name);
  const description = useEditor(state => state.graph.flow.description);
  const paletteOpen = useEditor(state => state.paletteOpen);
  const open = useEditor(state => state.popover === 'flow');
  const actions = useActions();
  return (
    <div className="dagy-bar" role="toolbar" aria-label={`Flow ${name}`}>
      <ToolButton
        icon="panel"
        label={paletteOpen ? 'Hide the palette' : 'Show the palette'}
        pressed={paletteOpen}
        onClick={actions.togglePalette}
      />
      <button
        type="button"
        className="dagy-tool dagy-flow-name"
        title={`${description || name}\nOpen what holds for the whole flow`}
        aria-label={`Flow ${name}: description, limits, backend`}
        aria-expanded={open}
        onClick={() => actions.togglePopover('flow')}
      >
        <span>{name}</span>
        <Icon name="down" size={12} />
      </button>
      <RunControls />
      {/* Where there is little room, all these go into a second line. */}
      <span className="dagy-tools">
        <HistoryButtons />
        <ViewButtons />
        <FindingsButton />
        <WindowButtons />
      </span>
    </div>
  );
}

function HistoryButtons() {
  const undo = useEditor(state => state.graph.flow.undo);
  const redo = useEditor(state => state.graph.flow.redo);
  const waits = useEditor(state => state.graph.queue.some(each => each.kind === 'edit'));
  const connected = useEditor(state => state.connected);
  const actions = useActions();
  return (
    <span className="dagy-group">
      <ToolButton
        icon="undo"
        label={undo ? `Undo: ${undo}` : 'Undo'}
        keys="Ctrl+Z"
        disabled={!connected || (undo === '' && !waits)}
        onClick={actions.undo}
      />
      <ToolButton
        icon="redo"
        label={redo ? `Redo: ${redo}` : 'Redo'}
        keys="Ctrl+Shift+Z"
        disabled={!connected || redo === ''}
        onClick={actions.redo}
      />
    </span>
  );
}

function ViewButtons() {
  const { zoomIn, zoomOut, fitView } = useReactFlow();
  const connected = useEditor(state => state.connected);
  const empty = useEditor(state => state.graph.flow.nodes.length === 0);
  const actions = useActions();
  const duration = (): number => (calm() ? 0 : 200);
  return (
    <span className="dagy-group">
      <ToolButton
        icon="arrange"
        label="Arrange the nodes"
        disabled={!connected || empty}
        onClick={actions.arrange}
      />
      <ToolButton
        icon="fit"
        label="Fit the flow into view"
        keys="F"
        disabled={empty}
        onClick={() => void fitView({ ...FIT, duration: duration() })}
      />
      <ToolButton
        icon="minus"
        label="Zoom out"
        keys="-, Ctrl+wheel"
        onClick={() => void zoomOut({ duration: duration() })}
      />
      <ToolButton
        icon="plus"
        label="Zoom in"
        keys="+, Ctrl+wheel"
        onClick={() => void zoomIn({ duration: duration() })}
      />
    </span>
  );
}

const SEVERITIES = ['error', 'warning', 'note'] as const;

function sayCount(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function FindingsButton() {
  const diagnostics = useEditor(state => state.graph.flow.diagnostics);
  const open = useEditor(state => state.popover === 'diagnostics');
  const actions = useActions();
  const empty = useEditor(state => state.graph.flow.nodes.length === 0);
  const found = SEVERITIES.filter(each => countFindings(diagnostics, each) > 0);
  // That nothing is there yet is nobody's error.
  const worst = (empty ? undefined : found[0]) ?? 'note';
  const label = found.map(each => sayCount(countFindings(diagnostics, each), each)).join(', ');
  return (
    <button
      type="button"
      className={`dagy-tool is-wide ${diagnostics.length > 0 ? `is-${worst}` : 'is-good'}`}
      title={label || 'No findings'}
      aria-label={`Findings: ${label || 'none'}`}
      aria-expanded={open}
      onClick={() => actions.togglePopover('diagnostics')}
    >
      <Icon name={diagnostics.length > 0 ? worst : 'check'} />
      {diagnostics.length > 0 ? diagnostics.length : null}
    </button>
  );
}

function WindowButtons() {
  const enlarged = useEditor(state => state.enlarged);
  const shortcuts = useEditor(state => state.popover === 'shortcuts');
  const actions = useActions();
  return (
    <span className="dagy-group">
      <ToolButton
        icon={enlarged ? 'shrink' : 'enlarge'}
        label={enlarged ? 'Back into the notebook' : 'Fill the window'}
        pressed={enlarged}
        onClick={actions.toggleEnlarged}
      />
      <ToolButton
        icon="help"
        label="Keyboard shortcuts"
        keys="?"
        expanded={shortcuts}
        onClick={() => actions.togglePopover('shortcuts')}
      />
    </span>
  );
}

// A transport in, the whole editor out. Knows no Jupyter.
import {
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
  type PointerEvent,
  type RefObject
} from 'react';
import { ReactFlowProvider } from '@xyflow/react';
import type { Transport } from '../transport/transport';
import { Canvas } from './Canvas';
import { EditorContext, useEditor, useEditorStore } from './context';
import { DiagnosticList } from './DiagnosticList';
import { FlowPanel } from './FlowPanel';
import { HeightHandle } from './HeightHandle';
import { Icon } from './Icon';
import { Inspector } from './Inspector';
import { Palette } from './Palette';
import { PlanBar } from './PlanBar';
import { RunForm } from './RunForm';
import { openEditor, type LiveEditor } from './session';
import { Shortcuts } from './Shortcuts';
import { useTheme } from './theme';
import { Announcer, ToastList } from './ToastList';
import { ToolBar } from './ToolBar';
import { useEnlarged } from './useEnlarged';
import { useKeptFocus } from './useKeptFocus';
import { useKeyboard } from './useKeyboard';

const HEIGHT = 480;

export function FlowEditor({ transport }: { readonly transport: Transport }) {
  const [editor, setEditor] = useState<LiveEditor | null>(null);
  useEffect(() => {
    const live = openEditor(transport);
    setEditor(live);
    return () => live.close();
  }, [transport]);
  if (!editor) return null;
  return (
    <EditorContext.Provider value={editor}>
      <ReactFlowProvider>
        <Frame />
      </ReactFlowProvider>
    </EditorContext.Provider>
  );
}

function Frame() {
  const root = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const [height, setHeight] = useState(HEIGHT);
  const id = `dagy${useId().replaceAll(':', '')}`;
  const name = useEditor(state => state.graph.flow.name);
  const enlarged = useEditor(state => state.enlarged);
  const keys = useKeyboard();
  const focus = useKeptFocus(root);
  useEnlarged(root);
  useRoomForPalette(root);
  return (
    // The editor hears keys as a whole, as an application of its own inside the notebook.
    <div
      ref={root}
      className={`dagy-editor ${enlarged ? 'is-enlarged' : ''}`}
      data-dagy-theme={theme}
      data-lm-suppress-shortcuts="true"
      role="region"
      aria-label={`Flow editor, ${name}`}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      style={enlarged ? {} : { height }}
      onPointerDownCapture={event => takeFocus(event, root)}
      {...keys}
      {...focus}
    >
      <ToolBar />
      <Banner />
      <PlanBar />
      <div className="dagy-body">
        <PaletteSlot />
        <Canvas id={id} theme={theme} />
        <Inspector />
        <Popovers />
        <ToastList />
      </div>
      {enlarged ? null : <HeightHandle height={height} onHeight={setHeight} />}
      <Announcer />
    </div>
  );
}

const WIDE = 900;

/** Where there is little room, or comes to be, a flow that has nodes is shown without the palette. */
function useRoomForPalette(root: RefObject<HTMLDivElement | null>): void {
  const store = useEditorStore();
  useLayoutEffect(() => {
    let wide = true;
    const follow = (): void => {
      const width = root.current?.clientWidth ?? 0;
      const empty = store.getState().graph.flow.nodes.length === 0;
      if (width === 0) return;
      if (wide && width < WIDE && !empty) store.setState({ paletteOpen: false });
      wide = width >= WIDE;
    };
    follow();
    const observer = new ResizeObserver(follow);
    if (root.current) observer.observe(root.current);
    return () => observer.disconnect();
  }, [root, store]);
}

function PaletteSlot() {
  const open = useEditor(state => state.paletteOpen);
  return open ? <Palette /> : null;
}

function Popovers() {
  const popover = useEditor(state => state.popover);
  switch (popover) {
    case 'flow':
      return <FlowPanel />;
    case 'run':
      return <RunForm />;
    case 'diagnostics':
      return <DiagnosticList />;
    case 'shortcuts':
      return <Shortcuts />;
    default:
      return null;
  }
}

/** Says when nobody listens, or when the kernel is too busy to answer. */
function Banner() {
  const connected = useEditor(state => state.connected);
  const waiting = useEditor(state => state.graph.queue.length);
  const slow = useSlow(waiting > 0);
  if (!connected) {
    return (
      <div className="dagy-banner is-bad" role="alert">
        <Icon name="unplug" size={14} />
        The kernel is not connected. This is the last state known; run the cell again to go on.
      </div>
    );
  }
  if (!slow) return null;
  return (
    <div className="dagy-banner" role="status">
      <Icon name="waiting" size={14} />
      The kernel is busy; {waiting} {waiting === 1 ? 'change waits' : 'changes wait'} for it.
    </div>
  );
}

const PATIENCE = 2500;

function useSlow(waiting: boolean): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    if (!waiting) return undefined;
    const timer = setTimeout(() => setSlow(true), PATIENCE);
    return () => clearTimeout(timer);
  }, [waiting]);
  return slow;
}

/** A press anywhere in the editor brings the keys to it, away from the notebook's cells. */
function takeFocus(event: PointerEvent, root: RefObject<HTMLDivElement | null>): void {
  const focusable = 'input, textarea, select, button, summary, [role=separator], [tabindex="0"]';
  const nearest = event.target instanceof Element ? event.target.closest(focusable) : null;
  if (nearest === null || nearest === root.current) root.current?.focus({ preventScroll: true });
}

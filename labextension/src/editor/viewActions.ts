// What concerns this view only: selection, panels, places to look at. Never sent to the kernel.
import type { End } from '../graph/outline';
import type { EditorState, EditorStore, Menu, Popover } from './store';
import { dropToast } from './toasts';

export interface ViewActions {
  readonly select: (ids: Iterable<string>) => void;
  readonly selectAll: () => void;
  readonly showHint: (end: End | null) => void;
  readonly togglePopover: (popover: Exclude<Popover, null>) => void;
  readonly closePopover: () => void;
  readonly openMenu: (menu: Menu) => void;
  readonly closeMenu: () => void;
  readonly togglePalette: () => void;
  readonly toggleEnlarged: () => void;
  readonly dismissToast: (id: number) => void;
  /** Select a node or an edge, bring it into view, and put the cursor into a field of it. */
  readonly showPlace: (place: Place) => void;
  /** Leave the innermost thing that is open; false where nothing was. */
  readonly escape: () => boolean;
}

export interface Place {
  readonly node: string;
  readonly field: string;
  readonly edge: string;
}

export function makeViewActions(store: EditorStore): ViewActions {
  return {
    select: ids => select(store, new Set(ids)),
    selectAll: () => select(store, new Set(store.getState().outline.nodes.keys())),
    showHint: hint => {
      if (store.getState().hint !== hint) store.setState({ hint });
    },
    togglePopover: popover =>
      store.setState(state => ({ popover: state.popover === popover ? null : popover })),
    closePopover: () => store.setState({ popover: null }),
    openMenu: menu => store.setState({ menu, hint: null }),
    closeMenu: () => store.setState({ menu: null }),
    togglePalette: () => store.setState(state => ({ paletteOpen: !state.paletteOpen })),
    toggleEnlarged: () => store.setState(state => ({ enlarged: !state.enlarged })),
    dismissToast: id => dropToast(store, id),
    showPlace: place => showPlace(store, place),
    escape: () => escape(store)
  };
}

function select(store: EditorStore, selection: ReadonlySet<string>): void {
  const before = store.getState().selection;
  const same = before.size === selection.size && [...selection].every(id => before.has(id));
  if (!same) store.setState({ selection });
}

function showPlace(store: EditorStore, place: Place): void {
  const { outline, focus } = store.getState();
  const edge = outline.edges.get(place.edge);
  const node = place.node || edge?.target || '';
  const selected = edge ? edge.id : node;
  store.setState({
    popover: null,
    selection: new Set(selected ? [selected] : []),
    focus: { node, field: place.field, count: (focus?.count ?? 0) + 1 }
  });
}

function escape(store: EditorStore): boolean {
  const change = innermost(store.getState());
  if (change) store.setState(change);
  return change !== null;
}

function innermost(state: EditorState): Partial<EditorState> | null {
  if (state.wiring) return { wiring: null, announcement: 'Connecting ended.' };
  if (state.offer) return { offer: null };
  if (state.menu) return { menu: null };
  if (state.popover) return { popover: null };
  if (state.toasts.length > 0) return { toasts: [] };
  if (state.selection.size > 0) return { selection: new Set<string>() };
  return state.enlarged ? { enlarged: false } : null;
}

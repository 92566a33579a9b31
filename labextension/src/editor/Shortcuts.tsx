// All keys in one list. They work while the editor has the focus, and nowhere else.
import { useActions } from './context';
import { Icon } from './Icon';

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['Tab', 'to the next node, then to its connectors'],
  ['Enter on a connector', 'begin an edge; Enter on another one leads it there'],
  ['Arrow keys', 'move the selected nodes'],
  ['Delete, Backspace', 'delete what is selected'],
  ['Ctrl+Z / Ctrl+Shift+Z', 'undo / redo'],
  ['Ctrl+C, Ctrl+X, Ctrl+V', 'copy, cut, paste nodes'],
  ['Ctrl+D', 'duplicate the selected nodes'],
  ['Ctrl+A', 'select all nodes'],
  ['Ctrl+Enter', 'run the flow'],
  ['P', 'show what the next run would do'],
  ['/', 'search the palette'],
  ['F', 'fit the flow into view'],
  ['+, -, Ctrl+wheel', 'zoom'],
  ['Shift+drag', 'select with a box'],
  ['Esc', 'cancel the edge, close, deselect'],
  ['?', 'this list']
];

export function Shortcuts() {
  const actions = useActions();
  return (
    <div className="dagy-overlay" role="dialog" aria-label="Keyboard shortcuts">
      <div className="dagy-sheet">
        <div className="dagy-panel-head">
          <b className="dagy-label">Keyboard</b>
          <button
            type="button"
            className="dagy-tool"
            aria-label="Close"
            onClick={actions.closePopover}
          >
            <Icon name="close" size={14} />
          </button>
        </div>
        <dl>
          {KEYS.map(([keys, does]) => (
            <div key={keys}>
              <dt>{keys}</dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
      </div>
    </div>
  );
}

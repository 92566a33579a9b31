// What an empty flow says: how to begin.
import { hasOwnTypes } from '../graph/palette';
import { useActions, useEditor } from './context';
import { Icon } from './Icon';

export function EmptyCanvas() {
  const hasTypes = useEditor(state => hasOwnTypes(state.graph.palette));
  const undo = useEditor(state => state.graph.flow.undo);
  const paletteOpen = useEditor(state => state.paletteOpen);
  const actions = useActions();
  return (
    <div className="dagy-empty">
      <Icon name="graph" size={32} />
      <b>{hasTypes ? 'This flow has no nodes yet.' : 'There are no node types of yours yet.'}</b>
      {hasTypes ? (
        <p>Click a node in the palette, or drag it here. Then drag from an output to an input.</p>
      ) : (
        <TeachFlownode />
      )}
      {undo ? (
        <button
          type="button"
          className="dagy-button"
          title={`Undo: ${undo}`}
          onClick={actions.undo}
        >
          <Icon name="undo" size={14} />
          Bring back what was here
        </button>
      ) : null}
      {hasTypes && !paletteOpen ? (
        <button type="button" className="dagy-button is-strong" onClick={actions.togglePalette}>
          Show the palette
        </button>
      ) : null}
    </div>
  );
}

const EXAMPLE = `%%flownode
def late(flights: pd.DataFrame, minutes: float = 15) -> pd.DataFrame:
    return flights[flights.dep_delay > minutes]`;

/** How a cell becomes a node type. */
function TeachFlownode() {
  return (
    <div className="dagy-teach">
      <p>
        Define one in a cell: put <code>%%flownode</code> above a function or a class and run it.
      </p>
      <pre>{EXAMPLE}</pre>
      <p>
        Parameters without a default are inputs, those with one are settings; what it returns is the
        output.
      </p>
    </div>
  );
}

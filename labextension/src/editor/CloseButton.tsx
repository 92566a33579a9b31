// Closes the panel about the selection, by selecting nothing.
import { useActions } from './context';
import { Icon } from './Icon';

export function CloseButton() {
  const actions = useActions();
  return (
    <button
      type="button"
      className="dagy-tool"
      title="Close (Esc)"
      aria-label="Close the panel"
      onClick={() => actions.select([])}
    >
      <Icon name="close" size={14} />
    </button>
  );
}

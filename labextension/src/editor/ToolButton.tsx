// A symbol with a name in, a button of the tool bar out.
import { Icon } from './Icon';
import type { IconName } from './icons';

interface ToolButtonProps {
  readonly icon: IconName;
  /** What it does; said aloud and shown as its tooltip. */
  readonly label: string;
  readonly keys?: string;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly expanded?: boolean;
  readonly onClick: () => void;
}

export function ToolButton(props: ToolButtonProps) {
  const { icon, label, keys, disabled = false, pressed, expanded, onClick } = props;
  return (
    <button
      type="button"
      className="dagy-tool"
      title={keys ? `${label} (${keys})` : label}
      aria-label={label}
      disabled={disabled}
      {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
      {...(expanded === undefined ? {} : { 'aria-expanded': expanded })}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

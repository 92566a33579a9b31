// A name in, a symbol out; for nodes also an emoji or the first letter of a label.
import { memo } from 'react';
import { categoryColour } from './words';
import { ICONS, isFilled, isIconName, type IconName } from './icons';

interface IconProps {
  readonly name: IconName;
  readonly size?: number;
  readonly className?: string;
}

export const Icon = memo(function Icon({ name, size = 16, className = '' }: IconProps) {
  return (
    <svg
      className={`dagy-icon ${className}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill={isFilled(name) ? 'currentColor' : 'none'}
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={ICONS[name]} />
    </svg>
  );
});

interface NodeIconProps {
  readonly icon: string;
  readonly label: string;
  readonly category: string;
}

/** The coloured tile at the head of a card and of a palette entry. */
export const NodeIcon = memo(function NodeIcon({ icon, label, category }: NodeIconProps) {
  const letter = [...(icon.trim() || label.trim() || '?')].slice(0, 2).join('');
  return (
    <span
      className="dagy-tile"
      style={{ '--dagy-category': categoryColour(category) }}
      aria-hidden="true"
    >
      {isIconName(icon) ? (
        <Icon name={icon} />
      ) : icon.trim() ? (
        letter
      ) : (
        (letter[0] ?? '?').toUpperCase()
      )}
    </span>
  );
});

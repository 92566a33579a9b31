// A drag or arrow keys in, the editor's height out.
import { useRef, type KeyboardEvent, type PointerEvent } from 'react';

interface HeightHandleProps {
  readonly height: number;
  readonly onHeight: (height: number) => void;
}

const SMALLEST = 240;
const LARGEST = 1600;
const STEP = 24;

export function HeightHandle({ height, onHeight }: HeightHandleProps) {
  const from = useRef<{ readonly y: number; readonly height: number } | null>(null);
  const set = (wish: number): void => {
    onHeight(Math.round(Math.min(LARGEST, Math.max(SMALLEST, wish))));
  };
  return (
    // A separator that can be moved is a control: it takes the focus, a value and keys.
    /* eslint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions */
    <div
      className="dagy-height"
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height of the editor"
      aria-valuenow={height}
      aria-valuemin={SMALLEST}
      aria-valuemax={LARGEST}
      tabIndex={0}
      onPointerDown={(event: PointerEvent<HTMLElement>) => {
        from.current = { y: event.clientY, height };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event: PointerEvent) => {
        if (from.current) set(from.current.height + event.clientY - from.current.y);
      }}
      onPointerUp={() => {
        from.current = null;
      }}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
        event.preventDefault();
        set(height + (event.key === 'ArrowDown' ? STEP : -STEP));
      }}
    />
    /* eslint-enable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions */
  );
}

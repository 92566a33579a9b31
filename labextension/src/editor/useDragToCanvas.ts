// A palette entry dragged in, a node where it is let go out. By pointer events: also pen and touch.
import { useMemo, useRef, type PointerEvent } from 'react';
import { useReactFlow } from '@xyflow/react';
import type { TypePicture } from '../protocol/generated';
import { CARD_WIDTH } from '../graph/card';
import { useActions } from './context';

interface Drag {
  readonly x: number;
  readonly y: number;
  ghost: HTMLElement | null;
}

const FAR_ENOUGH = 5;

export function useDragToCanvas(type: TypePicture) {
  const actions = useActions();
  const { screenToFlowPosition } = useReactFlow();
  const drag = useRef<Drag | null>(null);
  const dropped = useRef(false);
  return useMemo(() => {
    const stop = (): void => {
      drag.current?.ghost?.remove();
      drag.current = null;
    };
    return {
      /** A click follows each drop; it is not a wish for a second node. */
      justDropped: () => {
        const was = dropped.current;
        dropped.current = false;
        return was;
      },
      events: {
        onPointerDown: (event: PointerEvent<HTMLElement>) => {
          if (event.button !== 0) return;
          dropped.current = false;
          drag.current = { x: event.clientX, y: event.clientY, ghost: null };
          event.currentTarget.setPointerCapture(event.pointerId);
        },
        onPointerMove: (event: PointerEvent<HTMLElement>) => {
          const from = drag.current;
          if (!from) return;
          const far = Math.hypot(event.clientX - from.x, event.clientY - from.y);
          if (!from.ghost && far < FAR_ENOUGH) return;
          from.ghost ??= makeGhost(event.currentTarget, type);
          from.ghost.style.translate = `${event.clientX}px ${event.clientY}px`;
        },
        onPointerUp: (event: PointerEvent<HTMLElement>) => {
          const dragged = drag.current?.ghost !== null && drag.current !== null;
          const root = event.currentTarget.closest('.dagy-editor');
          stop();
          if (!dragged) return;
          dropped.current = true;
          if (!isOverCanvas(root, event)) return;
          const at = screenToFlowPosition({ x: event.clientX, y: event.clientY });
          actions.addNode(type.type, { x: at.x - CARD_WIDTH / 2, y: at.y - 23 });
        },
        onPointerCancel: stop,
        onLostPointerCapture: stop
      }
    };
  }, [actions, screenToFlowPosition, type]);
}

function isOverCanvas(
  root: Element | null,
  at: { readonly clientX: number; readonly clientY: number }
): boolean {
  const box = root?.querySelector('[data-dagy-canvas]')?.getBoundingClientRect();
  if (!box) return false;
  const { clientX: x, clientY: y } = at;
  return x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
}

function makeGhost(entry: HTMLElement, type: TypePicture): HTMLElement {
  const ghost = document.createElement('div');
  ghost.className = 'dagy-ghost';
  ghost.textContent = type.label;
  (entry.closest('.dagy-editor') ?? entry).append(ghost);
  return ghost;
}

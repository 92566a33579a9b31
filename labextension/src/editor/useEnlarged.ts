// The wish to fill the window in, the editor above everything else out.
import { useEffect, type RefObject } from 'react';
import { useEditor } from './context';

/** In the browser's top layer no clipping or transform of the notebook around it counts. */
export function useEnlarged(root: RefObject<HTMLElement | null>): void {
  const enlarged = useEditor(state => state.enlarged);
  useEffect(() => {
    const element = root.current;
    if (!enlarged || !element || typeof element.showPopover !== 'function') return undefined;
    element.setAttribute('popover', 'manual');
    element.showPopover();
    element.focus({ preventScroll: true });
    return () => {
      element.hidePopover();
      element.removeAttribute('popover');
    };
  }, [enlarged, root]);
}

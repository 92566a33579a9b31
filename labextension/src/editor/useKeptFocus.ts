// The focus of something that disappears in, the focus on the editor itself out.
import { useEffect, useRef, type FocusEvent, type RefObject } from 'react';
import { useEditorStore } from './context';

/** Without this, keys after Delete would go to the page: the focused card is gone. */
export function useKeptFocus(root: RefObject<HTMLElement | null>) {
  const store = useEditorStore();
  const inside = useRef(false);
  useEffect(() => {
    const keep = (): void => {
      const page = root.current?.getRootNode() as Document | ShadowRoot | undefined;
      const nowhere = !page?.activeElement || page.activeElement === document.body;
      if (inside.current && nowhere) root.current?.focus({ preventScroll: true });
    };
    // What a change takes away is gone once it is drawn.
    return store.subscribe(() => requestAnimationFrame(keep));
  }, [root, store]);
  return useRef({
    onFocus: () => {
      inside.current = true;
    },
    onBlur: (event: FocusEvent) => {
      // Of something taken away the browser says at most that the focus went nowhere.
      if (event.relatedTarget || event.target.isConnected) inside.current = false;
    }
  }).current;
}

// Notices in, toasts that stay long enough to be read out.
import type { Notice } from '../graph/state';
import type { EditorStore } from './store';

const SHOWN = 3;

/** Seconds a toast stays: long texts need longer. */
export function readingTime(notice: Notice): number {
  const more = notice.findings?.length ?? 0;
  return Math.min(14, 4 + (notice.message.length + notice.suggestion.length) / 20 + 3 * more);
}

export function addToasts(store: EditorStore, notices: readonly Notice[]): void {
  const [first] = notices;
  if (!first) return;
  store.setState(state => {
    const last = state.toasts.at(-1)?.id ?? 0;
    const added = notices.map((notice, index) => ({ ...notice, id: last + 1 + index }));
    const texts = new Set(added.map(toast => toast.message));
    const kept = state.toasts.filter(toast => !texts.has(toast.message));
    return {
      toasts: [...kept, ...added].slice(-SHOWN),
      announcement: `${first.message} ${first.suggestion}`.trim()
    };
  });
}

export function dropToast(store: EditorStore, id: number): void {
  store.setState(state => ({ toasts: state.toasts.filter(toast => toast.id !== id) }));
}

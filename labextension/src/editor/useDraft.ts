// A value's text in, a text that may be typed over out; handed on when the typing is done.
import { useEffect, useRef, useState, type ChangeEvent, type KeyboardEvent } from 'react';

interface DraftOptions {
  readonly text: string;
  readonly commit: (text: string) => void;
  /** Hand on every change at once, not only when the field is left. */
  readonly eager?: boolean;
  readonly multiline?: boolean;
}

export function useDraft({ text, commit, eager = false, multiline = false }: DraftOptions) {
  const [draft, setDraft] = useState<string | null>(null);
  const latest = useRef({ draft, text, commit, eager });
  useEffect(() => {
    latest.current = { draft, text, commit, eager };
  });
  const finish = (): void => {
    if (draft !== null && draft !== text && !eager) commit(draft);
    setDraft(null);
  };
  // Nothing typed is lost when the field disappears, because another node was selected.
  useEffect(
    () => () => {
      const last = latest.current;
      if (last.draft !== null && last.draft !== last.text && !last.eager) last.commit(last.draft);
    },
    []
  );
  return {
    value: draft ?? text,
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => {
      setDraft(event.target.value);
      if (eager) commit(event.target.value);
    },
    onBlur: finish,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === 'Enter' && (!multiline || event.ctrlKey || event.metaKey)) finish();
      if (event.key === 'Escape' && draft !== null) {
        event.stopPropagation();
        setDraft(null);
      }
    }
  };
}

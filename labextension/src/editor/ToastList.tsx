// What was refused and why, shown long enough to be read.
import { useEffect } from 'react';
import { useActions, useEditor } from './context';
import { FindingItem } from './DiagnosticList';
import { Icon } from './Icon';
import { Spoken } from './Spoken';
import type { Toast } from './store';
import { readingTime } from './toasts';

export function ToastList() {
  const toasts = useEditor(state => state.toasts);
  return (
    <div className="dagy-toasts">
      {toasts.map(toast => (
        <ToastBox key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function ToastBox({ toast }: { readonly toast: Toast }) {
  const { dismissToast } = useActions();
  useEffect(() => {
    const timer = setTimeout(() => dismissToast(toast.id), readingTime(toast) * 1000);
    return () => clearTimeout(timer);
  }, [toast, dismissToast]);
  return (
    <div className={`dagy-toast is-${toast.tone}`} data-code={toast.code}>
      <Icon name={toast.tone} />
      <span>
        <b>
          <Spoken text={toast.message} />
        </b>
        {toast.suggestion ? (
          <span className="dagy-suggestion">
            <Spoken text={toast.suggestion} />
          </span>
        ) : null}
        <Findings toast={toast} />
      </span>
      <button
        type="button"
        className="dagy-tool"
        aria-label="Dismiss"
        onClick={() => dismissToast(toast.id)}
      >
        <Icon name="close" size={12} />
      </button>
    </div>
  );
}

const SHOWN = 3;

function Findings({ toast }: { readonly toast: Toast }) {
  const { findings = [] } = toast;
  const actions = useActions();
  const more = findings.length - SHOWN;
  if (findings.length === 0) return null;
  return (
    <ul className="dagy-findings">
      {findings.slice(0, SHOWN).map((finding, at) => (
        <FindingItem key={at} finding={finding} leads />
      ))}
      {more > 0 ? (
        <li>
          <button
            type="button"
            className="dagy-link"
            onClick={() => actions.togglePopover('diagnostics')}
          >
            and {more} more
          </button>
        </li>
      ) : null}
    </ul>
  );
}

/** What is said to those who do not see: verdicts, refusals, the end of a run. */
export function Announcer() {
  const text = useEditor(state => state.announcement);
  return (
    <div className="dagy-unseen" role="status" aria-live="polite">
      {text}
    </div>
  );
}

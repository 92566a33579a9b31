// A node in, how often and how a failed attempt of it is made again out.
import { useState } from 'react';
import type { NodePicture, RetryKind, RetrySpec } from '../protocol/generated';
import {
  findNameProblem,
  readDelay,
  readNames,
  RETRY_KINDS,
  sayRetries,
  showDelay,
  WEEK
} from '../graph/options';
import { useActions, useEditor } from './context';
import { BoxField, NumberField, Problem, TextField, Warned } from './OptionFields';

const PLAIN: RetrySpec = {
  delay: 0,
  backoff: 1,
  max_delay: 3600,
  jitter: 0,
  on: ['raised'],
  errors: []
};

export function RetryOptions({ node }: { readonly node: NodePicture }) {
  const actions = useActions();
  const type = useEditor(state => state.graph.palette.types.get(node.type));
  const count = node.retries ?? type?.retries ?? 0;
  const retry = node.retry ?? type?.retry ?? PLAIN;
  const refused = type?.no_retry ?? '';
  return (
    <>
      <NumberField
        label="Retries"
        value={node.retries}
        hint={`as its type says: ${type?.retries ?? 0}`}
        about={refused && count > 0 ? '' : sayRetries(count, retry)}
        whole
        most={100}
        onValue={retries => actions.setOptions(node, { retries })}
      />
      {refused && count > 0 ? (
        <Warned text={`${refused} So a failed attempt is not made again, whatever stands here.`} />
      ) : null}
      {count > 0 && !refused ? <RetryFields node={node} retry={retry} /> : null}
    </>
  );
}

interface RetryProps {
  readonly node: NodePicture;
  readonly retry: RetrySpec;
}

function RetryFields({ node, retry }: RetryProps) {
  const actions = useActions();
  const set = (changes: Partial<RetrySpec>): void =>
    actions.setOptions(node, { retry: { ...retry, ...changes } });
  const setErrors = (text: string): string => {
    const errors = readNames(text);
    const problem = findNameProblem(errors);
    if (!problem) set({ errors });
    return problem;
  };
  return (
    <fieldset className="dagy-set" aria-label="Each retry">
      <legend>
        Each retry
        {node.retry ? (
          <button
            type="button"
            className="dagy-link"
            onClick={() => actions.setOptions(node, { retry: null })}
          >
            as its type says
          </button>
        ) : null}
      </legend>
      <WaitFields retry={retry} set={set} />
      <KindBoxes retry={retry} set={set} />
      <TextField
        label="Only these errors"
        text={retry.errors.join(', ')}
        hint="all"
        about="Names of exception classes, or codes."
        onText={setErrors}
      />
    </fieldset>
  );
}

interface PartProps {
  readonly retry: RetrySpec;
  readonly set: (changes: Partial<RetrySpec>) => void;
}

/** How long it waits before each further attempt. */
function WaitFields({ retry, set }: PartProps) {
  const several = typeof retry.delay !== 'number';
  const setDelay = (text: string): string => {
    const delay = readDelay(text.trim() || '0');
    if (delay === null) return 'Give seconds: one number, or several: 1, 5, 30.';
    set({ delay, backoff: typeof delay === 'number' ? retry.backoff : 1 });
    return '';
  };
  return (
    <>
      <TextField
        label="Wait in seconds"
        text={showDelay(retry.delay)}
        about="One number; or several, taken in order: 1, 5, 30."
        onText={setDelay}
      />
      {several ? null : (
        <NumberField
          label="Each further wait is the one before, times"
          value={retry.backoff}
          hint="1"
          least={1}
          most={100}
          onValue={backoff => set({ backoff: backoff ?? 1 })}
        />
      )}
      {several || retry.backoff === 1 ? null : (
        <NumberField
          label="Longest wait in seconds"
          value={retry.max_delay}
          hint={String(PLAIN.max_delay)}
          most={WEEK}
          onValue={seconds => set({ max_delay: seconds ?? PLAIN.max_delay })}
        />
      )}
      <NumberField
        label="Longer or shorter by chance, in percent"
        value={Math.round(retry.jitter * 100)}
        hint="0"
        most={100}
        onValue={percent => set({ jitter: (percent ?? 0) / 100 })}
      />
    </>
  );
}

/** After which ends of an attempt another one is made; one of them must stay. */
function KindBoxes({ retry, set }: PartProps) {
  const [refused, refuse] = useState(false);
  const choose = (kind: RetryKind, checked: boolean): void => {
    const on = RETRY_KINDS.map(([each]) => each).filter(each =>
      each === kind ? checked : retry.on.includes(each)
    );
    refuse(on.length === 0);
    if (on.length > 0) set({ on });
  };
  return (
    <div className="dagy-boxes" role="group" aria-label="Try again when">
      <span className="dagy-field-head">Try again when</span>
      {RETRY_KINDS.map(([kind, words]) => (
        <BoxField
          key={kind}
          label={words}
          checked={retry.on.includes(kind)}
          onCheck={checked => choose(kind, checked)}
        />
      ))}
      {refused ? (
        <Problem text="At least one of these must stay. For no further attempt, give 0 retries." />
      ) : null}
    </div>
  );
}

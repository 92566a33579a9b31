// A node in, how often and how a failed attempt of it is made again out.
import type { NodePicture, RetrySpec, TypePicture } from '../protocol/generated';
import { readDelay, readNames, RETRY_KINDS, sayRetries, showDelay } from '../graph/options';
import { useActions, useEditor, useEditorStore } from './context';
import { BoxField, NumberField, refuse, TextField, Warned } from './OptionFields';

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
      {count > 0 && !refused ? <RetryFields node={node} retry={retry} type={type} /> : null}
    </>
  );
}

interface RetryProps {
  readonly node: NodePicture;
  readonly retry: RetrySpec;
  readonly type: TypePicture | undefined;
}

function RetryFields({ node, retry }: RetryProps) {
  const actions = useActions();
  const store = useEditorStore();
  const set = (changes: Partial<RetrySpec>): void =>
    actions.setOptions(node, { retry: { ...retry, ...changes } });
  const several = typeof retry.delay !== 'number';
  const setDelay = (text: string): void => {
    const delay = readDelay(text.trim() || '0');
    if (delay === null)
      refuse(store, 'Wait', text, 'Give seconds: one number, or several: 1, 5, 30.');
    else set({ delay, backoff: typeof delay === 'number' ? retry.backoff : 1 });
  };
  return (
    <fieldset className="dagy-set">
      <legend>
        How
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
      <TextField
        label="Wait in seconds"
        text={showDelay(retry.delay)}
        about="One number; or several, taken in order: 1, 5, 30."
        onText={setDelay}
      />
      {several ? null : (
        <NumberField
          label="Each further wait is longer by"
          value={retry.backoff}
          hint="1"
          least={1}
          most={100}
          onValue={backoff => set({ backoff: backoff ?? 1 })}
        />
      )}
      <NumberField
        label="Longer or shorter by chance, in percent"
        value={Math.round(retry.jitter * 100)}
        hint="0"
        most={100}
        onValue={percent => set({ jitter: (percent ?? 0) / 100 })}
      />
      <span className="dagy-field-head">Try again when</span>
      {RETRY_KINDS.map(([kind, words]) => (
        <BoxField
          key={kind}
          label={words}
          checked={retry.on.includes(kind)}
          onCheck={checked =>
            set({
              on: RETRY_KINDS.map(([each]) => each).filter(each =>
                each === kind ? checked : retry.on.includes(each)
              )
            })
          }
        />
      ))}
      <TextField
        label="Only these errors"
        text={retry.errors.join(', ')}
        hint="all"
        about="Names of exception classes, or codes."
        onText={text => set({ errors: readNames(text) })}
      />
    </fieldset>
  );
}
